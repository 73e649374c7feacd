"""`rage db`: what it says is wrong, and what it does to a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.command_line import Rage, in_process, process


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


@pytest.fixture
def stranger(server_18: str) -> Iterator[str]:
    """A role without any right of its own."""
    with psycopg.connect(server_18, autocommit=True) as connection:
        connection.execute("CREATE ROLE stranger LOGIN")
        yield "stranger"
        connection.execute("DROP ROLE stranger")


@pytest.fixture
def on(rage: Rage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs `rage db …` on a database."""

    def run(url: str, *arguments: str) -> Any:
        monkeypatch.setenv("RAGE_DATABASE_URL", url)
        return rage("db", *arguments)

    return run


def problems(outcome: Any) -> dict[str, dict[str, Any]]:
    """The checks that failed, by name; the exit code must agree."""
    report = outcome.json
    found = {check["name"]: check for check in report["checks"] if not check["ok"]}
    assert outcome.code == (1 if found else 0)
    assert report["ok"] is (not found)
    return found


def as_role(url: str, role: str) -> str:
    return url.replace("//postgres@", f"//{role}@")


def test_sound_database_has_no_problems(on: Callable[..., Any], database_url: str) -> None:
    outcome = on(database_url, "check")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", f"{name}:"] for name in ("server", "encoding", "pgvector", "role", "schema")
    ]
    assert problems(on(database_url, "check", "--json")) == {}


def test_check_of_an_empty_database_names_the_upgrade(
    on: Callable[..., Any], server_18: str, empty_database: Callable[[str], str]
) -> None:
    found = problems(on(empty_database(server_18), "check", "--json"))
    assert found["schema"]["remedy"] == "Run: rage db upgrade"


def test_check_says_what_a_role_lacks_before_the_first_upgrade(
    on: Callable[..., Any], server_18: str, empty_database: Callable[[str], str], stranger: str
) -> None:
    url = empty_database(server_18)
    found = problems(on(as_role(url, stranger), "check", "--json"))
    remedy = found["rights"]["remedy"]
    assert "GRANT rage_owner TO stranger WITH INHERIT TRUE, SET TRUE;" in remedy
    assert "CREATE EXTENSION vector SCHEMA rage;" in remedy


def test_remedy_for_missing_rights_mends_them(
    on: Callable[..., Any], server_18: str, empty_database: Callable[[str], str], stranger: str
) -> None:
    url = empty_database(server_18)
    remedy = problems(on(as_role(url, stranger), "check", "--json"))["rights"]["remedy"]
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute(remedy.partition(": ")[2])
    assert "rights" not in problems(on(as_role(url, stranger), "check", "--json"))
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute("DROP OWNED BY stranger")


def test_check_says_what_a_role_may_not_use(on: Callable[..., Any], database_url: str, stranger: str) -> None:
    found = problems(on(as_role(database_url, stranger), "check", "--json"))
    assert found["role"]["remedy"] == "Run as the owner: rage db grant-app stranger"


def test_check_of_a_server_that_does_not_answer(on: Callable[..., Any]) -> None:
    outcome = on("postgresql://nobody:hunter2@127.0.0.1:1/none", "check")
    assert outcome.code == 1
    assert "Connection refused" in outcome.out
    assert "hunter2" not in outcome.out + outcome.err


def test_upgrade_makes_the_schema_once(
    on: Callable[..., Any], server_18: str, empty_database: Callable[[str], str]
) -> None:
    url = empty_database(server_18)
    first = on(url, "upgrade", "--json")
    assert first.code == 0
    assert first.json["applied"][0] == "0001"
    assert on(url, "upgrade").out == "The schema is up to date.\n"
    assert problems(on(url, "check", "--json")) == {}


def test_commands_refuse_a_database_that_is_behind(
    on: Callable[..., Any], rage: Rage, server_18: str, empty_database: Callable[[str], str]
) -> None:
    on(empty_database(server_18), "check")
    outcome = rage("search", "soap")
    assert outcome.code == 1
    assert outcome.complaint.endswith("Run: rage db upgrade")


def test_drop_asks_first(database_url: str) -> None:
    outcome = process("db", "drop", RAGE_DATABASE_URL=database_url)
    assert outcome.code == 2
    assert "confirm with --yes" in outcome.complaint
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT to_regclass('rage.images')").fetchone() != (None,)


def test_drop_removes_everything(on: Callable[..., Any], database_url: str) -> None:
    assert on(database_url, "drop", "--yes", "--json").json == {"dropped": True}
    with psycopg.connect(database_url) as connection:
        assert connection.execute(
            "SELECT to_regnamespace('rage'), to_regnamespace('rage_v1')"
        ).fetchone() == (
            None,
            None,
        )


def test_url_is_the_one_that_is_set(on: Callable[..., Any], database_url: str) -> None:
    outcome = on(database_url, "url")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{database_url}\n", "")


def test_psql_gets_its_own_arguments_and_gives_its_own_exit_code(database_url: str) -> None:
    environment = {"RAGE_DATABASE_URL": database_url}
    answered = process("db", "psql", "-Atc", "SELECT 6 * 7", **environment)
    assert (answered.code, answered.out) == (0, "42\n")
    assert (
        process("db", "psql", "--", "-Xqv", "ON_ERROR_STOP=1", stdin="SELECT nonsense;", **environment).code
        == 3
    )


def test_password_of_the_database_is_no_argument_of_psql() -> None:
    from rage_pg.cli.db import _connection

    place, environment = _connection("postgresql://me:hunter2@host/db?sslmode=require")
    assert "hunter2" not in place
    assert "sslmode=require" in place
    assert environment["PGPASSWORD"] == "hunter2"
