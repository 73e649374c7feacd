"""The roles: who owns what, what the service and readers may touch, and what an upgrade brings into order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from rage_pg import migrate
from rage_pg.config import Settings
from rage_pg.embedded import app_url
from rage_pg.errors import SetupError
from rage_pg.runtime import running
from tests.conftest import clone
from tests.granting import login

UNGUARDED = {"alembic_version", "job_schema_changes"}
"""Tables without policies: which version this is. The job library's tables are the service's alone."""

NOT_FOR_READERS = {
    "bytes", "thumbnail", "embedding", "secret_sha256", "token_sha256", "request_sha256", "idempotency_key",
    "words", "address", "prefix",
}  # fmt: skip

OURS = """
SELECT c.oid::regclass::text AS name, c.relowner AS owner FROM pg_class AS c
WHERE c.relnamespace IN ('rage'::regnamespace, 'rage_v1'::regnamespace)
  AND c.relkind IN ('r', 'p', 'v', 'S', 'i')
UNION ALL
SELECT p.oid::regprocedure::text, p.proowner FROM pg_proc AS p
WHERE p.pronamespace IN ('rage'::regnamespace, 'rage_v1'::regnamespace)
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT n.nspname, n.nspowner FROM pg_namespace AS n WHERE n.nspname IN ('rage', 'rage_v1')
"""


def rows(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_everything_belongs_to_the_owner(any_server: str, empty_database: Callable[[str], str]) -> None:
    url = empty_database(any_server)
    migrate.upgrade(url)
    alien = rows(url, f"SELECT name, owner::regrole FROM ({OURS}) AS o WHERE owner <> 'rage_owner'::regrole")
    assert alien == []


def test_upgrade_takes_over_what_an_earlier_version_left_with_the_upgrading_role(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        # As the versions without roles left it.
        connection.execute("REASSIGN OWNED BY rage_owner TO postgres")
    migrate.upgrade(database_url)
    assert rows(database_url, f"SELECT name FROM ({OURS}) AS o WHERE owner <> 'rage_owner'::regrole") == []


def test_every_table_is_guarded(database_url: str) -> None:
    open_tables = rows(
        database_url,
        """
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'rage'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition AND NOT c.relrowsecurity AND c.relname NOT LIKE 'procrastinate%'
        """,
    )
    assert {name for (name,) in open_tables} == UNGUARDED
    policies = "SELECT count(*) FROM pg_policies WHERE schemaname = 'rage' GROUP BY tablename"
    assert {count for (count,) in rows(database_url, policies)} == {4}, "one for each command"


def test_partitions_are_for_nobody_but_the_owner(database_url: str) -> None:
    """A right on a partition would show its rows whatever the policies of the whole table say."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT rage.create_space('mine', 'image', 'mine', 'm', NULL, 3)")
    migrate.upgrade(database_url)
    granted = rows(
        database_url,
        """
        SELECT c.relname, r.rolname
        FROM pg_class AS c, pg_roles AS r
        WHERE c.relnamespace = 'rage'::regnamespace AND c.relispartition AND c.relkind = 'r'
          AND r.rolname IN ('rage_app', 'rage_reader', 'rage_requester')
          AND has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE')
        """,
    )
    assert granted == []


def test_readers_get_columns_without_bytes_and_secrets(database_url: str) -> None:
    readable = rows(
        database_url,
        """
        SELECT table_name, column_name FROM information_schema.column_privileges
        WHERE table_schema = 'rage' AND grantee IN ('rage_reader', 'rage_requester', 'PUBLIC')
        """,
    )
    assert ("images", "title") in readable
    assert [pair for pair in readable if pair[1] in NOT_FOR_READERS] == []
    assert not {table for table, _ in readable} & {"callers", "api_keys", "page_sessions", "caller_brands"}


def test_every_view_asks_as_its_reader(database_url: str) -> None:
    careless = rows(
        database_url,
        "SELECT relname FROM pg_class WHERE relnamespace = 'rage_v1'::regnamespace AND relkind = 'v'"
        " AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)",
    )
    assert careless == []


