"""`rage prices`: what a provider's tokens cost, from which costs of generations are worked out."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import rich_click as click
from msgspec import Struct

from rage_pg.cli.groups import Commands
from rage_pg.cli.options import ParamType, json_option
from rage_pg.cli.output import show, show_json, show_table
from rage_pg.cli.session import with_runtime

if TYPE_CHECKING:
    from rage_pg.runtime import Runtime

CLASSES = ("text_input", "image_input", "text_output", "image_output")
DOLLARS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
"""As a price is stored: from 0.000001 to 999,999.999999, or 0."""
LONGEST_NAME = 200


class Price(Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens of a class, from a day on."""

    provider: str
    model: str
    token_class: str
    usd_per_million: Decimal
    effective_from: date


class Dollars(ParamType):
    name = "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        text = str(value).strip()
        if not DOLLARS.fullmatch(text):
            self.fail(
                f"{value!r} is not an amount from 0 to 999,999 dollars with at most six decimals.", param, ctx
            )
        return Decimal(text)


class Name(ParamType):
    """What a provider or a model is called."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if not (1 <= len(text) <= LONGEST_NAME and text.isprintable()):
            self.fail(f"{value!r} is not a name of 1 to {LONGEST_NAME} printable characters.", param, ctx)
        return text


@click.group("prices", cls=Commands)
def prices() -> None:
    """Prices per million tokens, by model, class of token and day."""


@prices.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every price that is known, earlier ones too."""
    found = with_runtime(_list)
    if as_json:
        show_json(found)
        return
    rows = [
        (one.provider, one.model, one.token_class, f"{one.usd_per_million.normalize():f}", one.effective_from)
        for one in found
    ]
    show_table(("provider", "model", "tokens", "USD per million", "from"), rows)


@prices.command("set")
@click.argument("provider", type=Name())
@click.argument("model", type=Name())
@click.argument("token_class", metavar="TOKENS", type=click.Choice(CLASSES))
@click.argument("usd", type=Dollars())
@click.option(
    "--from", "since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="First day; else today."
)
@json_option
def set_(
    provider: str, model: str, token_class: str, usd: Decimal, since: datetime | None, as_json: bool
) -> None:
    """Set the price of a million TOKENS (text_input, image_input, text_output, image_output).

    Costs that were worked out before stay as they are.

    \b
    rage prices set openai gpt-image-2 image_output 30
    """
    values = {
        "provider": provider,
        "model": model,
        "token_class": token_class,
        "usd_per_million": usd,
        "effective_from": since.date() if since else None,
    }
    price = with_runtime(lambda runtime: _set(runtime, values))
    if as_json:
        show_json(price)
    else:
        show(f"{provider} {model} {token_class}: ${usd} per million from {price.effective_from}")


async def _list(runtime: Runtime) -> list[Price]:
    from rage_pg.database import fetch_all
    from rage_pg.resources import statements

    async with runtime.database.transaction() as connection:
        return await fetch_all(connection, statements("cli")["list_prices"], {}, Price)


async def _set(runtime: Runtime, values: dict[str, Any]) -> Price:
    from rage_pg.database import fetch_all
    from rage_pg.resources import statements

    async with runtime.database.transaction() as connection:
        return (await fetch_all(connection, statements("cli")["set_price"], values, Price))[0]


COMMANDS = (prices,)
