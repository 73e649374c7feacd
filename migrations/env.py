"""How Alembic runs here: on a connection that rage_pg.migrate opened, locked and set up.

`alembic revision` and `alembic check` from a shell get one too, to the database of RAGE_DATABASE_URL.
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection

from rage_pg.migrate import connection_for_alembic
from rage_pg.schema import is_ours, metadata


def include_object(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave out what users add at run time (spaces' partitions) and what the job library owns."""
    return kind != "table" or is_ours(name or "")


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    return kind != "schema" or name == "rage"


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema="rage",
        include_schemas=True,
        include_name=include_name,
        include_object=include_object,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with connection_for_alembic() as opened:
        run(opened)
