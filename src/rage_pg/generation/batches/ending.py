"""What the end of a generation means for its batch, and what people do with one: pause, resume, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from msgspec import Struct

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_one, fetch_value
from rage_pg.errors import BudgetReached, Conflict, NotFound
from rage_pg.generation.batches.values import Outcome, checked_budget
from rage_pg.generation.ledger import add_event
from rage_pg.resources import statements
from rage_pg.types import Status

SQL = statements("batches")
GENERATION = statements("generation")
log = structlog.get_logger(__name__)


class _End(Struct, frozen=True):
    batch_id: UUID
    status: Status
    cost_usd: Decimal | None
    error: dict[str, Any] | None

    @property
    def concerns_all(self) -> bool:
        """Whether every other item would fail like it, at no cost: no money, no key, no such model."""
        error = self.error or {}
        hopeless = error.get("type") == BudgetReached("").type or error.get("hopeless") is True
        return self.status == "failed" and self.cost_usd == 0 and hopeless


class _Id(Struct, frozen=True):
    generation_id: UUID


async def conclude(database: Database, generation_id: UUID) -> UUID | None:
    """Draw the consequences of a generation's end; its batch, if it is of one.

    What failed for a reason that holds for every item pauses the batch, and is not held against its item.
    """
    async with database.transaction() as connection:
        end = await fetch_one(connection, SQL["get_end"], {"generation_id": generation_id}, _End)
        if end is None:
            return None
        if end.concerns_all:
            detail = str((end.error or {}).get("detail", "It cannot go on."))
            await _pause(connection, end.batch_id, detail)
            await _free(connection, end.batch_id, [generation_id], "failed")
    return end.batch_id


async def pause(database: Database, batch_id: UUID, reason: str, ended: Sequence[UUID] = ()) -> None:
    """Begin no more items, and call off what nobody has taken up yet: these items wait anew.

    So do those of `ended` whose generation was cancelled.
    """
    async with database.transaction() as connection:
        await _pause(connection, batch_id, reason)
        await _free(connection, batch_id, ended, "cancelled")


async def free(database: Database, batch_id: UUID, called_off: UUID) -> None:
    """An item whose generation was cancelled waits anew."""
    async with database.transaction() as connection:
        await _free(connection, batch_id, [called_off], "cancelled")


async def _free(connection: Connection, batch_id: UUID, ended: Sequence[UUID], status: Status) -> None:
    values = {"batch_id": batch_id, "generation_ids": list(ended), "statuses": [status]}
    await execute(connection, SQL["free_items"], values)


async def _pause(connection: Connection, batch_id: UUID, reason: str) -> None:
    state = await _lock(connection, batch_id)
    if state == "cancelled":
        return
    await _free(connection, batch_id, await _call_off(connection, batch_id), "cancelled")
    if state == "open":
        log.warning("batch paused", batch_id=str(batch_id), reason=reason)
        values = {"batch_id": batch_id, "state": "paused", "reason": reason}
        await execute(connection, SQL["set_state"], values)


async def resume(
    database: Database,
    batch_id: UUID,
    *,
    budget_usd: Decimal | None = None,
    retry: Sequence[Outcome] = (),
) -> None:
    """Go on with a batch; with another budget, where one is given, and with items that ended so once more.

    What was made of them before stays in the ledger. Raises NotFound, InvalidInput, and Conflict where it was
    cancelled.
    """
    budget_usd = checked_budget(budget_usd)
    async with database.transaction() as connection:
        if await _lock(connection, batch_id) == "cancelled":
            raise Conflict("The batch was cancelled; ask for it anew, with another Idempotency-Key.")
        if budget_usd is not None:
            await execute(connection, SQL["set_budget"], {"batch_id": batch_id, "budget_usd": budget_usd})
        if retry:
            values: dict[str, Any] = {"batch_id": batch_id, "outcomes": list(retry)}
            await execute(connection, SQL["free_ended"], values)
        await execute(connection, SQL["set_state"], {"batch_id": batch_id, "state": "open", "reason": None})


async def cancel_batch(database: Database, batch_id: UUID) -> None:
    """Call off every item that nobody has taken up; what runs, runs to its end. Raises NotFound."""
    async with database.transaction() as connection:
        await _lock(connection, batch_id)
        await _call_off(connection, batch_id)
        values = {"batch_id": batch_id, "state": "cancelled", "reason": None}
        await execute(connection, SQL["set_state"], values)


async def _lock(connection: Connection, batch_id: UUID) -> str:
    """Its state. Raises NotFound."""
    state: str | None = await fetch_value(connection, SQL["lock_batch"], {"batch_id": batch_id})
    if state is None:
        raise missing(batch_id)
    return state


def missing(batch_id: UUID) -> NotFound:
    return NotFound(f"There is no batch {batch_id}.")


async def _call_off(connection: Connection, batch_id: UUID) -> list[UUID]:
    queued = await fetch_all(connection, SQL["lock_queued"], {"batch_id": batch_id}, _Id)
    for one in queued:
        await execute(connection, GENERATION["cancel"], {"generation_id": one.generation_id})
        await add_event(connection, one.generation_id, "cancelled")
    return [one.generation_id for one in queued]
