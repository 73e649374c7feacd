"""Logins of the database: what a grant gives, what a revocation takes, and whom no grant can hold."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from rage_pg.access import logins
from rage_pg.access.logins import Granted
from rage_pg.callers import NOBODY, SYSTEM
from rage_pg.catalogue import brands
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.embedded import app_url
from rage_pg.errors import InvalidInput, NotFound, SetupError
from tests.store import add

_numbers = itertools.count(1)
MakeRole = Callable[[str], str]
HOSTILE_NAMES = ['o\'neill "the" analyst', "100%s; DROP ROLE x --", "Äpfel 鍵", "é" * 31 + "x", "Analyst"]


@pytest.fixture
def names(server_18: str) -> Iterator[Callable[..., str]]:
    """Names for roles, which are dropped at the end: roles are the whole server's."""
    given: list[str] = []

    def name(wanted: str | None = None) -> str:
        given.append(wanted or f"login{next(_numbers)}")
        return given[-1]

    yield name
    with psycopg.connect(server_18, autocommit=True) as connection:
        for role in reversed(given):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


@pytest.fixture
def login(names: Callable[..., str]) -> str:
    """The name of a login that does not exist yet."""
    return names()


@pytest.fixture
def make_role(server_18: str, names: Callable[..., str]) -> MakeRole:
    """Makes a role, as in make_role("NOLOGIN"); its name."""

    def make(attributes: str) -> str:
        name = names()
        run(server_18, f"CREATE ROLE {name} {attributes}")
        return name

    return make


@pytest.fixture
async def store(database: Database) -> Database:
    """An image of each of two brands."""
    await add(database, "soap", brand="Lumen")
    await add(database, "tent", brand="northtrail")
    return database


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(sql.SQL(statement))


def rows(url: str, statement: str, *values: object) -> list[Any]:
    with psycopg.connect(url) as connection:
        found = connection.execute(sql.SQL(statement), values).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def seen(url: str) -> list[str]:
    """The brands whose images a session sees."""
    return rows(url, "SELECT DISTINCT brand FROM rage_v1.images ORDER BY brand")


def memberships(url: str, login: str) -> list[str]:
    return rows(
        url,
        "SELECT g.rolname FROM pg_auth_members AS m JOIN pg_roles AS g ON g.oid = m.roleid"
        " JOIN pg_roles AS r ON r.oid = m.member WHERE r.rolname = %s",
        login,
    )


def settings(url: str) -> dict[str, str]:
    """What a new session of a URL starts with."""
    names = ("statement_timeout", "default_transaction_read_only")
    return {name: rows(url, f"SHOW {name}")[0] for name in names}


async def grant(url: str, login: str, *names: str, **changes: Any) -> Granted:
    values: dict[str, Any] = {"every_brand": False, "scopes": ["read"]}
    return await logins.grant_sql(url, login, brands=names, **{**values, **changes})


async def test_missing_login_is_made_and_sees_its_brand_alone(
    store: Database, database_url: str, login: str
) -> None:
    granted = await grant(database_url, login, "lumen")
    assert granted.created
    assert (granted.role, granted.login.brands, granted.login.scopes) == (
        "rage_reader",
        ("Lumen",),
        ("read",),
    )
    assert memberships(database_url, login) == ["rage_reader"]
    assert seen(app_url(database_url, login)) == ["Lumen"]


async def test_reader_starts_read_only_and_with_a_timeout(
    store: Database, database_url: str, login: str
) -> None:
    await grant(database_url, login, "lumen", statement_timeout="5min")
    assert settings(app_url(database_url, login)) == {
        "statement_timeout": "5min",
        "default_transaction_read_only": "on",
    }


async def test_settings_hold_in_this_database_alone(
    store: Database, database_url: str, server_18: str, login: str
) -> None:
    await grant(database_url, login, "lumen")
    elsewhere = app_url(server_18, login)
    assert settings(elsewhere) == {"statement_timeout": "0", "default_transaction_read_only": "off"}


