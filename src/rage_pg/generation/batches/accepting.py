"""Begins the items of a batch, one after another: each becomes a generation of the ledger exactly once.

Only so many are under way at a time. What ends makes room; who asked for a single picture does not wait for
hundreds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias
from uuid import UUID

import structlog
from msgspec import Struct

from rage_pg.budgets import is_one_at_a_time
from rage_pg.callers import SYSTEM, Caller
from rage_pg.database import Connection, Database, execute, fetch_one, fetch_value
from rage_pg.errors import (
    BudgetReached,
    Conflict,
    DatabaseUnavailable,
    Forbidden,
    InvalidInput,
    NotFound,
    NotPossible,
    RageError,
    SetupError,
)
from rage_pg.generation.accept import Propose, Search, found_for, spending_of, write
from rage_pg.generation.batches.ending import pause
from rage_pg.generation.call import Generators
from rage_pg.generation.plan import Plan, make_plan
from rage_pg.generation.references import Found
from rage_pg.generation.rules import Defer
from rage_pg.resources import statements
from rage_pg.types import GenerationRequest

SQL = statements("batches")
log = structlog.get_logger(__name__)

WINDOW = 20
"""Generations of one batch that are under way at a time."""

Searches: TypeAlias = Callable[[Caller], Search]
"""The search of `auto`, on somebody's behalf."""

Proposes: TypeAlias = Callable[[Caller], Propose]
"""What proposes the references of `auto`, on somebody's behalf."""

NO_LONGER = "Whoever asked for it may no longer generate for this brand."


class Step(Struct, frozen=True, kw_only=True):
    """What came of an attempt to begin the next item.

    again: another was begun meanwhile; full: so many are under way; waiting: one of those must end before a
    budget tells; elsewhere: a process carries the batch out by itself; empty: every item was begun; closed:
    it is paused or cancelled.
    """

    outcome: Literal["accepted", "rejected", "again", "full", "waiting", "elsewhere", "empty", "closed"]
    generation_id: UUID | None = None


class _Owner(Struct, frozen=True):
    caller_id: UUID | None
    asked_by: str | None


class _Next(Struct, frozen=True):
    position: int
    key: str
    request: GenerationRequest


class _Pausing(Exception):
    """The batch cannot go on now; its message says why."""


async def accept_next(
    database: Database,
    generators: Generators,
    batch_id: UUID,
    *,
    defer: Defer,
    searches: Searches | None = None,
    proposes: Proposes | None = None,
    window: int = WINDOW,
    alone: bool = False,
) -> Step:
    """Begin the next item of a batch, on behalf of who asked for it; `database` is the operator's.

    An item that cannot be asked for is rejected with its reason. Where a budget, or a provider that is not
    set up, stands in the way, the batch is paused. `alone`: this process has the batch for itself.
    """
    async with database.reading() as connection:
        owner = await fetch_one(connection, SQL["get_owner"], {"batch_id": batch_id}, _Owner)
    if owner is None:
        return Step(outcome="closed")
    caller = SYSTEM if owner.caller_id is None else Caller(setting=str(owner.caller_id))
    asking = _Asking(
        database=database.acting_for(caller),
        generators=generators,
        batch_id=batch_id,
        asked_by=owner.asked_by,
        defer=defer,
        search=None if searches is None else searches(caller),
        propose=None if proposes is None else proposes(caller),
        window=window,
        alone=alone,
    )
    try:
        return await asking.step()
    except _Pausing as reason:
        await pause(database, batch_id, str(reason))
        return Step(outcome="closed")


async def go_on(
    database: Database,
    generators: Generators,
    batch_id: UUID,
    *,
    defer: Defer,
    searches: Searches | None = None,
    proposes: Proposes | None = None,
) -> None:
    """Begin items until so many are under way, or none is left.

    Where another change was in the way, the next end, or whoever looks after idle batches, goes on.
    """
    try:
        while True:
            step = await accept_next(
                database, generators, batch_id, defer=defer, searches=searches, proposes=proposes
            )
            if step.outcome not in ("accepted", "rejected", "again"):
                return
    except Conflict as error:
        log.warning("items of a batch not begun", batch_id=str(batch_id), reason=str(error))


