"""What may be spent: in a calendar month by all, by a brand, under a label; in all by a batch.

Every paid call is held to it. One that is about to be made reserves what it may cost, in the transaction that
writes it down; whoever asks at the same moment waits for that, so two never take the same money. What a
finished call cost takes the place of what was reserved. A call whose cost stays unknown cannot be counted:
how many there are is said wherever a sum is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_only, fetch_value
from rage_pg.errors import BudgetBusy, BudgetReached, InvalidInput, NotFound
from rage_pg.resources import statements
from rage_pg.texts import check_storable
from rage_pg.types import Budget, CallPurpose

SQL = statements("budgets")

Opened = TypeVar("Opened")

PAUSE = 0.5
"""Seconds between looks whether a call under way has ended."""
PATIENCE = 4_200
"""Looks until it is given up: no call takes longer, streamed."""


class Spending(Struct, frozen=True, kw_only=True):
    """A call that is about to be made. `expected`: US dollars that it may cost, where somebody can tell.

    `batch_id`: the batch that its generation is of, whose budget counts too.
    """

    brand_id: int
    labels: Mapping[str, str]
    provider: str
    model: str
    purpose: CallPurpose
    expected: Decimal | None
    batch_id: UUID | None = None


class Target(Struct, frozen=True, kw_only=True):
    """What a budget is for: a brand or all, a label or every paid call, a month (its first day) or each."""

    brand: str | None = None
    label: tuple[str, str] | None = None
    month: date | None = None


class _InTheWay(Struct, frozen=True, kw_only=True):
    brand: str | None
    label_name: str | None
    label_value: str | None
    batch_id: UUID | None
    month: date | None
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal
    calls_without_cost: int
    to_be_waited_for: bool
    may_be_shown: bool


class _Look(Struct, frozen=True, kw_only=True):
    expected: Decimal | None
    in_the_way: _InTheWay | None


async def hold_to_budgets(
    connection: Connection, spending: Spending, *, queueing: bool = False
) -> Decimal | None:
    """Raise BudgetReached where a budget does not allow this; else what it is expected to cost.

    The transaction must write the call down, with that. With `queueing` the call is to be made later: what is
    queued already counts too. Raise BudgetBusy while the end of another call must be waited for.
    """
    values = _asked(spending, queueing)
    if not await fetch_value(connection, SQL["has_budget"], values):
        return spending.expected
    await execute(connection, SQL["lock_budgets"], {})
    look = await fetch_only(connection, SQL["in_the_way"], values, _Look)
    if look.in_the_way is None:
        return look.expected
    if look.expected is None and look.in_the_way.to_be_waited_for:
        raise BudgetBusy("Another call under this budget is under way; what it will cost is not known.")
    of_the_brand = look.in_the_way.brand is not None or look.in_the_way.batch_id is not None
    kept = replace(look.in_the_way, may_be_shown=of_the_brand)
    raise BudgetReached(_reason(look.in_the_way, look.expected), _reason(kept, look.expected))


async def is_busy(connection: Connection, spending: Spending) -> bool:
    """Whether the end of another call must be waited for, as far as can be told without an estimate."""
    values = _asked(spending, queueing=False)
    if not await fetch_value(connection, SQL["has_budget"], values):
        return False
    busy: bool = await fetch_value(connection, SQL["is_busy"], values)
    return busy


async def is_one_at_a_time(connection: Connection, spending: Spending) -> bool:
    """Whether a budget counts this call, of which nobody can tell what it costs before another has ended."""
    looked: bool = await fetch_value(connection, SQL["is_one_at_a_time"], _asked(spending, queueing=True))
    return looked


def _asked(spending: Spending, queueing: bool) -> dict[str, Any]:
    return {
        "brand_id": spending.brand_id,
        "labels": Jsonb(dict(spending.labels)),
        "batch_id": spending.batch_id,
        "provider": spending.provider,
        "model": spending.model,
        "purpose": spending.purpose,
        "expected": spending.expected,
        "queueing": queueing,
    }


async def in_turn(open_call: Callable[[], Awaitable[Opened]]) -> Opened:
    """What `open_call` gives, asked again while calls under way must end first. Raises BudgetReached."""
    for _ in range(PATIENCE):
        try:
            return await open_call()
        except BudgetBusy:
            await asyncio.sleep(PAUSE)
    return await open_call()


async def listing(database: Database) -> list[Budget]:
    """Every budget that the caller may see, with what is spent of it."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["list_budgets"], {}, Budget)


async def put(database: Database, target: Target, limit: Decimal) -> Budget:
    """Set a limit in US dollars, in place of the one that there was. Raises NotFound, InvalidInput."""
    async with database.transaction() as connection:
        values = await _values(connection, target)
        number = await fetch_value(connection, SQL["put_budget"], {**values, "limit_usd": limit})
        return await fetch_only(connection, SQL["get_budget"], {"budget_id": number}, Budget)


async def remove(database: Database, target: Target) -> None:
    """Take a limit away. Raises NotFound."""
    async with database.transaction() as connection:
        if not await execute(connection, SQL["remove_budget"], await _values(connection, target)):
            raise NotFound(f"There is no budget of {_named(target)}; see: rage budgets list")


async def _values(connection: Connection, target: Target) -> dict[str, Any]:
    name, value = target.label or (None, None)
    for text in target.label or ():
        check_storable("label", text)
    if target.month is not None and target.month.day != 1:
        raise InvalidInput("A month is given by its first day.", field="month")
    brand_id = None
    if target.brand is not None:
        brand_id = await fetch_value(connection, SQL["get_brand_id"], {"brand": target.brand})
        if brand_id is None:
            raise NotFound(f"There is no brand {target.brand!r}.")
    return {"brand_id": brand_id, "label_name": name, "label_value": value, "month": target.month}


def _named(target: Target) -> str:
    label = None if target.label is None else "=".join(target.label)
    month = "every month" if target.month is None else f"{target.month:%Y-%m}"
    return f"{described(target.brand, label)}, {month}"


def described(brand: str | None, label: str | None) -> str:
    """Whose calls a budget counts."""
    parts = [f"brand {brand}" if brand else "", f"label {label}" if label else ""]
    return " and ".join(part for part in parts if part) or "all brands"


def _reason(budget: _InTheWay, expected: Decimal | None) -> str:
    label = None if budget.label_name is None else f"{budget.label_name}={budget.label_value}"
    if not budget.may_be_shown:
        # What others spend is not for a caller of some brands.
        return "The budget of this store for the month does not allow this call; ask who runs it."
    reserved = f", {_usd(budget.reserved_usd)} is set aside for calls to come" if budget.reserved_usd else ""
    next_call = f" and this call may cost {_usd(expected)}" if expected else " and nothing is left"
    unknown = (
        f" Calls without a known cost, which are not counted: {budget.calls_without_cost:,}."
        if budget.calls_without_cost
        else ""
    )
    spent = f"{_usd(budget.limit_usd)}: {_usd(budget.spent_usd)} is spent{reserved},{next_call}."
    if budget.batch_id is not None:
        raising = f"To raise it: rage generate --resume {budget.batch_id} --budget USD."
        return f"The budget of the batch is {spent}{unknown} {raising}"
    name = f"{described(budget.brand, label)} for {budget.month:%Y-%m}"
    return f"The budget of {name} is {spent}{unknown} To raise it: rage budgets set."


def _usd(amount: Decimal) -> str:
    return f"${amount.normalize():f}"
