"""Paid calls of encoders: however the caller ends, the row of the call is closed, and tells how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import psycopg
import pytest
from msgspec.structs import replace

from rage_pg import budgets
from rage_pg.billing import DEFAULT_BRAND, billed
from rage_pg.database import Database
from rage_pg.errors import BudgetReached, DatabaseUnavailable, ProviderError
from rage_pg.providers import usem3
from rage_pg.providers.ports import Bill
from rage_pg.spending import uncancelled
from tests.generating import paid
from tests.granting import caller
from tests.store import HashingEncoder, operator_url

USAGE = {"prompt_tokens": 12, "total_tokens": 12}


class Paid(HashingEncoder):
    """An encoder that charges, and says what for."""

    def __init__(self) -> None:
        super().__init__(replace(usem3.Usem3().identity, encoder="openai", model="text-embedding-3-small"))

    def fitting(self, inputs: list[object]) -> int:
        return len(inputs)

    def billed_to(self, bill: Bill) -> Paid:
        bill.usage = USAGE
        return self


@asynccontextmanager
async def held(database: Database, lock: str) -> AsyncIterator[None]:
    """A lock on the ledger, in the way of who writes it; at the end of the body, it is let go."""
    async with await psycopg.AsyncConnection.connect(operator_url(database.url)) as connection:
        await connection.execute(f"LOCK TABLE rage.paid_calls IN {lock} MODE")
        yield


async def kept_waiting(database: Database) -> None:
    """Returns when somebody waits for the lock."""
    async with await psycopg.AsyncConnection.connect(operator_url(database.url)) as connection:
        while True:
            cursor = await connection.execute("SELECT FROM pg_locks WHERE NOT granted")
            if cursor.rowcount:
                return
            await asyncio.sleep(0.01)


async def ended_by_cancelling(task: asyncio.Task[None], database: Database) -> None:
    """Cancel it three times while it waits for the ledger, and see that it does not end before it wrote."""
    await kept_waiting(database)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done()


@pytest.mark.parametrize("ending", ["succeeded", "unknown", "failed"])
async def test_a_call_is_closed_though_its_caller_is_told_to_end_again_and_again(
    database: Database, ending: str
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def call() -> None:
        async with billed(database, Paid(), DEFAULT_BRAND):
            begun.set()
            await go_on.wait()
            if ending == "failed":
                raise ProviderError("It is down.", charged=False)

    task = asyncio.create_task(call())
    await begun.wait()
    async with held(database, "SHARE"):
        if ending == "unknown":
            task.cancel()
        else:
            go_on.set()
        await ended_by_cancelling(task, database)
    with pytest.raises(asyncio.CancelledError):
        await task
    [row] = await paid(database)
    assert (row["status"], row["usage"]) == (ending, USAGE)
    assert row["finished_at"] is not None


async def test_a_call_that_was_given_up_before_it_was_made_costs_nothing(database: Database) -> None:
    made: list[object] = []

    async def call() -> None:
        async with billed(database, Paid(), DEFAULT_BRAND) as encoder:
            made.append(encoder)

    async with held(database, "SHARE"):
        task = asyncio.create_task(call())
        await ended_by_cancelling(task, database)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not made
    [row] = await paid(database)
    assert (row["status"], row["cost_usd"], row["usage"]) == ("failed", Decimal(0), None)


async def test_what_is_finished_uncancelled_fails_with_its_own_error() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go_on.wait()
        raise DatabaseUnavailable("It is away.")

    task = asyncio.create_task(uncancelled(work()))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(DatabaseUnavailable):
        await task


async def test_what_is_left_of_a_budget_is_told_to_who_sees_every_brand(
    database: Database, database_url: str
) -> None:
    await budgets.put(database, budgets.Target(), Decimal(0))
    reader = database.acting_for(caller(database_url, "reader", "lumen"))
    for asking, told in ((database, "The budget of all brands"), (reader, "A budget of this store")):
        with pytest.raises(BudgetReached, match=f"^{told}") as refused:
            async with billed(asking, Paid(), DEFAULT_BRAND):
                raise AssertionError("It was paid for.")
        assert refused.value.kept.startswith("A budget" if asking is reader else "The budget of this store")
    assert await paid(database) == []
