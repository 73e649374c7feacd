"""Brings a database to the schema of this version: migrations (history), the job library's tables, then
`sql/rage` and `sql/rage_v1` (behaviour), which are applied anew on every upgrade.

Everything runs on one connection under one advisory lock, so two upgrades at once wait for one another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources as package_resources
from typing import Any

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import errors as pg
from sqlalchemy.pool import NullPool

from rage_pg import resources
from rage_pg.config import Settings
from rage_pg.errors import DatabaseUnavailable, SetupError

UPGRADE_LOCK = 0x52414745  # "RAGE"
OLDEST_SERVER, NEWEST_SERVER = 16, 18
OLDEST_PGVECTOR = (0, 8, 4)


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up to `revision` and apply the behaviour of this version.

    Raises SetupError with the words to hand to a DBA where a right or the extension is missing.
    """
    with locked_connection(url) as connection:
        command.upgrade(alembic_config(connection), revision)
        if revision == "head":
            apply_job_schema(connection)
            apply_behaviour(connection)


def downgrade(url: str, revision: str) -> None:
    """Undo migrations down to `revision`. Behaviour goes first, and comes back with the next upgrade."""
    with locked_connection(url) as connection:
        drop_behaviour(connection)
        command.downgrade(alembic_config(connection), revision)


def drop(url: str) -> None:
    """Remove everything that rage-pg put into the database. There is no way back."""
    with psycopg.connect(url, autocommit=True) as connection:
        ours = connection.execute(
            "SELECT FROM pg_extension WHERE extname = 'vector' AND extnamespace = to_regnamespace('rage')"
        ).fetchone()
        if ours is not None:
            # Tables of the host may use the type by now: it must not fall with our schema.
            connection.execute("ALTER EXTENSION vector SET SCHEMA public")
        connection.execute("DROP SCHEMA IF EXISTS rage_v1 CASCADE")
        connection.execute("DROP SCHEMA IF EXISTS rage CASCADE")
        if ours is not None:
            with suppress(pg.DependentObjectsStillExist):
                connection.execute("DROP EXTENSION vector")


def pending(url: str) -> list[str]:
    """The revisions that the database still lacks, oldest first."""
    with _connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": "rage"})
        current = context.get_current_revision()
    script = ScriptDirectory.from_config(alembic_config())
    if current is not None and current not in {r.revision for r in script.walk_revisions()}:
        raise SetupError(
            f"The database is at revision {current}, which this version of rage-pg does not know.",
            "Install the version that made it, or a newer one.",
        )
    return [r.revision for r in script.iterate_revisions("head", current)][::-1]


@contextmanager
def locked_connection(url: str) -> Iterator[sqlalchemy.Connection]:
    """A connection that holds the upgrade lock, on a checked server, with our search path."""
    with _connected(url) as connection:
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


OURS = """
SELECT format('DROP VIEW IF EXISTS %s', c.oid::regclass)
FROM pg_class AS c
WHERE c.relnamespace = to_regnamespace('rage_v1') AND c.relkind = 'v'
UNION ALL
SELECT format('DROP FUNCTION IF EXISTS %s', p.oid::regprocedure)
FROM pg_proc AS p
WHERE p.pronamespace IN (to_regnamespace('rage'), to_regnamespace('rage_v1'))
  AND p.proname NOT LIKE 'procrastinate%'
  AND p.proname NOT IN ('normal_form', 'create_space')
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
"""Statements that drop what `sql/` makes, and nothing of the job library, the extension or a migration."""

SEARCH_PATH = (
    "(SELECT concat_ws(', ', 'rage', CASE WHEN extnamespace <> 'rage'::regnamespace"
    " THEN extnamespace::regnamespace::text END) FROM pg_extension WHERE extname = 'vector')"
)
"""An SQL expression: our schema, then the extension's, wherever the host put it."""


