"""Logins of the database: those that read and ask in SQL, each for its brands, and the service's own.

Granting takes rights over roles that the service must not have: these functions connect as the operator.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from rage_pg.access import roles
from rage_pg.access.grants import SQL, check_brands, known_scopes, replace_brands
from rage_pg.access.roles import READER, REQUESTER, Operator, Role
from rage_pg.callers import Scope
from rage_pg.config import Secret
from rage_pg.database import Connection, fetch_one, fetch_only, fetch_value, translated
from rage_pg.errors import InvalidInput, NotFound, SetupError
from rage_pg.migrate.roles import APP

DEFAULT_TIMEOUT = "60s"
TIMEOUT = re.compile(r"[1-9][0-9]{0,5}(ms|s|min|h)")


class Login(Struct, frozen=True, kw_only=True):
    """What a SQL login is granted."""

    login: str
    brands: tuple[str, ...]
    every_brand: bool
    scopes: tuple[Scope, ...]
    revoked_at: datetime | None


class Granted(Struct, frozen=True, kw_only=True):
    """A login that may ask from now on, as a member of `role`; `created` where it did not exist."""

    login: Login
    role: str
    timeout: str
    created: bool


class Revoked(Struct, frozen=True, kw_only=True):
    """A login that sees nothing; `already` where it was so before."""

    login: Login
    already: bool


class ServiceLogin(Struct, frozen=True, kw_only=True):
    """A login of the service for a database; `created` where it did not exist."""

    login: str
    database: str
    created: bool


async def grant_sql(
    url: str,
    login: str,
    *,
    brands: Sequence[str],
    every_brand: bool,
    scopes: Sequence[str],
    statement_timeout: str = DEFAULT_TIMEOUT,
) -> Granted:
    """Let a login ask in SQL, for these brands and scopes in place of any before; a missing login is made.

    `statement_timeout` is like 60s or 5min. Raises InvalidInput for a login that no policy would hold,
    NotFound for unknown brands, and SetupError with the statements that the operator may not run.
    """
    roles.check_name(login)
    check_brands(brands, every_brand=every_brand)
    wanted = known_scopes(scopes)
    if not TIMEOUT.fullmatch(statement_timeout):
        raise InvalidInput(
            f"{statement_timeout!r} is not a time like 500ms, 60s, 5min or 1h.", field="timeout"
        )
    async with _operator_connection(url) as connection:
        operator = await roles.begin(connection)
        role = await roles.get_role(connection, login)
        _check_may_ask(login, role)
        group = REQUESTER if {"write", "generate"} & set(wanted) else READER
        await roles.carry_out(connection, _asking(login, role, operator, group, statement_timeout))
        values = {"login": login, "scopes": wanted, "every_brand": every_brand}
        caller_id = await fetch_value(connection, SQL["grant_login"], values)
        await replace_brands(connection, caller_id, brands)
        granted = await fetch_only(connection, SQL["get_login"], {"login": login}, Login)
    return Granted(login=granted, role=group, timeout=statement_timeout, created=role is None)


async def revoke_sql(url: str, login: str) -> Revoked:
    """Take everything from a login; its role stays. Raises NotFound for one that never was granted anything.

    Where the operator has no rights over the role, the login sees nothing all the same, and SetupError says
    what is left to do.
    """
    roles.check_name(login)
    async with _operator_connection(url) as connection:
        operator = await roles.begin(connection)
        before = await fetch_one(connection, SQL["get_login"], {"login": login}, Login)
        if before is None:
            raise NotFound(f"The login {login!r} was never granted anything.")
        caller_id = await fetch_value(connection, SQL["revoke_login"], {"login": login})
        await replace_brands(connection, caller_id, [])
        after = await fetch_only(connection, SQL["get_login"], {"login": login}, Login)
        role = await roles.get_role(connection, login)
        denied = await _try(connection, _asking_no_more(login, role, operator))
    if denied is not None:
        # Raised after the commit: what is revoked stays revoked.
        raise SetupError(f"{login!r} sees nothing any more, but its role is as it was. {denied}")
    return Revoked(login=after, already=before.revoked_at is not None)


async def grant_app(url: str, login: str, password: Secret | None = None) -> ServiceLogin:
    """Make a login one of the service's own, with a password where one is given; a missing login is made.

    Raises InvalidInput for a login that no policy would hold, and for one that asks in SQL: its own word
    would be taken for whom it asks. Raises SetupError as grant_sql does.
    """
    roles.check_name(login)
    _check_password(password)
    async with _operator_connection(url) as connection:
        operator = await roles.begin(connection)
        role = await roles.get_role(connection, login)
        roles.check_bound(login, role)
        if role and (role.grantors(READER) or role.grantors(REQUESTER)):
            raise InvalidInput(f"{login!r} asks in SQL; the service needs a login of its own.", field="login")
        await roles.carry_out(connection, _serving(login, role))
        if password is not None:
            await roles.set_password(connection, login, password.reveal())
    return ServiceLogin(login=login, database=operator.database, created=role is None)


@asynccontextmanager
async def _operator_connection(url: str) -> AsyncIterator[Connection]:
    """One transaction as whoever the URL names; errors come out as ours."""
    with translated():
        async with await AsyncConnection[DictRow].connect(url, row_factory=dict_row) as connection:
            yield connection


async def _try(connection: Connection, wanted: Sequence[roles.Statement]) -> SetupError | None:
    """All of the statements or none; the error that says what the operator may not run."""
    try:
        async with connection.transaction():
            await roles.carry_out(connection, wanted)
    except SetupError as error:
        return error
    return None


def _asking(
    login: str, role: Role | None, operator: Operator, group: str, timeout: str
) -> list[roles.Statement]:
    other = READER if group == REQUESTER else REQUESTER
    # What a requester asks for is written down by its own session.
    read_only = "on" if group == READER else None
    return [
        *roles.creation(login, role),
        *roles.joining(login, role, group),
        *roles.leaving(login, role, other),
        *roles.setting(login, role, operator.database, "statement_timeout", timeout),
        *roles.setting(login, role, operator.database, "default_transaction_read_only", read_only),
    ]


def _asking_no_more(login: str, role: Role | None, operator: Operator) -> list[roles.Statement]:
    return [
        *roles.leaving(login, role, REQUESTER),
        *roles.leaving(login, role, READER),
        *roles.setting(login, role, operator.database, "statement_timeout", None),
        *roles.setting(login, role, operator.database, "default_transaction_read_only", None),
    ]


def _serving(login: str, role: Role | None) -> list[roles.Statement]:
    return [
        *roles.creation(login, role),
        *roles.service_attributes(login, role),
        *roles.joining(login, role, APP),
    ]


def _check_may_ask(login: str, role: Role | None) -> None:
    roles.check_bound(login, role)
    if role is None:
        return
    if role.is_service:
        raise InvalidInput(
            f"{login!r} is a login of the service, which may ask for anybody. Use another login.",
            field="login",
        )
    if not role.logs_in:
        raise InvalidInput(
            f"{login!r} is a role that nobody logs in as; brands are granted to logins.", field="login"
        )


def _check_password(password: Secret | None) -> None:
    if password is None:
        return
    text = password.reveal()
    if not text or any(sign in text for sign in "\0\r\n"):
        raise InvalidInput("A password is one line of at least one character.", field="password")
