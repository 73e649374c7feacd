"""`rage db grant-sql`, `revoke-sql` and `grant-app`: logins of the database, by the operator's own."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, urlencode

import rich_click as click

from rage_pg.cli.keys import brands_of, grant_options, minute
from rage_pg.cli.options import json_option
from rage_pg.cli.output import note, show, show_json, spinner
from rage_pg.cli.session import read_settings, run, unwinding
from rage_pg.config import Secret
from rage_pg.errors import InvalidInput, SetupError

if TYPE_CHECKING:
    from rage_pg.access.logins import Granted, ServiceLogin

OWN = ("user", "password", "passfile", "dbname")
"""What the URL of the service does not take over from the operator's."""


@click.command("grant-sql")
@click.argument("login")
@grant_options
@click.option(
    "--timeout",
    "statement_timeout",
    metavar="TIME",
    default="60s",
    show_default=True,
    help="Ends a statement of the login that takes longer.",
)
@json_option
def grant_sql(login: str, as_json: bool, **granted: Any) -> None:
    """Let LOGIN ask in SQL, for some brands. Run again, it replaces what was granted.

    LOGIN is made where it does not exist. With the scope write or generate it may also call the functions
    that ask for something; else its transactions are read-only by default.
    """
    from rage_pg.access import logins

    with _operator_url() as url:
        done = run(logins.grant_sql(url, login, **granted))
    if as_json:
        show_json(_fields(done))
    else:
        show(f"{login} may {', '.join(done.login.scopes)} for {brands_of(done.login)}, as {done.role}.")
    if done.created:
        _say_how_to_log_in(login)


@click.command("revoke-sql")
@click.argument("login")
@json_option
def revoke_sql(login: str, as_json: bool) -> None:
    """Take from LOGIN what grant-sql gave it. The login itself stays."""
    from rage_pg.access import logins

    with _operator_url() as url:
        done = run(logins.revoke_sql(url, login))
    if as_json:
        show_json({"login": login, "revoked_at": done.login.revoked_at})
    elif done.already:
        show(f"{login} was revoked already, on {minute(done.login.revoked_at)}.")
    else:
        show(f"{login} sees nothing any more. It can still log in: DROP ROLE ends that.")


@click.command("grant-app")
@click.argument("login")
@click.option(
    "--password-file",
    type=click.File("rb"),
    metavar="FILE",
    help="Holds the password to set, on one line; - for stdin.",
)
@json_option
def grant_app(login: str, password_file: BinaryIO | None, as_json: bool) -> None:
    """Make LOGIN a login of the service, held by the policies, and print the URL to set."""
    from rage_pg.access import logins

    password = _read_password(password_file)
    with _operator_url() as url:
        done = run(logins.grant_app(url, login, password))
    address = _service_url(url, done, has_password=password is not None)
    if as_json:
        show_json({"login": login, "created": done.created, "url": address})
    else:
        click.echo(address)
    if password is not None:
        note("Set this as RAGE_DATABASE_URL of the service, with the password in place of PASSWORD.")
    else:
        note("Set this as RAGE_DATABASE_URL of the service.")
        if done.created:
            _say_how_to_log_in(login)


@contextmanager
def _operator_url() -> Iterator[str]:
    """The URL of whoever upgrades the database, which must have been done."""
    from rage_pg import migrate
    from rage_pg.runtime import database_url

    with unwinding(), spinner("Granting …"), database_url(read_settings()) as url:
        if migrate.pending(url):
            raise SetupError("The database lacks the schema of this version.", "Run: rage db upgrade")
        yield url


def _read_password(file: BinaryIO | None) -> Secret | None:
    if file is None:
        return None
    try:
        text = file.read().decode()
    except UnicodeDecodeError:
        raise InvalidInput("The password is not UTF-8.", field="password") from None
    return Secret(text.removesuffix("\n").removesuffix("\r"))


def _service_url(url: str, done: ServiceLogin, *, has_password: bool) -> str:
    """The operator's own URL for the service's login; where the password stands it says PASSWORD."""
    from psycopg.conninfo import conninfo_to_dict

    given = {name: str(value) for name, value in conninfo_to_dict(url).items() if name not in OWN}
    user = quote(done.login, safe="") + (":PASSWORD" if has_password else "")
    # A folder of sockets, or several hosts, can stand in the query alone.
    place = "" if set("/,:") & set(given.get("host", "/")) else given.pop("host")
    if place and "port" in given:
        place += f":{given.pop('port')}"
    query = f"?{urlencode(given, safe='/')}" if given else ""
    return f"postgresql://{user}@{place}/{quote(done.database, safe='')}{query}"


def _fields(done: Granted) -> dict[str, Any]:
    return {
        "login": done.login.login,
        "role": done.role,
        "brands": done.login.brands,
        "every_brand": done.login.every_brand,
        "scopes": done.login.scopes,
        "timeout": done.timeout,
        "created": done.created,
    }


def _say_how_to_log_in(login: str) -> None:
    quoted = login.replace('"', '""')
    command = shlex.quote(f'\\password "{quoted}"')
    note(f"The login was made without a password; to set one: rage db psql -c {command}")


COMMANDS: Sequence[click.Command] = (grant_sql, revoke_sql, grant_app)