def alembic_config(connection: sqlalchemy.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.path("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def connection_for_alembic() -> Iterator[sqlalchemy.Connection]:
    """For the `alembic` command in a shell; rage itself never needs it."""
    url = Settings.from_environment().database_url
    if url is None:
        raise SetupError("RAGE_DATABASE_URL is not set.", "Set it to what `rage db url` prints.")
    with locked_connection(url) as connection:
        yield connection


def apply_job_schema(connection: sqlalchemy.Connection) -> None:
    """Procrastinate's tables: whole on a new database, else the library's changes that are missing."""
    sql = package_resources.files("procrastinate") / "sql"
    changes = sorted(f.name for f in (sql / "migrations").iterdir() if f.name.endswith(".sql"))
    applied = set(connection.exec_driver_sql("SELECT name FROM rage.job_schema_changes").scalars())
    if applied:
        scripts = [sql / "migrations" / name for name in changes if name not in applied]
    else:
        scripts = [sql / "schema.sql"]
    for script in scripts:
        run_script(connection, script.read_text(encoding="utf-8"))
    connection.execute(
        sqlalchemy.text(
            "INSERT INTO rage.job_schema_changes (name)"
            " SELECT unnest(CAST(:names AS text[])) ON CONFLICT DO NOTHING"
        ),
        {"names": changes},
    )
    connection.commit()


def apply_behaviour(connection: sqlalchemy.Connection) -> None:
    """The current text of every function and view, in one transaction: seen whole or not at all.

    What can be dropped is made anew, so arguments and columns may change. What a view of the host depends on
    stays and is replaced in place; SetupError says so where that is not possible.
    """
    if connection.exec_driver_sql("SELECT to_regnamespace('rage_v1')").scalar_one() is None:
        connection.exec_driver_sql("CREATE SCHEMA rage_v1")
    _drop_what_nothing_depends_on(connection)
    try:
        for text in _behaviour():
            run_script(connection, text)
    except sqlalchemy.exc.DBAPIError as error:
        connection.rollback()
        raise SetupError(
            f"The views and functions of rage_v1 cannot be brought up to date: {_first_line(error.orig)}.",
            "Drop the views and functions of yours that depend on them, upgrade, and make them again.",
        ) from error
    connection.exec_driver_sql(f"COMMENT ON SCHEMA rage_v1 IS '{_fingerprint()}'")
    connection.commit()


def behaviour_is_current(url: str) -> bool:
    """Whether functions and views are those of this version, which may bring no migration."""
    with _connected(url) as connection:
        text = connection.exec_driver_sql("SELECT obj_description(to_regnamespace('rage_v1'))").scalar_one()
    return bool(text == _fingerprint())


def drop_behaviour(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("DROP SCHEMA IF EXISTS rage_v1 CASCADE")
    for statement in run_script(connection, OURS).scalars().all():
        connection.exec_driver_sql(f"{statement} CASCADE")
    connection.commit()


def _drop_what_nothing_depends_on(connection: sqlalchemy.Connection) -> None:
    """Again and again, because our own functions and views depend on one another."""
    while statements := run_script(connection, OURS).scalars().all():
        dropped = 0
        for statement in statements:
            try:
                with connection.begin_nested():
                    connection.exec_driver_sql(statement)
                dropped += 1
            except sqlalchemy.exc.DBAPIError as error:
                if not isinstance(error.orig, pg.DependentObjectsStillExist | pg.UndefinedTable):
                    raise
        if not dropped:
            return


def _behaviour() -> list[str]:
    """The scripts in the order in which they are applied."""
    folders = [resources.path("sql", folder) for folder in ("rage", "rage_v1")]
    return [file.read_text(encoding="utf-8") for folder in folders for file in sorted(folder.glob("*.sql"))]


def _fingerprint() -> str:
    digest = hashlib.sha256("".join(_behaviour()).encode()).hexdigest()[:16]
    return f"The public views and functions of rage-pg; text {digest}."


def run_script(connection: sqlalchemy.Connection, script: str) -> sqlalchemy.CursorResult[Any]:
    """Any number of statements as they stand: a percent sign in them is no parameter."""
    return connection.exec_driver_sql(script, execution_options={"no_parameters": True})


def _connected(url: str) -> sqlalchemy.Connection:
    try:
        return _engine(url).connect()
    except sqlalchemy.exc.OperationalError as error:
        raise DatabaseUnavailable(f"Cannot connect to the database: {_first_line(error.orig)}.") from None


def _engine(url: str) -> sqlalchemy.Engine:
    """The URL goes to libpq as it is: SQLAlchemy reads URLs in a dialect of its own."""
    return sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
    )


def _first_line(error: BaseException | None) -> str:
    return (
        str(error).strip().splitlines()[0].rstrip(".") if error and str(error).strip() else "no reason given"
    )
