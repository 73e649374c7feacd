"""`rage keys`: API keys, with which others use the service."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from rage_pg.callers import SCOPES
from rage_pg.cli.groups import Commands
from rage_pg.cli.options import ParamType, json_option
from rage_pg.cli.output import note, show, show_json, show_table
from rage_pg.cli.session import with_runtime

if TYPE_CHECKING:
    from rage_pg.access.keys import Key, NewKey
    from rage_pg.runtime import Runtime

Command = TypeVar("Command", bound=Callable[..., Any])

SPAN = re.compile(r"([1-9][0-9]{0,4})([dh])")
UNITS = {"d": "days", "h": "hours"}
MADE_BY = "system"
"""As the audit log names the command line."""


class Expiry(ParamType):
    """30d, 12h, or a last day like 2027-01-31 → the moment."""

    name = "WHEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value).strip()
        if span := SPAN.fullmatch(text):
            return datetime.now(UTC) + timedelta(**{UNITS[span[2]]: int(span[1])})
        try:
            return datetime.combine(date.fromisoformat(text), time.max, UTC)
        except ValueError:
            self.fail(f"{value!r} is neither a time like 30d or 12h nor a day like 2027-01-31.", param, ctx)


def grant_options(command: Command) -> Command:
    """Which brands are granted, and what may be done with them."""
    command = click.option(
        "--scope",
        "scopes",
        multiple=True,
        default=("read",),
        show_default=True,
        type=click.Choice(SCOPES),
        help="What may be done with the brands; repeated: all of it. Each includes reading.",
    )(command)
    command = click.option(
        "--all-brands", "every_brand", is_flag=True, help="Every brand, those to come included."
    )(command)
    return click.option("--brand", "brands", multiple=True, help="This brand; repeated: all of them.")(
        command
    )


@click.group("keys", cls=Commands)
def keys() -> None:
    """API keys: who may use the service, for which brands."""


@keys.command()
@click.option("--name", required=True, help="What the history calls whoever uses it; for good.")
@grant_options
@click.option(
    "--expires", type=Expiry(), help="Good for so long (30d, 12h), or to the end of a day (2027-01-31, UTC)."
)
@json_option
def create(
    name: str,
    brands: Sequence[str],
    every_brand: bool,
    scopes: Sequence[str],
    expires: datetime | None,
    as_json: bool,
) -> None:
    """Make a key and print it. It is shown this once.

    \b
    KEY=$(rage keys create --name shop --brand lumen --scope read --scope generate)
    """
    values = {
        "brands": brands,
        "every_brand": every_brand,
        "scopes": scopes,
        "expires_at": expires,
        "created_by": MADE_BY,
    }
    new = with_runtime(lambda runtime: _create(runtime, name, values))
    if as_json:
        from msgspec.structs import asdict

        show_json({"name": new.key.name, "key": new.text.reveal(), **asdict(new.key)})
        return
    click.echo(new.text.reveal())
    note(f"This is the key {new.key.name!r}; it is stored nowhere and not shown again.")
    note(f"It may {', '.join(new.key.scopes)} for {brands_of(new.key)}, {_until(new.key)}.")


@keys.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every key there ever was, but not its text."""
    found = with_runtime(_list)
    if as_json:
        show_json(found)
        return
    columns = ("name", "key", "status", "brands", "scopes", "created", "expires", "last used")
    show_table(columns, [_row(key) for key in found])


@keys.command()
@click.argument("name")
@json_option
def revoke(name: str, as_json: bool) -> None:
    """End the key NAME at once and for good, and what is logged in with it."""
    key, already = with_runtime(lambda runtime: _revoke(runtime, name))
    if as_json:
        show_json(key)
    elif already:
        show(f"The key {key.name!r} was revoked already, on {minute(key.revoked_at)}.")
    else:
        show(f"The key {key.name!r} is revoked.")


def brands_of(granted: Any) -> str:
    """The brands of a key or login, for people."""
    return "every brand" if granted.every_brand else ", ".join(granted.brands)


def minute(moment: datetime | None) -> str:
    """A moment for people; nothing for none."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""


async def _create(runtime: Runtime, name: str, values: dict[str, Any]) -> NewKey:
    from rage_pg.access import keys as access

    return await access.create(runtime.database, name, **values)


async def _list(runtime: Runtime) -> list[Key]:
    from rage_pg.access import keys as access

    return await access.listing(runtime.database)


async def _revoke(runtime: Runtime, name: str) -> tuple[Key, bool]:
    from rage_pg.access import keys as access

    before = await access.get(runtime.database, name)
    return await access.revoke(runtime.database, name), before.status == "revoked"


def _row(key: Key) -> tuple[object, ...]:
    return (
        key.name,
        f"rage_{key.prefix}_…",
        key.status,
        brands_of(key),
        ", ".join(key.scopes),
        minute(key.created_at),
        minute(key.expires_at),
        minute(key.last_used_at),
    )


def _until(key: Key) -> str:
    return f"until {minute(key.expires_at)}" if key.expires_at else "until it is revoked"


COMMANDS = (keys,)
