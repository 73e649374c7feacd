"""Alembic's migrations, up and down, with the job library's tables and our behaviour after them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources as package_resources

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import errors as pg
from psycopg import sql

from rage_pg import resources
from rage_pg.config import Settings
from rage_pg.errors import SetupError
from rage_pg.migrate.behaviour import apply_behaviour, drop_behaviour
from rage_pg.migrate.connecting import connected, locked_connection
from rage_pg.migrate.roles import ROLES, act_as_owner, let_app_log_in
from rage_pg.migrate.scripts import run_script


def upgrade(url: str, revision: str = "head", *, app_logs_in: bool = False) -> None:
    """Migrate up to `revision` and apply the behaviour of this version, all as the role rage_owner.

    `app_logs_in`: the service will log in as rage_app itself, for the server is ours alone. Raises SetupError
    with the words to hand to a DBA where a right or the extension is missing.
    """
    with locked_connection(url) as connection:
        if app_logs_in:
            let_app_log_in(connection)
        act_as_owner(connection)
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
        for role in ROLES:
            # Another database of this server may still need them, or this login may not.
            with suppress(pg.DependentObjectsStillExist, pg.InsufficientPrivilege, pg.UndefinedObject):
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def pending(url: str) -> list[str]:
    """The revisions that the database still lacks, oldest first."""
    with connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": "rage"})
        current = context.get_current_revision()
    script = ScriptDirectory.from_config(alembic_config())
    if current is not None and current not in {r.revision for r in script.walk_revisions()}:
        raise SetupError(
            f"The database is at revision {current}, which this version of rage-pg does not know.",
            "Install the version that made it, or a newer one.",
        )
    return [r.revision for r in script.iterate_revisions("head", current)][::-1]


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
    folder = package_resources.files("procrastinate") / "sql"
    changes = sorted(f.name for f in (folder / "migrations").iterdir() if f.name.endswith(".sql"))
    applied = set(connection.exec_driver_sql("SELECT name FROM rage.job_schema_changes").scalars())
    if applied:
        scripts = [folder / "migrations" / name for name in changes if name not in applied]
    else:
        scripts = [folder / "schema.sql"]
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
