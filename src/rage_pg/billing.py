"""Paid calls of encoders and planners: each a row of `paid_calls`, written before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar, cast

from msgspec.structs import replace

from rage_pg.budgets import in_turn
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.errors import BudgetReached, ProviderError
from rage_pg.providers.ports import Bill, PaidEncoder
from rage_pg.spending import (
    Outcome,
    close_paid_call,
    failed_call,
    open_paid_call,
    patiently,
    uncancelled,
)
from rage_pg.types import CallPurpose

DEFAULT_BRAND = 1
"""Pays for what is embedded for no brand: a prompt."""

NEVER_MADE = failed_call(
    ProviderError("Its caller gave up before anything was sent.", code="not_sent", charged=False)
)

NOT_TOLD = "A budget of this store does not allow the call; ask who runs it."

AnyEncoder = TypeVar("AnyEncoder")


@asynccontextmanager
async def billed(database: Database, encoder: AnyEncoder, brand_id: int) -> AsyncIterator[AnyEncoder]:
    """The encoder, for one call that `brand_id` pays; one that costs nothing, as it is.

    However the call ends, its row tells: `unknown` where it was cut short, `failed` where it was not made.
    Raises BudgetReached before it.
    """
    if not isinstance(encoder, PaidEncoder):
        yield encoder
        return
    identity = encoder.identity
    async with billed_call(
        database,
        provider=identity.encoder,
        model=identity.model.partition("@")[0],
        purpose="embedding",
        brand_id=brand_id,
    ) as bill:
        yield cast("AnyEncoder", encoder.billed_to(bill))


@asynccontextmanager
async def billed_call(
    database: Database, *, provider: str, model: str, purpose: CallPurpose, brand_id: int
) -> AsyncIterator[Bill]:
    """One call that `brand_id` pays, made within: what it used is noted in the bill.

    However it ends, its row tells, as of `billed`. Raises BudgetReached before it.
    """
    # The ledger is the operator's, whoever asks.
    call = _Call(database.acting_for(SYSTEM), provider, model, purpose)
    try:
        await in_turn(lambda: uncancelled(call.open(brand_id)))
    except asyncio.CancelledError:
        if call.is_open:
            await call.close(NEVER_MADE)
        raise
    except BudgetReached as error:
        if database.caller.every_brand:
            raise
        # The ledger was asked as the operator: what others spend is not for a caller of some brands.
        raise type(error)(NOT_TOLD) from None
    try:
        yield call.bill
    except ProviderError as error:
        await call.close(failed_call(error))
        raise
    except BaseException:
        await call.close(Outcome(status="unknown"))
        raise
    await call.close(Outcome(status="succeeded"))


class _Call:
    def __init__(self, database: Database, provider: str, model: str, purpose: CallPurpose) -> None:
        self._database = database
        self._provider = provider
        self._model = model
        self._purpose: CallPurpose = purpose
        self._id = 0
        self.bill = Bill()

    @property
    def is_open(self) -> bool:
        return self._id > 0

    async def open(self, brand_id: int) -> None:
        async with self._database.transaction() as connection:
            self._id = await open_paid_call(
                connection,
                brand_id=brand_id,
                purpose=self._purpose,
                provider=self._provider,
                model=self._model,
            )

    async def close(self, outcome: Outcome) -> None:
        """What an answer cost is not let go of: not while the database is away, not to end any sooner."""
        await uncancelled(patiently(lambda: self._close(outcome)))

    async def _close(self, outcome: Outcome) -> None:
        bill = self.bill
        async with self._database.transaction() as connection:
            outcome = replace(
                outcome,
                model=bill.model or outcome.model,
                request_id=bill.request_id or outcome.request_id,
                usage=outcome.usage if bill.usage is None else bill.usage,
            )
            await close_paid_call(connection, self._id, self._purpose, outcome)
