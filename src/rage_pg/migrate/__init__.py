"""Brings a database to the schema of this version: migrations (history), the job library's tables, then
`sql/rage` and `sql/rage_v1` (behaviour), which are applied anew on every upgrade.

Everything runs on one connection under one advisory lock, so two upgrades at once wait for one another.
"""

from rage_pg.migrate.behaviour import behaviour_is_current
from rage_pg.migrate.connecting import (
    CREATABLE,
    NEWEST_SERVER,
    OLDEST_PGVECTOR,
    OLDEST_SERVER,
    locked_connection,
    untrusted,
)
from rage_pg.migrate.revisions import (
    alembic_config,
    connection_for_alembic,
    downgrade,
    drop,
    pending,
    upgrade,
)
from rage_pg.migrate.roles import NEEDED

__all__ = [
    "CREATABLE",
    "NEEDED",
    "NEWEST_SERVER",
    "OLDEST_PGVECTOR",
    "OLDEST_SERVER",
    "alembic_config",
    "behaviour_is_current",
    "connection_for_alembic",
    "downgrade",
    "drop",
    "locked_connection",
    "pending",
    "untrusted",
    "upgrade",
]
