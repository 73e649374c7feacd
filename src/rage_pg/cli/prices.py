"""`rage prices`: what a provider's tokens cost, from which the costs of all paid calls are worked out."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import rich_click as click
from msgspec import structs

from rage_pg.cli.groups import Commands
from rage_pg.cli.options import ParamType, json_option
from rage_pg.cli.output import show, show_json, show_table
from rage_pg.cli.session import with_runtime

if TYPE_CHECKING:
    from rage_pg.prices import Price, Recomputed
    from rage_pg.runtime import Runtime

TOKEN_CLASSES = (
    "text_input",
    "image_input",
    "cached_text_input",
    "cached_image_input",
    "text_output",
    "image_output",
)
DOLLARS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
"""As a price is stored: from 0.000001 to 999,999.999999, or 0."""
LONGEST_NAME = 200
DAY = click.DateTime(["%Y-%m-%d"])


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
@click.argument("token_class", metavar="TOKENS", type=click.Choice(TOKEN_CLASSES))
@click.argument("usd", type=Dollars())
@click.option("--from", "since", type=DAY, metavar="DATE", help="First day, UTC; else today.")
@click.option(
    "--recompute", is_flag=True, help="Work out costs that are not known, of calls from that day on."
)
@json_option
def set_(
    provider: str,
    model: str,
    token_class: str,
    usd: Decimal,
    since: datetime | None,
    recompute: bool,
    as_json: bool,
) -> None:
    """Set the price of a million TOKENS: text_input, image_input, cached_text_input, cached_image_input,
    text_output or image_output.

    Costs that were worked out before stay as they are. --recompute works out those that were not known.

    \b
    rage prices set openai gpt-image-2 image_output 30
    rage prices set openai gpt-image-2 cached_text_input 1.25 --from 2026-11-01 --recompute
    """
    values = {
        "provider": provider,
        "model": model,
        "token_class": token_class,
        "usd_per_million": usd,
        "since": since.date() if since else None,
    }
    price, done = with_runtime(lambda runtime: _set(runtime, recompute, values))
    if as_json:
        show_json(price if done is None else {**structs.asdict(price), "costs": done})
        return
    show(f"{provider} {model} {token_class}: ${usd} per million from {price.effective_from}")
    if done is not None:
        _show_recomputed(done)


@prices.command("recompute")
@click.argument("provider", type=Name())
@click.argument("model", type=Name())
@click.option("--from", "since", type=DAY, metavar="DATE", required=True, help="First day of the calls, UTC.")
@json_option
def recompute_(provider: str, model: str, since: datetime, as_json: bool) -> None:
    """Work out the costs that are not known of a MODEL's calls, at the prices of their days.

    A cost that is known is never touched.
    """
    done = with_runtime(lambda runtime: _recompute(runtime, provider, model, since.date()))
    if as_json:
        show_json(done)
    else:
        _show_recomputed(done)


def _show_recomputed(done: Recomputed) -> None:
    cost = f"${done.cost_usd.normalize():f}"
    show(f"{done.recomputed:,} costs worked out ({cost}); {done.still_without_cost:,} are still not known")


async def _list(runtime: Runtime) -> list[Price]:
    from rage_pg import prices as stored

    return await stored.listing(runtime.database)


async def _set(runtime: Runtime, again: bool, values: dict[str, Any]) -> tuple[Price, Recomputed | None]:
    from rage_pg import prices as stored

    price = await stored.put(runtime.database, **values)
    if not again:
        return price, None
    return price, await _recompute(runtime, price.provider, price.model, price.effective_from)


async def _recompute(runtime: Runtime, provider: str, model: str, since: date) -> Recomputed:
    from rage_pg import prices as stored

    return await stored.recompute(runtime.database, provider, model, since)


COMMANDS = (prices,)
