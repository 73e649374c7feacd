"""The connection that an upgrade works on: a checked server, room for our schema, one upgrade at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy
from psycopg import errors as pg
from sqlalchemy.pool import NullPool

from rage_pg.errors import DatabaseUnavailable, SetupError

UPGRADE_LOCK = 0x52414745  # "RAGE"
OLDEST_SERVER, NEWEST_SERVER = 16, 18
OLDEST_PGVECTOR = (0, 8, 4)

SEARCH_PATH = (
    "(SELECT concat_ws(', ', 'rage', CASE WHEN extnamespace <> 'rage'::regnamespace"
    " THEN extnamespace::regnamespace::text END) FROM pg_extension WHERE extname = 'vector')"
)
"""An SQL expression: our schema, then the extension's, wherever the host put it."""


@contextmanager
def locked_connection(url: str) -> Iterator[sqlalchemy.Connection]:
    """A connection that holds the upgrade lock, on a checked server, with our search path."""
    with connected(url) as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({UPGRADE_LOCK})")
        connection.exec_driver_sql("SET lock_timeout = '30s'")
        check_server(connection)
        _make_room(connection)
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


def _make_room(connection: sqlalchemy.Connection) -> None:
    """The schema and the extension, or the statements that someone with the right must run."""
    try:
        # Looked for first: IF NOT EXISTS asks for the right to create what is there already.
        if connection.exec_driver_sql("SELECT to_regnamespace('rage')").scalar_one() is None:
            connection.exec_driver_sql("CREATE SCHEMA rage")
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector SCHEMA rage")
    except sqlalchemy.exc.ProgrammingError as error:
        if not isinstance(error.orig, pg.InsufficientPrivilege):
            raise
        connection.rollback()
        database, role = connection.exec_driver_sql("SELECT current_database(), current_user").one()
        raise SetupError(
            f"The role {role} may not create schemas or extensions here.",
            "Ask a database administrator to run: CREATE EXTENSION IF NOT EXISTS vector; "
            f'GRANT CREATE ON DATABASE "{database}" TO "{role}";',
        ) from None
    connection.exec_driver_sql(f"SELECT set_config('search_path', {SEARCH_PATH}, false)")


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


def run_script(connection: sqlalchemy.Connection, script: str) -> sqlalchemy.CursorResult[Any]:
    """Any number of statements as they stand: a percent sign in them is no parameter."""
    return connection.exec_driver_sql(script, execution_options={"no_parameters": True})


def first_line(error: BaseException | None) -> str:
    return (
        str(error).strip().splitlines()[0].rstrip(".") if error and str(error).strip() else "no reason given"
    )
