"""`rage keys`, and the commands of `rage db` for logins: what they print, and what they never print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rage_pg.access.keys import parse
from rage_pg.access.logins import ServiceLogin
from rage_pg.cli.db_grants import _service_url
from rage_pg.embedded import app_url
from tests.command_line import Rage, in_process, process

LOGIN = "cli_analyst"


@pytest.fixture
def rage(service_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    """With the service's own login, which is all that keys take."""
    return in_process(service_url, monkeypatch, capsys)


@pytest.fixture
def on_database(rage: Rage, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs `rage db …` as the operator."""

    def run(*arguments: object) -> Any:
        monkeypatch.setenv("RAGE_DATABASE_URL", database_url)
        return rage("db", *arguments)

    return run


@pytest.fixture(autouse=True)
def _no_login_left(server_18: str) -> Iterator[None]:
    yield
    with psycopg.connect(server_18, autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {LOGIN}")


def test_create_prints_the_key_alone(rage: Rage) -> None:
    outcome = rage("keys", "create", "--name", "shop", "--brand", "default")
    assert outcome.code == 0
    (key,) = outcome.out.splitlines()
    assert parse(key)
    assert "not shown again" in outcome.err
    assert "It may read for default, until it is revoked." in outcome.err
    assert key not in outcome.err


def test_create_as_json_holds_what_was_granted(rage: Rage) -> None:
    made = rage(
        *("keys", "create", "--name", "agency", "--all-brands", "--json"),
        *("--scope", "write", "--scope", "generate", "--expires", "2090-01-31"),
    ).json
    assert list(made)[:3] == ["name", "key", "prefix"]
    assert parse(made["key"]) == made["prefix"]
    assert (made["brands"], made["every_brand"], made["scopes"]) == ([], True, ["write", "generate"])
    assert made["expires_at"] == "2090-01-31T23:59:59.999999Z"


@pytest.mark.parametrize(("span", "length"), [("30d", timedelta(days=30)), ("12h", timedelta(hours=12))])
def test_key_expires_after_a_span(rage: Rage, span: str, length: timedelta) -> None:
    before = datetime.now(UTC)
    made = rage("keys", "create", "--name", "short", "--all-brands", "--expires", span, "--json").json
    assert before + length <= datetime.fromisoformat(made["expires_at"]) <= datetime.now(UTC) + length


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--name", "a"], "Name the brands to grant, or grant every brand."),
        (["--name", "a", "--brand", "default", "--all-brands"], "Grant every brand, or name some: not both."),
        (["--all-brands"], "Missing option '--name'."),
        (["--name", "", "--all-brands"], "A key's name has 1 to 100 printable characters."),
        (["--name", "a\tb", "--all-brands"], "A key's name has 1 to 100 printable characters."),
        (["--name", "a", "--all-brands", "--scope", "root"], "'root' is not one of 'read', 'write'"),
        (["--name", "a", "--all-brands", "--expires", "2020-01-01"], "would have expired already"),
        (["--name", "a", "--all-brands", "--expires", "0d"], "'0d' is neither a time like 30d"),
        (["--name", "a", "--all-brands", "--expires", "999999d"], "is neither a time like 30d"),
        (["--name", "a", "--all-brands", "--expires", "2027-02-30"], "nor a day like 2027-01-31"),
    ],
)
def test_create_says_what_is_wrong(rage: Rage, arguments: list[str], complaint: str) -> None:
    outcome = rage("keys", "create", *arguments)
    assert outcome.code == 2
    assert complaint in outcome.complaint
    assert rage("keys", "list", "--json").json == []


def test_unknown_brand_and_used_name_fail(rage: Rage) -> None:
    outcome = rage("keys", "create", "--name", "a", "--brand", "acme")
    assert (outcome.code, outcome.complaint) == (1, "There is no brand 'acme'.")
    assert rage("keys", "create", "--name", "a", "--all-brands").code == 0
    outcome = rage("keys", "create", "--name", "a", "--all-brands")
    assert outcome.code == 1
    assert outcome.complaint.startswith("A key named 'a' is, or was, in use")


def test_list_shows_every_key_but_no_secret(rage: Rage) -> None:
    assert len(rage("keys", "list").out.splitlines()) == 1
    key = rage("keys", "create", "--name", "shop ü", "--brand", "default").out.strip()
    rage("keys", "create", "--name", "all", "--all-brands", "--scope", "admin")
    rage("keys", "revoke", "all")
    listed = rage("keys", "list")
    shop, everything = listed.out.splitlines()[1:]
    assert shop.split()[:4] == ["shop", "ü", f"rage_{parse(key)}_…", "active"]
    assert "revoked  every brand  admin" in everything
    as_json = rage("keys", "list", "--json")
    assert [one["status"] for one in as_json.json] == ["active", "revoked"]
    secret = key.rpartition(f"{parse(key)}_")[2]
    assert secret not in listed.out + as_json.out


def test_revoke_works_once_and_says_so_twice(rage: Rage) -> None:
    rage("keys", "create", "--name", "shop", "--all-brands")
    assert rage("keys", "revoke", "shop").out == "The key 'shop' is revoked.\n"
    again = rage("keys", "revoke", "shop")
    assert again.code == 0
    assert again.out.startswith("The key 'shop' was revoked already, on 20")
    assert rage("keys", "revoke", "shop", "--json").json["status"] == "revoked"
    assert rage("keys", "revoke", "shops").complaint == "There is no key named 'shops'."


def test_key_in_the_wrong_place_is_not_repeated(rage: Rage, service_url: str) -> None:
    key = rage("keys", "create", "--name", "shop", "--all-brands").out.strip()
    secret = key.rpartition(f"{parse(key)}_")[2]
    for mistake in (["keys", "revoke", key], ["keys", "list", f"--{key}"], [key], ["search", "--brand", key]):
        outcome = process(*mistake, RAGE_DATABASE_URL=service_url)
        assert outcome.code != 0
        assert secret not in outcome.err + outcome.out


def test_grant_sql_makes_a_login_and_says_how_to_log_in(on_database: Callable[..., Any]) -> None:
    outcome = on_database("grant-sql", LOGIN, "--brand", "default", "--scope", "generate")
    assert (outcome.code, outcome.out) == (0, f"{LOGIN} may generate for default, as rage_requester.\n")
    assert f"rage db psql -c '\\password \"{LOGIN}\"'" in outcome.err
    again = on_database("grant-sql", LOGIN, "--all-brands", "--timeout", "5min", "--json")
    assert again.err == ""
    assert again.json == {
        "login": LOGIN,
        "role": "rage_reader",
        "brands": [],
        "every_brand": True,
        "scopes": ["read"],
        "timeout": "5min",
        "created": False,
    }


def test_revoke_sql_works_once_and_says_so_twice(on_database: Callable[..., Any]) -> None:
    on_database("grant-sql", LOGIN, "--all-brands")
    assert on_database("revoke-sql", LOGIN).out.startswith(f"{LOGIN} sees nothing any more.")
    again = on_database("revoke-sql", LOGIN)
    assert again.code == 0
    assert again.out.startswith(f"{LOGIN} was revoked already, on 20")
    assert on_database("revoke-sql", LOGIN, "--json").json["login"] == LOGIN
    assert on_database("revoke-sql", "nobody").complaint == "The login 'nobody' was never granted anything."


def test_grants_refuse_a_superuser(on_database: Callable[..., Any]) -> None:
    for command in (["grant-sql", "postgres", "--all-brands"], ["grant-app", "postgres"]):
        outcome = on_database(*command)
        assert outcome.code == 2
        assert outcome.complaint.startswith("'postgres' is a superuser")


def test_grants_need_the_operator(rage: Rage) -> None:
    outcome = rage("db", "grant-sql", LOGIN, "--all-brands")
    assert outcome.code == 1
    assert outcome.complaint.startswith("The role 'rage_app' may not grant anything here.")


def test_grants_need_the_schema(
    on_database: Callable[..., Any], server_18: str, empty_database: Callable[[str], str]
) -> None:
    outcome = process("db", "grant-app", LOGIN, RAGE_DATABASE_URL=empty_database(server_18))
    assert outcome.code == 1
    assert outcome.complaint.endswith("Run: rage db upgrade")


def test_grant_app_prints_a_url_that_the_service_can_use(
    on_database: Callable[..., Any], rage: Rage, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = on_database("grant-app", LOGIN)
    assert outcome.code == 0
    assert "RAGE_DATABASE_URL" in outcome.err
    (url,) = outcome.out.splitlines()
    assert psycopg.conninfo.conninfo_to_dict(url) == psycopg.conninfo.conninfo_to_dict(
        app_url(database_url, LOGIN)
    )
    monkeypatch.setenv("RAGE_DATABASE_URL", url)
    assert rage("keys", "list").code == 0
    again = on_database("grant-app", LOGIN, "--json")
    assert again.json == {"login": LOGIN, "created": False, "url": url}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_grant_app_takes_the_password_from_a_file(
    on_database: Callable[..., Any], database_url: str, tmp_path: Path, end: str
) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"hunter 2" + end.encode())
    outcome = on_database("grant-app", LOGIN, "--password-file", file)
    assert outcome.out.startswith(f"postgresql://{LOGIN}:PASSWORD@")
    assert "hunter" not in outcome.out + outcome.err
    with psycopg.connect(database_url) as connection:
        stored = connection.execute(
            "SELECT rolpassword FROM pg_authid WHERE rolname = %s", [LOGIN]
        ).fetchone()
    assert stored is not None
    assert stored[0].startswith("SCRAM-SHA-256$")


def test_grant_app_takes_the_password_from_stdin(database_url: str) -> None:
    command = ["db", "grant-app", LOGIN, "--password-file", "-"]
    outcome = process(*command, stdin="hunter2\n", RAGE_DATABASE_URL=database_url)
    assert outcome.out.startswith(f"postgresql://{LOGIN}:PASSWORD@")
    for wrong in ("", "\n", "a\nb\n"):
        outcome = process(*command, stdin=wrong, RAGE_DATABASE_URL=database_url)
        assert (outcome.code, outcome.complaint) == (2, "A password is one line of at least one character.")


def test_grant_app_refuses_a_password_that_is_no_text(
    on_database: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"\xff\xfe")
    outcome = on_database("grant-app", LOGIN, "--password-file", file)
    assert (outcome.code, outcome.complaint) == (2, "The password is not UTF-8.")


@pytest.mark.parametrize(
    ("operator", "service"),
    [
        (
            "postgresql://me:geheim@db.example:5433/shop?sslmode=require",
            "db.example:5433/shop?sslmode=require",
        ),
        ("postgresql://me@db.example", "db.example/shop"),
        ("host=/run/pg dbname=shop user=me password=geheim", "/shop?host=/run/pg"),
        ("postgresql://me@[::1]:5432/shop", "/shop?host=%3A%3A1&port=5432"),
        ("postgresql://me@a:1,b:2/shop", "/shop?host=a%2Cb&port=1%2C2"),
    ],
)
def test_url_of_the_service_is_the_operators_for_another_login(operator: str, service: str) -> None:
    done = ServiceLogin(login="svc/1", database="shop", created=True)
    url = _service_url(operator, done, has_password=True)
    assert url == f"postgresql://svc%2F1:PASSWORD@{service}"
    assert psycopg.conninfo.conninfo_to_dict(url)["user"] == "svc/1"