@pytest.mark.parametrize(
    ("scopes", "role", "read_only"),
    [
        (["admin"], "rage_reader", "on"),
        (["write"], "rage_requester", "off"),
        (["read", "generate"], "rage_requester", "off"),
    ],
)
async def test_scopes_decide_the_role(
    store: Database, database_url: str, login: str, scopes: list[str], role: str, read_only: str
) -> None:
    assert (await grant(database_url, login, "lumen", scopes=scopes)).role == role
    assert memberships(database_url, login) == [role]
    url = app_url(database_url, login)
    assert settings(url)["default_transaction_read_only"] == read_only
    assert seen(url) == ["Lumen"]


async def test_second_grant_replaces_the_first(store: Database, database_url: str, login: str) -> None:
    await grant(database_url, login, "lumen", scopes=["write"])
    granted = await grant(database_url, login, "northtrail")
    assert not granted.created
    assert (granted.login.brands, granted.login.scopes) == (("northtrail",), ("read",))
    assert memberships(database_url, login) == ["rage_reader"]
    url = app_url(database_url, login)
    assert seen(url) == ["northtrail"]
    assert settings(url)["default_transaction_read_only"] == "on"

    await grant(database_url, login, "lumen", scopes=["write"])
    assert memberships(database_url, login) == ["rage_requester"]
    assert settings(url)["default_transaction_read_only"] == "off"


async def test_every_brand_means_those_to_come(store: Database, database_url: str, login: str) -> None:
    await grant(database_url, login, "lumen")
    granted = await grant(database_url, login, every_brand=True)
    assert (granted.login.every_brand, granted.login.brands) == (True, ())
    await add(store, "kayak", brand="new")
    assert seen(app_url(database_url, login)) == ["Lumen", "new", "northtrail"]


async def test_same_grant_again_changes_nothing(store: Database, database_url: str, login: str) -> None:
    first = await grant(database_url, login, "Lumen", "northtrail")
    log = "SELECT count(*) FROM rage.audit_log"
    before = rows(database_url, log)
    second = await grant(database_url, login, " northtrail", "lumen", "LUMEN")
    assert second.login == first.login
    assert rows(database_url, log) == before


async def test_two_at_once_both_succeed(store: Database, database_url: str, login: str) -> None:
    done = await asyncio.gather(
        grant(database_url, login, "lumen"),
        grant(database_url, login, "northtrail", scopes=["write"]),
        grant(database_url, login, "lumen"),
    )
    assert sorted(one.created for one in done) == [False, False, True]
    assert len(seen(app_url(database_url, login))) == 1
    assert len(memberships(database_url, login)) == 1


async def test_unknown_brand_leaves_no_login_behind(store: Database, database_url: str, login: str) -> None:
    with pytest.raises(NotFound, match=r"There are no brands 'acme', 'x'\."):
        await grant(database_url, login, "acme", "lumen", "x")
    assert rows(database_url, "SELECT 1 FROM pg_roles WHERE rolname = %s", login) == []
    assert rows(database_url, "SELECT 1 FROM rage.callers") == []


async def test_login_without_inheritance_reads_all_the_same(
    store: Database, database_url: str, make_role: MakeRole
) -> None:
    login = make_role("LOGIN NOINHERIT")
    run(database_url, f"GRANT rage_reader TO {login}")
    assert not (await grant(database_url, login, "lumen")).created
    assert seen(app_url(database_url, login)) == ["Lumen"]


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ("LOGIN SUPERUSER", "is a superuser"),
        ("LOGIN BYPASSRLS", "is allowed to bypass row-level security"),
        ("LOGIN REPLICATION", "is allowed to copy the whole server"),
        ("LOGIN IN ROLE rage_owner", "is a member of rage_owner, which owns the tables"),
        ("LOGIN NOINHERIT IN ROLE postgres", "is a member of postgres, a superuser"),
        ("LOGIN IN ROLE pg_read_server_files", "which reaches the files of the server"),
        ("LOGIN IN ROLE rage_app", "is a login of the service, which may ask for anybody"),
        ("NOLOGIN", "is a role that nobody logs in as"),
    ],
)
async def test_login_that_no_policy_holds_is_refused(
    store: Database, database_url: str, make_role: MakeRole, attributes: str, reason: str
) -> None:
    login = make_role(attributes)
    before = memberships(database_url, login)
    with pytest.raises(InvalidInput, match=reason):
        await grant(database_url, login, "lumen")
    assert memberships(database_url, login) == before
    assert rows(database_url, "SELECT 1 FROM rage.callers") == []