class _Asking(Struct, frozen=True, kw_only=True):
    database: Database
    generators: Generators
    batch_id: UUID
    asked_by: str | None
    defer: Defer
    search: Search | None
    propose: Propose | None
    window: int
    alone: bool

    async def step(self) -> Step:
        item: _Next | None = None
        try:
            async with self.database.transaction() as connection:
                closed, item = await self._next(connection)
                if item is None or item.request.auto is None:
                    return closed if item is None else await self._accept(connection, item, None)
            # No connection is held meanwhile: a search takes one of its own.
            found = await found_for(item.request, self.search, self.propose)
            async with self.database.transaction() as connection:
                closed, current = await self._next(connection)
                if current is None or current.position != item.position:
                    return closed if current is None else Step(outcome="again")
                return await self._accept(connection, item, found)
        except (InvalidInput, NotFound, NotPossible) as error:
            if item is None:
                raise
            return await self._reject(item, str(error))
        except Forbidden:
            raise _Pausing(NO_LONGER) from None
        except BudgetReached as error:
            return await self._wait_or_pause(error.kept)

    @property
    def _values(self) -> dict[str, Any]:
        return {"batch_id": self.batch_id}

    async def _next(self, connection: Connection) -> tuple[Step, _Next | None]:
        """The next item, or None and what holds it up."""
        if (closed := await self._closed(connection)) is not None:
            return closed, None
        return Step(outcome="empty"), await fetch_one(connection, SQL["next_item"], self._values, _Next)

    async def _closed(self, connection: Connection) -> Step | None:
        """Why no item may be begun now; the batch stays as it is until the transaction ends."""
        if not self.alone and not await fetch_value(connection, SQL["try_alone"], self._values):
            return Step(outcome="elsewhere")
        state = await fetch_value(connection, SQL["lock_batch"], self._values)
        if state is None:
            raise _Pausing(NO_LONGER)
        if state != "open":
            return Step(outcome="closed")
        return Step(outcome="full") if await self._under_way(connection) >= self.window else None

    async def _under_way(self, connection: Connection) -> int:
        count: int = await fetch_value(connection, SQL["count_under_way"], self._values)
        return count

    def _check_provider(self, request: GenerationRequest) -> None:
        """One that is not set up here is no fault of an item."""
        try:
            self.generators(request.provider)
        except RageError as error:
            raise _Pausing(str(error)) from None

    async def _accept(self, connection: Connection, item: _Next, found: Found | None) -> Step:
        self._check_provider(item.request)
        try:
            plan = await make_plan(connection, self.generators, item.request, found)
        except DatabaseUnavailable:
            raise
        except SetupError as error:
            raise _Pausing(str(error)) from None
        if await self._must_wait(connection, plan):
            return Step(outcome="waiting")
        origin = {
            "asked_by": self.asked_by,
            "idempotency_key": None,
            "request_sha256": None,
            "batch_id": self.batch_id,
            "batch_position": item.position,
            "retry_of": None,
        }
        generation_id = await write(connection, plan, origin, self.defer)
        values = {**self._values, "position": item.position, "generation_id": generation_id}
        await execute(connection, SQL["set_generation"], values)
        return Step(outcome="accepted", generation_id=generation_id)

    async def _must_wait(self, connection: Connection, plan: Plan) -> bool:
        """Whether nobody can tell what this will cost until one that is under way has ended."""
        if not plan.generator.charges or plan.estimate.cost_usd is not None:
            return False
        if not await self._under_way(connection):
            return False
        return await is_one_at_a_time(connection, spending_of(plan, self.batch_id))

    async def _reject(self, item: _Next, reason: str) -> Step:
        log.warning("item of a batch rejected", batch_id=str(self.batch_id), key=item.key, reason=reason)
        async with self.database.transaction() as connection:
            values = {**self._values, "position": item.position, "reason": reason}
            await execute(connection, SQL["reject_item"], values)
        return Step(outcome="rejected")

    async def _wait_or_pause(self, reason: str) -> Step:
        """What is under way may cost less than was set aside for it: only when all has ended it is final."""
        async with self.database.transaction() as connection:
            if await self._under_way(connection):
                return Step(outcome="waiting")
        raise _Pausing(reason)
