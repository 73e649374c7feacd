"""What can be wrong with the database, and what mends it. Each check needs those before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import LiteralString

import psycopg
from msgspec import Struct
from psycopg import errors as pg

from rage_pg import migrate
from rage_pg.config import Settings
from rage_pg.errors import RageError, SetupError
from rage_pg.runtime import database_url

SECONDS_TO_CONNECT = 5


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `remedy` mends it where it is not `ok`."""

    name: str
    ok: bool
    detail: str
    remedy: str | None = None


def check_all(settings: Settings) -> list[Check]:
    """Every check that can be made; after one that the rest needs has failed, no more."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(database_url(settings))
            connection = stack.enter_context(
                psycopg.connect(url, autocommit=True, connect_timeout=SECONDS_TO_CONNECT)
            )
        except SetupError as error:
            return [Check(name="server", ok=False, detail=str(error))]
        except psycopg.Error as error:
            return [_unreachable(error)]
        try:
            return list(_checks(connection, url, settings))
        except psycopg.Error as error:
            return [_unreachable(error)]


def _checks(connection: psycopg.Connection, url: str, settings: Settings) -> Iterator[Check]:
    for check in (_server, _encoding, _pgvector):
        result = check(connection)
        yield result
        if not result.ok:
            return
    # Not to_regclass: it fails for a role that may not enter the schema.
    has_schema = _value(
        connection,
        "SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'rage' AND c.relname = 'alembic_version')",
    )
    if not has_schema:
        rights = _right_to_create(connection)
        yield rights
        if rights.ok:
            yield _pending(settings, ["all of them"])
        return
    role = _role(connection, settings)
    yield role
    if role.ok:
        yield _schema(url, settings)


def _unreachable(error: psycopg.Error) -> Check:
    lines = str(error).strip().splitlines()
    return Check(
        name="server",
        ok=False,
        detail=lines[0].strip() if lines else "it cannot be reached",
        remedy="See that the server runs, and that host, port, database, user and password are right.",
    )


def _server(connection: psycopg.Connection) -> Check:
    major = connection.info.server_version // 10_000
    ok = migrate.OLDEST_SERVER <= major <= migrate.NEWEST_SERVER
    return Check(
        name="server",
        ok=ok,
        detail=f"PostgreSQL {_value(connection, 'SHOW server_version')}, database {connection.info.dbname}",
        remedy=None if ok else f"Use PostgreSQL {migrate.OLDEST_SERVER} to {migrate.NEWEST_SERVER}.",
    )


def _encoding(connection: psycopg.Connection) -> Check:
    encoding = _value(connection, "SHOW server_encoding")
    ok = encoding == "UTF8"
    remedy = "Make a database for it: CREATE DATABASE rage ENCODING 'UTF8' TEMPLATE template0;"
    return Check(name="encoding", ok=ok, detail=str(encoding), remedy=None if ok else remedy)


def _pgvector(connection: psycopg.Connection) -> Check:
    installed = _value(connection, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    available = _value(
        connection, "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"
    )
    version = installed or available
    oldest = ".".join(map(str, migrate.OLDEST_PGVECTOR))
    if version is None:
        remedy = "Install its package on the server (for instance postgresql-18-pgvector)."
        return Check(name="pgvector", ok=False, detail="not installed on the server", remedy=remedy)
    if tuple(int(part) for part in str(version).split(".")) < migrate.OLDEST_PGVECTOR:
        remedy = f"Install {oldest} or newer on the server, then run: ALTER EXTENSION vector UPDATE;"
        return Check(name="pgvector", ok=False, detail=f"{version} is too old", remedy=remedy)
    if schema := _value(connection, migrate.CREATABLE):
        detail, remedy = migrate.untrusted(str(schema))
        return Check(name="pgvector", ok=False, detail=detail, remedy=remedy)
    return Check(name="pgvector", ok=True, detail=f"{version}{'' if installed else ' (available)'}")


def _right_to_create(connection: psycopg.Connection) -> Check:
    """Before the first upgrade: may this role make the roles, schemas and the extension that are missing? It
    tries, and takes it back."""
    role, database = connection.info.user, connection.info.dbname
    needed = _needed(connection)
    try:
        with connection.transaction(force_rollback=True):
            while left := _needed(connection):
                connection.execute(left[0])
    except pg.InsufficientPrivilege:
        remedy = f"Ask a database administrator to run in {database}: {'; '.join(needed)};"
        detail = f"role {role} may not make the roles, schemas or the extension that are missing"
        return Check(name="rights", ok=False, detail=detail, remedy=remedy)
    return Check(name="rights", ok=True, detail=f"role {role} may make the schema")


def _needed(connection: psycopg.Connection) -> list[LiteralString]:
    return [row[0] for row in connection.execute(migrate.NEEDED).fetchall()]


def _role(connection: psycopg.Connection, settings: Settings) -> Check:
    """Whether the service may work as this role."""
    role = connection.info.user
    if settings.database_url is None:
        return Check(name="role", ok=True, detail="the service logs in as rage_app")
    if not _value(connection, "SELECT has_schema_privilege('rage', 'USAGE')"):
        remedy = f"Run as the owner: rage db grant-app {role}"
        return Check(name="role", ok=False, detail=f"{role} may not use the schema", remedy=remedy)
    reason = _value(connection, "SELECT rage.exemption()")
    if reason is None:
        return Check(name="role", ok=True, detail=f"{role} may work as the service")
    detail = f"{role} is {reason}: right for upgrades; `rage serve` and `rage worker` need another"
    return Check(name="role", ok=True, detail=f"{detail} login, made by `rage db grant-app`")


def _schema(url: str, settings: Settings) -> Check:
    try:
        pending = migrate.pending(url)
    except RageError as error:
        return Check(name="schema", ok=False, detail=str(error))
    return _pending(settings, pending) if pending else Check(name="schema", ok=True, detail="up to date")


def _pending(settings: Settings, revisions: list[str]) -> Check:
    detail = f"migrations to apply: {', '.join(revisions)}"
    if settings.database_url is None:
        return Check(name="schema", ok=True, detail=f"{detail}; the next command does it by itself")
    return Check(name="schema", ok=False, detail=detail, remedy="Run: rage db upgrade")


def _value(connection: psycopg.Connection, statement: str) -> object:
    row = connection.execute(statement).fetchone()
    return row[0] if row else None
