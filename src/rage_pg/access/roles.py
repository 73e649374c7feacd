"""Roles of the server: what one is, and the statements that make it what it should be.

Roles belong to the whole server; settings are made for one database of it. Only what is missing is stated:
where the operator may not run a statement, an administrator does, and the next run goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from rage_pg.access.grants import SQL
from rage_pg.database import Connection, execute, fetch_one, fetch_only
from rage_pg.errors import InvalidInput, SetupError
from rage_pg.migrate.roles import ROLES

READER, REQUESTER = "rage_reader", "rage_requester"
RESERVED = (*ROLES, "public", "none")
LONGEST_NAME = 63
"""Bytes that Postgres keeps of a name; it would cut off the rest without an error."""

Statement = sql.Composed


class Operator(Struct, frozen=True):
    """Who is connected."""

    name: str
    database: str
    may_grant: bool


class Membership(Struct, frozen=True):
    """A role that another is a member of, by whose grant, and whether it has its rights without asking."""

    role: str
    grantor: str
    inherits: bool


class Role(Struct, frozen=True, kw_only=True):
    """A role as far as grants depend on it."""

    logs_in: bool
    creates_roles: bool
    creates_databases: bool
    exempt: str | None
    """Why no policy would hold for it, as in "a superuser"."""
    is_service: bool
    """Whether it is a member of rage_app, whose word is taken for whom it asks."""
    memberships: tuple[Membership, ...]
    settings: dict[str, str]
    """Its own defaults in this database."""

    def inherits(self, group: str) -> bool:
        return any(one.role == group and one.inherits for one in self.memberships)

    def grantors(self, group: str) -> list[str]:
        return sorted(one.grantor for one in self.memberships if one.role == group)


async def begin(connection: Connection) -> Operator:
    """Wait until no other grant is under way. Raises SetupError for a role that may not grant."""
    operator = await fetch_only(connection, SQL["operator"], {}, Operator)
    if not operator.may_grant:
        raise SetupError(
            f"The role {operator.name!r} may not grant anything here.",
            "Set RAGE_DATABASE_URL to the URL that `rage db upgrade` was run with.",
        )
    await execute(connection, SQL["lock_callers"], {})
    return operator


def check_name(login: str) -> None:
    """Raise InvalidInput for what cannot be the name of a login, or has a meaning of its own."""
    fits = login.isprintable() and login == login.strip() and 1 <= len(login.encode()) <= LONGEST_NAME
    if not fits:
        raise InvalidInput(
            f"A login's name has 1 to {LONGEST_NAME} bytes of printable characters, without blanks around.",
            field="login",
        )
    if login in RESERVED or login.startswith("pg_"):
        raise InvalidInput(f"{login!r} is a name that Postgres or rage-pg needs itself.", field="login")


async def get_role(connection: Connection, login: str) -> Role | None:
    return await fetch_one(connection, SQL["get_role"], {"login": login}, Role)


def check_bound(login: str, role: Role | None) -> None:
    """Raise InvalidInput for a role that no policy would hold."""
    if role is not None and role.exempt:
        raise InvalidInput(
            f"{login!r} is {role.exempt}: no brand would bound it. Use another login.", field="login"
        )


def creation(login: str, role: Role | None) -> list[Statement]:
    return [] if role else [sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(login))]


def joining(login: str, role: Role | None, group: str) -> list[Statement]:
    """Make it a member that has the group's rights at once, whatever its own default."""
    if role and role.inherits(group):
        return []
    return [sql.SQL("GRANT {} TO {} WITH INHERIT TRUE").format(sql.Identifier(group), sql.Identifier(login))]


def leaving(login: str, role: Role | None, group: str) -> list[Statement]:
    """End its membership, by whomever it was granted, and that of whomever it was handed on to."""
    return [
        sql.SQL("REVOKE {} FROM {} GRANTED BY {} CASCADE").format(
            *map(sql.Identifier, (group, login, grantor))
        )
        for grantor in (role.grantors(group) if role else [])
    ]


def setting(login: str, role: Role | None, database: str, name: str, value: str | None) -> list[Statement]:
    """Set a default of the login in this database; None takes back what was set there."""
    if (role.settings.get(name) if role else None) == value:
        return []
    where = sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(login), sql.Identifier(database))
    if value is None:
        return [sql.SQL("{} RESET {}").format(where, sql.Identifier(name))]
    return [sql.SQL("{} SET {} = {}").format(where, sql.Identifier(name), sql.Literal(value))]


def service_attributes(login: str, role: Role | None) -> list[Statement]:
    """The service logs in, and makes neither roles nor databases."""
    if role is None:
        return []
    wrong = {
        "LOGIN": not role.logs_in,
        "NOCREATEROLE": role.creates_roles,
        "NOCREATEDB": role.creates_databases,
    }
    return [
        sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(login), sql.SQL(attribute))
        for attribute, is_wrong in wrong.items()
        if is_wrong
    ]


async def carry_out(connection: Connection, wanted: Sequence[Statement]) -> None:
    """Run statements. Raises SetupError with all of them for an administrator, where one is not permitted."""
    try:
        for statement in wanted:
            await connection.execute(statement)
    except InsufficientPrivilege:
        script = "; ".join(statement.as_string(connection) for statement in wanted)
        raise SetupError(
            "This takes rights over roles that the connected one lacks.",
            f"Ask a database administrator to run: {script};",
        ) from None


async def set_password(connection: Connection, login: str, password: str) -> None:
    """Set a login's password, hashed here: the server, and so its log, never has the password itself."""
    verifier = connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
        sql.Identifier(login), sql.Literal(verifier.decode())
    )
    try:
        await connection.execute(statement)
    except InsufficientPrivilege:
        raise SetupError(
            f"The connected role may not set the password of {login!r}.",
            "Ask a database administrator to set it, in psql with \\password.",
        ) from None
