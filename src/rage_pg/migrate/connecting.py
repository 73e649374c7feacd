"""The connection that an upgrade works on: a checked server, room for our schema, one upgrade at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy
from sqlalchemy.pool import NullPool

from rage_pg.errors import DatabaseUnavailable, SetupError
from rage_pg.migrate.roles import hand_over, make_room
from rage_pg.migrate.scripts import first_line, run_script

UPGRADE_LOCK = 0x52414745  # "RAGE"
OLDEST_SERVER, NEWEST_SERVER = 16, 18
OLDEST_PGVECTOR = (0, 8, 4)

CREATABLE = """
SELECT n.nspname
FROM pg_extension AS x JOIN pg_namespace AS n ON n.oid = x.extnamespace
WHERE x.extname = 'vector' AND has_schema_privilege('public', n.oid, 'CREATE')
"""
"""The schema of pgvector, if everybody may create in it, as in `public` of servers older than Postgres 15."""

SEARCH_PATH = (
    "(SELECT concat_ws(', ', 'rage', CASE WHEN extnamespace <> 'rage'::regnamespace"
    " THEN extnamespace::regnamespace::text END, 'pg_temp') FROM pg_extension WHERE extname = 'vector')"
)
"""An SQL expression: our schema, then the extension's, wherever the host put it; last, because it would else
be first, what a session makes for itself. Functions that run as their owner are pinned to it."""


@contextmanager
def locked_connection(url: str) -> Iterator[sqlalchemy.Connection]:
    """A connection that holds the upgrade lock, on a checked server, with our roles and search path."""
    with connected(url) as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({UPGRADE_LOCK})")
        connection.exec_driver_sql("SET lock_timeout = '30s'")
        check_server(connection)
        check_trusted(connection)
        make_room(connection)
        hand_over(connection)
        connection.exec_driver_sql(f"SELECT set_config('search_path', {SEARCH_PATH}, false)")
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({UPGRADE_LOCK})")
            connection.commit()


def check_server(connection: sqlalchemy.Connection) -> None:
    """Refuse a server or a pgvector that is too old: older pgvector loses rows of HNSW indexes."""
    number = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
    major = int(number) // 10_000
    if not OLDEST_SERVER <= major <= NEWEST_SERVER:
        raise SetupError(f"PostgreSQL {major} is not supported.", f"Use {OLDEST_SERVER} to {NEWEST_SERVER}.")
    available = connection.exec_driver_sql(
        "SELECT coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'),"
        " (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'))"
    ).scalar_one()
    if available is None:
        raise SetupError(
            "The extension pgvector is not installed on this server.",
            "Install its package on the server (for instance postgresql-18-pgvector), then try again.",
        )
    if tuple(int(part) for part in available.split(".")) < OLDEST_PGVECTOR:
        raise SetupError(
            f"pgvector {available} is too old: before 0.8.4 its indexes can lose rows.",
            "Install 0.8.4 or newer on the server, then run: ALTER EXTENSION vector UPDATE;",
        )


def check_trusted(connection: sqlalchemy.Connection) -> None:
    """Refuse a schema of pgvector where everybody may create: functions put there could be called by ours."""
    schema = run_script(connection, CREATABLE).scalar_one_or_none()
    if schema is not None:
        raise SetupError(*untrusted(schema))


def untrusted(schema: str) -> tuple[str, str]:
    """What is wrong, and what mends it."""
    return (
        f"Everybody may create functions in the schema {schema}, where pgvector lies: ours could call them.",
        f'Run as its owner: REVOKE CREATE ON SCHEMA "{schema}" FROM PUBLIC;',
    )


def connected(url: str) -> sqlalchemy.Connection:
    try:
        return _engine(url).connect()
    except sqlalchemy.exc.OperationalError as error:
        raise DatabaseUnavailable(f"Cannot connect to the database: {first_line(error.orig)}.") from None


def _engine(url: str) -> sqlalchemy.Engine:
    """The URL goes to libpq as it is: SQLAlchemy reads URLs in a dialect of its own."""
    return sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
    )