async def test_member_of_a_member_of_the_owner_is_refused(
    store: Database, database_url: str, make_role: MakeRole
) -> None:
    group = make_role("NOLOGIN IN ROLE rage_owner")
    login = make_role(f"LOGIN IN ROLE {group}")
    for refused in (grant(database_url, login, "lumen"), logins.grant_app(database_url, login)):
        with pytest.raises(InvalidInput, match="which owns the tables"):
            await refused


@pytest.mark.parametrize(
    "name", ["rage_owner", "rage_app", "rage_reader", "rage_requester", "public", "pg_x"]
)
async def test_names_with_a_meaning_are_refused(store: Database, database_url: str, name: str) -> None:
    for refused in (
        grant(database_url, name, "lumen"),
        logins.revoke_sql(database_url, name),
        logins.grant_app(database_url, name),
    ):
        with pytest.raises(InvalidInput, match="needs itself"):
            await refused


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_any_printable_name_will_do(
    store: Database, database_url: str, names: Callable[..., str], name: str
) -> None:
    login = names(name)
    assert (await grant(database_url, login, "lumen")).login.login == name
    assert memberships(database_url, name) == ["rage_reader"]
    with psycopg.connect(database_url, user=name) as connection:
        assert connection.execute("SELECT brand FROM rage_v1.images").fetchall() == [("Lumen",)]
    assert (await logins.revoke_sql(database_url, name)).login.revoked_at is not None
    assert memberships(database_url, name) == []


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "x" * 64, "é" * 32, "nul\0", "a\nb", "half \udcff"])
async def test_what_cannot_be_a_login_is_refused(store: Database, database_url: str, name: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 63 bytes"):
        await grant(database_url, name, "lumen")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes"),
        ({"every_brand": True}, "brands"),
        ({"statement_timeout": "0"}, "timeout"),
        ({"statement_timeout": "60"}, "timeout"),
        ({"statement_timeout": "60s'; DROP TABLE rage.images --"}, "timeout"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    store: Database, database_url: str, login: str, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await grant(database_url, login, "lumen", **changes)
    assert refused.value.field == field
    assert rows(database_url, "SELECT 1 FROM pg_roles WHERE rolname = %s", login) == []


async def test_grant_without_a_brand_is_refused(store: Database, database_url: str, login: str) -> None:
    with pytest.raises(InvalidInput, match="Name the brands"):
        await grant(database_url, login)


async def test_timeout_that_postgres_cannot_hold_leaves_no_login_behind(
    store: Database, database_url: str, login: str
) -> None:
    with pytest.raises(InvalidInput, match="999999h"):
        await grant(database_url, login, "lumen", statement_timeout="999999h")
    assert rows(database_url, "SELECT 1 FROM pg_roles WHERE rolname = %s", login) == []


async def test_revoked_login_sees_nothing_at_once(store: Database, database_url: str, login: str) -> None:
    await grant(database_url, login, "lumen", scopes=["write"])
    with psycopg.connect(app_url(database_url, login), autocommit=True) as session:
        assert session.execute("SELECT brand FROM rage_v1.images").fetchall() == [("Lumen",)]
        revoked = await logins.revoke_sql(database_url, login)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT brand FROM rage_v1.images")
    assert not revoked.already
    assert (revoked.login.brands, revoked.login.every_brand) == ((), False)
    assert memberships(database_url, login) == []
    assert settings(app_url(database_url, login)) == {
        "statement_timeout": "0",
        "default_transaction_read_only": "off",
    }


async def test_revoking_twice_changes_nothing(store: Database, database_url: str, login: str) -> None:
    await grant(database_url, login, every_brand=True)
    first = await logins.revoke_sql(database_url, login)
    second = await logins.revoke_sql(database_url, login)
    assert (first.already, second.already) == (False, True)
    assert first.login.revoked_at == second.login.revoked_at


async def test_login_that_was_dropped_can_be_revoked(store: Database, database_url: str, login: str) -> None:
    await grant(database_url, login, "lumen")
    run(database_url, f"DROP ROLE {login}")
    assert not (await logins.revoke_sql(database_url, login)).already


async def test_unknown_login_is_not_found(store: Database, database_url: str, make_role: MakeRole) -> None:
    for login in ("nobody", make_role("LOGIN")):
        with pytest.raises(NotFound, match="was never granted anything"):
            await logins.revoke_sql(database_url, login)


async def test_revoked_login_can_be_granted_anew(store: Database, database_url: str, login: str) -> None:
    await grant(database_url, login, "lumen")
    await logins.revoke_sql(database_url, login)
    granted = await grant(database_url, login, "northtrail")
    assert granted.login.revoked_at is None
    assert seen(app_url(database_url, login)) == ["northtrail"]


async def test_revoking_takes_what_others_granted_and_what_was_handed_on(
    store: Database, database_url: str, make_role: MakeRole, login: str
) -> None:
    second, third = make_role("LOGIN"), make_role("LOGIN")
    run(database_url, f"GRANT rage_reader TO {second} WITH ADMIN OPTION")
    await grant(database_url, login, "lumen")
    run(app_url(database_url, second), f"GRANT rage_reader TO {login} WITH ADMIN OPTION")
    run(
        app_url(database_url, login),
        "SET default_transaction_read_only = off",
        f"GRANT rage_reader TO {third}",
    )
    assert memberships(database_url, login) == ["rage_reader", "rage_reader"]
    await logins.revoke_sql(database_url, login)
    assert memberships(database_url, login) == memberships(database_url, third) == []
    assert memberships(database_url, second) == ["rage_reader"]


async def test_operator_need_not_be_a_superuser(
    store: Database, database_url: str, make_role: MakeRole, names: Callable[..., str]
) -> None:
    role = make_role("LOGIN CREATEROLE IN ROLE rage_owner")
    run(database_url, f"GRANT rage_reader, rage_requester, rage_app TO {role} WITH ADMIN OPTION")
    operator, login, service = app_url(database_url, role), names(), names()
    await grant(operator, login, "lumen")
    await grant(operator, login, "northtrail", scopes=["write"])
    assert seen(app_url(database_url, login)) == ["northtrail"]
    await logins.revoke_sql(operator, login)
    await logins.grant_app(operator, service, Secret("hunter2"))
    assert rows(database_url, "SELECT created_by FROM rage.callers") == [role]
    assert seen(app_url(database_url, service)) == []


async def test_operator_without_rights_over_roles_gets_a_script_for_an_administrator(
    store: Database, database_url: str, make_role: MakeRole, login: str
) -> None:
    operator = app_url(database_url, make_role("LOGIN IN ROLE rage_owner"))
    with pytest.raises(SetupError) as refused:
        await grant(operator, login, "lumen")
    script = str(refused.value).partition("Ask a database administrator to run: ")[2]
    assert script.startswith(f'CREATE ROLE "{login}" LOGIN; GRANT "rage_reader" TO "{login}"')
    assert rows(database_url, "SELECT 1 FROM rage.callers") == []

    run(database_url, *script.rstrip(";").split("; "))
    assert not (await grant(operator, login, "lumen")).created
    assert seen(app_url(database_url, login)) == ["Lumen"]


async def test_revoking_without_rights_over_roles_cuts_off_all_the_same(
    store: Database, database_url: str, make_role: MakeRole, login: str
) -> None:
    await grant(database_url, login, "lumen")
    operator = app_url(database_url, make_role("LOGIN IN ROLE rage_owner"))
    with pytest.raises(SetupError, match="sees nothing any more") as refused:
        await logins.revoke_sql(operator, login)
    assert seen(app_url(database_url, login)) == []
    script = str(refused.value).partition("Ask a database administrator to run: ")[2]
    run(database_url, *script.rstrip(";").split("; "))
    assert memberships(database_url, login) == []
    assert (await logins.revoke_sql(operator, login)).already


async def test_service_may_grant_nothing(store: Database, service_url: str, login: str) -> None:
    for refused in (grant(service_url, login, "lumen"), logins.grant_app(service_url, login)):
        with pytest.raises(SetupError, match="may not grant anything here"):
            await refused


async def test_login_of_the_service_is_held_by_the_policies(
    store: Database, database_url: str, login: str
) -> None:
    assert (await logins.grant_app(database_url, login)).created
    attributes = "rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
    assert rows(database_url, f"SELECT {attributes} FROM pg_roles WHERE rolname = %s", login) == [
        (True, False, False, False, False, False)
    ]
    url = app_url(database_url, login)
    assert seen(url) == []
    async with Database(url, caller=SYSTEM) as service:
        assert [brand.name for brand in await brands.listing(service) if brand.images] == [
            "Lumen",
            "northtrail",
        ]
        assert await brands.listing(service.acting_for(NOBODY)) == []


async def test_existing_login_of_the_service_loses_what_it_must_not_have(
    store: Database, database_url: str, make_role: MakeRole
) -> None:
    login = make_role("NOLOGIN NOINHERIT CREATEROLE CREATEDB")
    done = await asyncio.gather(*(logins.grant_app(database_url, login) for _ in range(3)))
    assert not any(one.created for one in done)
    assert rows(
        database_url,
        "SELECT rolcanlogin, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s",
        login,
    ) == [(True, False, False)]
    assert memberships(database_url, login) == ["rage_app"]
    assert seen(app_url(database_url, login)) == []


@pytest.mark.parametrize("attributes", ["LOGIN SUPERUSER", "LOGIN BYPASSRLS", "LOGIN IN ROLE rage_owner"])
async def test_login_that_no_policy_holds_cannot_be_the_services(
    store: Database, database_url: str, make_role: MakeRole, attributes: str
) -> None:
    login = make_role(attributes)
    with pytest.raises(InvalidInput, match="no brand would bound it"):
        await logins.grant_app(database_url, login, Secret("hunter2"))
    assert rows(database_url, "SELECT rolpassword FROM pg_authid WHERE rolname = %s", login) == [None]


async def test_login_that_asks_in_sql_cannot_be_the_services(
    store: Database, database_url: str, login: str
) -> None:
    await grant(database_url, login, "lumen")
    with pytest.raises(InvalidInput, match="needs a login of its own"):
        await logins.grant_app(database_url, login)
    assert memberships(database_url, login) == ["rage_reader"]


async def test_password_is_set_and_never_reaches_the_server(
    store: Database, database_url: str, server_dir: Path, login: str
) -> None:
    password = "päss'word \\ %s 鍵"
    everything_logged = f"{database_url}&options=-clog_statement%3Dall"
    await logins.grant_app(everything_logged, login, Secret("first"))
    await logins.grant_app(everything_logged, login, Secret(password))
    (stored,) = rows(database_url, "SELECT rolpassword FROM pg_authid WHERE rolname = %s", login)
    assert is_password(password, stored)
    assert not is_password("first", stored)
    log = (server_dir / "18" / "postgres" / "server.log").read_text()
    assert f'ALTER ROLE "{login}" PASSWORD' in log
    assert "päss" not in log


@pytest.mark.parametrize("password", ["", "two\nlines", "nul\0"])
async def test_what_cannot_be_a_password_is_refused(
    store: Database, database_url: str, login: str, password: str
) -> None:
    with pytest.raises(InvalidInput, match="A password is one line"):
        await logins.grant_app(database_url, login, Secret(password))
    assert rows(database_url, "SELECT 1 FROM pg_roles WHERE rolname = %s", login) == []


def is_password(password: str, stored: str) -> bool:
    """Whether a SCRAM verifier (RFC 5803) is that of a password."""
    mechanism, parameters, checks = stored.split("$")
    assert mechanism == "SCRAM-SHA-256"
    iterations, salt = parameters.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return base64.b64decode(checks.split(":")[1]) == server_key
