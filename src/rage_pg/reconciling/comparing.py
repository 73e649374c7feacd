"""A provider's export beside the paid calls of the same days: where they differ, and what may be why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from rage_pg.database import Connection, Database, fetch_all
from rage_pg.reconciling.exports import Charged
from rage_pg.resources import statements
from rage_pg.types import CallPurpose

SQL = statements("reconciling")

FIELDS = ("requests", "input_tokens", "output_tokens", "cost_usd")
ROUNDED = Decimal("0.000001")
"""US dollars that the cost of one call may be off by: it is kept to six decimals."""

Number: TypeAlias = int | Decimal
Key: TypeAlias = tuple[date, str | None]


class Candidate(Struct, frozen=True, kw_only=True):
    """A call whose end is not known: the provider may have carried it out and charged it."""

    call_id: int
    status: str
    purpose: CallPurpose
    brand: str
    provider_request_id: str | None
    started_at: datetime


class Difference(Struct, frozen=True, kw_only=True):
    """What a provider says and what the ledger does."""

    field: str
    provider: Number
    ledger: Number


class Compared(Struct, frozen=True, kw_only=True):
    """A day and a model where the two differ; without a model all of the day together.

    `calls_without_cost` and `calls_without_tokens`: what the ledger's sums leave out. `candidates`: calls
    that are in none of its sums, and may be in the provider's.
    """

    day: date
    model: str | None
    differences: tuple[Difference, ...]
    calls_without_cost: int
    calls_without_tokens: int
    candidates: tuple[Candidate, ...]


class Reconciled(Struct, frozen=True, kw_only=True):
    """Days and models compared, those that differ, and the calls of all these days whose end is not known."""

    provider: str
    first_day: date
    last_day: date
    compared: int
    differing: tuple[Compared, ...]
    calls_unknown: int


class _Kept(Struct, frozen=True, kw_only=True):
    """What the ledger has of a day and a model."""

    day: date
    model: str | None
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    calls_without_cost: int = 0
    calls_without_tokens: int = 0
    candidates: tuple[Candidate, ...] = ()


async def reconcile(database: Database, provider: str, charged: Sequence[Charged]) -> Reconciled:
    """Compare an export with the calls to `provider` of the days from its first to its last.

    Only what the export says is compared. Names of models are compared without a date behind them.
    """
    days = [each.day for each in charged]
    first, last = min(days), max(days)
    values = {"provider": provider, "first": first, "last": last}
    async with database.reading() as connection:
        kept = await fetch_all(connection, SQL["kept_by_day"], values, _Kept)
        said = await _said(connection, charged)
    by_key: dict[Key, _Kept] = {(each.day, each.model): each for each in kept}
    for day in {day for day, model in said if model is None}:
        by_key[day, None] = _whole_day(day, kept)
    _add_silent(said, by_key)
    rows = [
        _compared(key, said[key], by_key.get(key)) for key in sorted(said, key=lambda k: (k[0], k[1] or ""))
    ]
    return Reconciled(
        provider=provider,
        first_day=first,
        last_day=last,
        compared=len(rows),
        differing=tuple(row for row in rows if row.differences),
        calls_unknown=sum(len(each.candidates) for each in kept),
    )


async def _said(connection: Connection, charged: Sequence[Charged]) -> dict[Key, dict[str, Number]]:
    """The export's sums by day and model, of what it says."""
    names = sorted({each.model for each in charged if each.model is not None})
    found = await fetch_all(connection, SQL["plain_models"], {"models": names}, _Named)
    plain: dict[str | None, str | None] = {each.model: each.plain for each in found}
    sums: dict[Key, dict[str, Number]] = {}
    for each in charged:
        known = sums.setdefault((each.day, plain.get(each.model)), {})
        for field in FIELDS:
            value = getattr(each, field)
            if value is not None:
                known[field] = known.get(field, 0) + value
    return sums


class _Named(Struct, frozen=True):
    model: str
    plain: str


def _add_silent(said: dict[Key, dict[str, Number]], kept: dict[Key, _Kept]) -> None:
    """A model that the ledger has calls of and the export is silent about: it says 0 of what it lists."""
    listed = {field for (_, model), known in said.items() if model is not None for field in known}
    if not listed:
        return
    for key, ledger in kept.items():
        if key not in said and key[1] is not None and (ledger.requests or ledger.cost_usd):
            said[key] = dict.fromkeys(sorted(listed), 0)


def _whole_day(day: date, kept: Sequence[_Kept]) -> _Kept:
    of_day = [each for each in kept if each.day == day]
    return _Kept(
        day=day,
        model=None,
        cost_usd=sum((each.cost_usd for each in of_day), Decimal(0)),
        requests=sum(each.requests for each in of_day),
        calls_without_cost=sum(each.calls_without_cost for each in of_day),
        calls_without_tokens=sum(each.calls_without_tokens for each in of_day),
        candidates=tuple(call for each in of_day for call in each.candidates),
    )


def _compared(key: Key, said: dict[str, Number], ledger: _Kept | None) -> Compared:
    day, model = key
    kept = ledger or _Kept(day=day, model=model)
    differences = [
        Difference(field=field, provider=said[field], ledger=getattr(kept, field))
        for field in FIELDS
        if field in said and abs(said[field] - getattr(kept, field)) > _allowed(field, kept)
    ]
    return Compared(
        day=day,
        model=model,
        differences=tuple(differences),
        calls_without_cost=kept.calls_without_cost,
        calls_without_tokens=kept.calls_without_tokens,
        candidates=kept.candidates,
    )


def _allowed(field: str, kept: _Kept) -> Number:
    return ROUNDED * max(kept.requests, 1) if field == "cost_usd" else 0
