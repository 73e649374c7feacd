"""`rage db`: the database itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import rich_click as click
from click.exceptions import Exit

from rage_pg.cli import db_grants
from rage_pg.cli.groups import Commands
from rage_pg.cli.options import json_option
from rage_pg.cli.output import note, show, show_json, spinner
from rage_pg.cli.session import fail, read_settings, unwinding
from rage_pg.config import Settings
from rage_pg.errors import SetupError

if TYPE_CHECKING:
    from rage_pg.cli.db_check import Check


@click.group("db", cls=Commands)
def db() -> None:
    """The database: bring it up to date, check it, open it."""


@db.command()
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the database to the schema of this version. Safe to run twice, or twice at once."""
    from rage_pg import migrate
    from rage_pg.runtime import database_url

    settings = read_settings()
    with unwinding(), spinner("Upgrading …"), database_url(settings) as address:
        applied = migrate.pending(address)
        migrate.upgrade(address, app_logs_in=settings.database_url is None)
    if as_json:
        show_json({"applied": applied})
    else:
        show(f"Applied {', '.join(applied)}." if applied else "The schema is up to date.")


@db.command()
@json_option
def check(as_json: bool) -> None:
    """Say what is wrong with the database, and how to mend it."""
    from rage_pg.cli.db_check import check_all

    settings = read_settings()
    with unwinding(), spinner("Looking …"):
        checks = check_all(settings)
    sound = all(one.ok for one in checks)
    if as_json:
        show_json({"ok": sound, "checks": checks})
    else:
        for one in checks:
            _show(one)
    if not sound:
        fail()


@db.command()
@json_option
def url(as_json: bool) -> None:
    """Print the database's URL for libpq: psql "$(rage db url)".

    The embedded server has one also while it is not running; then a note says so.
    """
    from rage_pg.embedded import running_url

    settings = read_settings()
    given = settings.database_url or running_url(settings.data_dir)
    found = given or _url_once_started(settings)
    if as_json:
        show_json({"url": found, "running": None if settings.database_url else given is not None})
    else:
        click.echo(found)
    if given is None:
        note(f"The server of {settings.data_dir} is not running; `rage serve` and `rage db psql` start it.")


@db.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS OF PSQL]…")
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql, or run it with its own arguments: rage db psql -c "SELECT 1".

    The embedded server runs as long as psql does.
    """
    from rage_pg.runtime import database_url

    settings = read_settings()
    program = _psql(settings)
    with unwinding(), database_url(settings) as address:
        place, environment = _connection(address)
        code = _run_in_front([program, "-d", place, *arguments], environment)
    raise Exit(code)


@db.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def drop(yes: bool, as_json: bool) -> None:
    """Remove rage-pg from the database: all images, vectors and the history. There is no way back."""
    from rage_pg import migrate
    from rage_pg.runtime import database_url

    settings = read_settings()
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("This removes everything; confirm with --yes.")
        place = "the database of RAGE_DATABASE_URL" if settings.database_url else str(settings.data_dir)
        if not click.confirm(f"Remove all images and the history from {place}?", err=True):
            note("Nothing was removed.")
            fail()

    with unwinding(), database_url(settings) as address:
        migrate.drop(address)
    if as_json:
        show_json({"dropped": True})
    else:
        show("Removed. `rage db upgrade` makes an empty store.")


def _show(one: Check) -> None:
    mark = click.style("ok     ", fg="green") if one.ok else click.style("problem", fg="red")
    click.echo(f"{mark}  {one.name}: {one.detail}")
    if one.remedy:
        click.echo(f"         {one.remedy}")


def _url_once_started(settings: Settings) -> str:
    """Where the server will be: printing nothing would let `psql "$(rage db url)"` open another database."""
    from rage_pg.embedded import DATABASE

    return f"postgresql://postgres@/{DATABASE}?host={quote(str(settings.data_dir / 'postgres'))}&port=5432"


def _psql(settings: Settings) -> str:
    """The psql that fits the embedded server; for a server elsewhere the system's, where there is one."""
    from rage_pg.embedded import client_tool

    system = shutil.which("psql")
    if settings.database_url and system:
        return system
    try:
        return str(client_tool("psql"))
    except SetupError:
        if system:
            return system
        raise


def _connection(url: str) -> tuple[str, dict[str, str]]:
    """For psql: a connection string, and variables; the password is one, for everybody may read arguments."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    given = conninfo_to_dict(url)
    password = given.pop("password", None)
    # What the service's login sees is said by a setting: who opens psql from here is the operator.
    options = f"{os.environ.get('PGOPTIONS', '')} -c rage.caller=system".strip()
    environment = {"PGOPTIONS": options} | ({} if password is None else {"PGPASSWORD": str(password)})
    return make_conninfo("", **given), environment


def _run_in_front(command: list[str], environment: dict[str, str]) -> int:
    """Run a program that owns the terminal: Ctrl-C is its alone, SIGTERM is handed on. Its exit code."""
    with subprocess.Popen(command, env=os.environ | environment) as process:
        interrupt = signal.signal(signal.SIGINT, lambda *_: None)
        terminate = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            code = process.wait()
        finally:
            signal.signal(signal.SIGINT, interrupt)
            signal.signal(signal.SIGTERM, terminate)
    return 128 - code if code < 0 else code


for _command in db_grants.COMMANDS:
    db.add_command(_command)

COMMANDS = (db,)
