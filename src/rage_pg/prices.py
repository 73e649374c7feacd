"""Prices of tokens by provider, model, class and first day; costs follow from them when a call ends.

A cost that was worked out stays as it was. One that is not known can be worked out later, at the price of its
day: once a price has come in late.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_only
from rage_pg.resources import statements
from rage_pg.spending import answers_of
from rage_pg.tokens import tokens_by_class
from rage_pg.types import CallPurpose

SQL = statements("prices")


class Price(Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens of a class, from a day (UTC) on."""

    provider: str
    model: str
    token_class: str
    usd_per_million: Decimal
    effective_from: date


class Recomputed(Struct, frozen=True, kw_only=True):
    """Calls whose cost was not known and is now, what they cost, and how many are still without."""

    recomputed: int
    cost_usd: Decimal
    still_without_cost: int


class _Counted(Struct, frozen=True):
    call_id: int
    purpose: CallPurpose
    usage: Any


async def listing(database: Database) -> list[Price]:
    """Every price that is known, the newest of a model and class first."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["list_prices"], {}, Price)


async def put(
    database: Database,
    *,
    provider: str,
    model: str,
    token_class: str,
    usd_per_million: Decimal,
    since: date | None = None,
) -> Price:
    """Set a price from a day on, today where none is given; it replaces what was set for that day."""
    values = {
        "provider": provider,
        "model": model,
        "token_class": token_class,
        "usd_per_million": usd_per_million,
        "effective_from": since,
    }
    async with database.transaction() as connection:
        return await fetch_only(connection, SQL["set_price"], values, Price)


async def recompute(database: Database, provider: str, model: str, since: date) -> Recomputed:
    """Work out the costs that are not known of a model's calls from a day on; no known cost is touched."""
    values = {"provider": provider, "model": model, "since": since}
    async with database.transaction() as connection:
        await _count(connection, values)
        return await fetch_only(connection, SQL["recompute_costs"], values, Recomputed)


async def _count(connection: Connection, values: dict[str, Any]) -> None:
    """Calls from before tokens were kept by class have their usage alone."""
    for call in await fetch_all(connection, SQL["calls_to_count"], values, _Counted):
        tokens = tokens_by_class(call.usage, answers=answers_of(call.purpose))
        if tokens is not None:
            await execute(connection, SQL["set_tokens"], {"call_id": call.call_id, "tokens": Jsonb(tokens)})