def test_functions_that_run_as_the_owner_look_where_nobody_else_can_put_things(database_url: str) -> None:
    found = rows(
        database_url,
        "SELECT DISTINCT (SELECT setting FROM unnest(proconfig) AS s (setting)"
        " WHERE setting LIKE 'search_path=%')"
        " FROM pg_proc"
        " WHERE prosecdef AND pronamespace IN ('rage'::regnamespace, 'rage_v1'::regnamespace)",
    )
    assert found == [("search_path=rage, pg_temp",)]


def test_no_function_is_everybodys(database_url: str) -> None:
    public = rows(
        database_url,
        """
        SELECT p.oid::regprocedure FROM pg_proc AS p
        WHERE p.pronamespace IN ('rage'::regnamespace, 'rage_v1'::regnamespace)
          AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
          AND has_function_privilege('public', p.oid, 'EXECUTE')
        """,
    )
    assert public == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE rage.mine (x int)",
        "CREATE VIEW rage_v1.mine AS SELECT 1",
        "ALTER TABLE rage.images DISABLE ROW LEVEL SECURITY",
        "DROP POLICY seen ON rage.images",
        "ALTER TABLE rage.images ADD COLUMN x int",
        "TRUNCATE rage.images",
        "SET ROLE rage_owner",
        "SELECT * FROM rage.embeddings_1",
        "UPDATE rage.alembic_version SET version_num = '0001'",
        "INSERT INTO rage.audit_log (actor, action, object) VALUES ('me', 'x', 'y')",
        "CREATE ROLE mine",
    ],
)
def test_service_has_no_ddl_and_no_bypass(service_url: str, statement: str) -> None:
    acting = f"{service_url}&options=-c%20rage.caller%3Dsystem"
    with pytest.raises(pg.InsufficientPrivilege), psycopg.connect(acting) as connection:
        connection.execute(statement.encode())


def test_service_that_asks_for_nobody_sees_nothing(service_url: str) -> None:
    with psycopg.connect(service_url) as connection:
        for table in ("brands", "images", "generations", "callers", "searches"):
            assert connection.execute(f"SELECT count(*) FROM rage.{table}".encode()).fetchone() == (0,)


@pytest.fixture
def bypassing(database_url: str) -> Iterator[dict[str, str]]:
    """The URLs of logins that no policy would hold, by what they are."""
    wanted = {"a member of rage_owner": "IN ROLE rage_owner", "bypass": "BYPASSRLS IN ROLE rage_app"}
    names = {what: f"bypassing_{number}" for number, what in enumerate(wanted)}
    with psycopg.connect(database_url, autocommit=True) as connection:
        for what, attributes in wanted.items():
            connection.execute(f"CREATE ROLE {names[what]} LOGIN {attributes}".encode())
    yield {what: app_url(database_url, name) for what, name in names.items()} | {"superuser": database_url}
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name in names.values():
            connection.execute(f"DROP ROLE {name}".encode())


@pytest.mark.parametrize("what", ["superuser", "a member of rage_owner", "bypass"])
async def test_service_refuses_a_role_that_policies_do_not_hold(bypassing: dict[str, str], what: str) -> None:
    given = Settings(data_dir=Path("/nowhere"), database_url=bypassing[what])
    with pytest.raises(SetupError, match=f"{what}.*Run: rage db grant-app LOGIN"):
        async with running(given, as_service=True):
            raise AssertionError("it started")
    async with running(given):
        pass


async def test_login_in_the_role_of_the_service_may_be_it(database_url: str) -> None:
    with login(database_url, "some_service", role="rage_app") as url:
        async with (
            running(Settings(data_dir=Path("/nowhere"), database_url=url), as_service=True) as runtime,
            runtime.database.reading() as connection,
        ):
            cursor = await connection.execute("SELECT count(*) AS n FROM rage.brands")
            assert (await cursor.fetchone()) == {"n": 2}


def test_drop_removes_roles_that_no_other_database_needs(server_16: str) -> None:
    url = clone(server_16, "template0")
    migrate.upgrade(url)
    other = clone(server_16, "template0")
    migrate.upgrade(other)
    migrate.drop(url)
    assert rows(other, "SELECT count(*) FROM rage_v1.brands") == [(2,)]
    assert rows(
        other, "SELECT count(*) FROM pg_roles WHERE rolname ~ '^rage_(owner|app|reader|requester)$'"
    ) == [(4,)]
