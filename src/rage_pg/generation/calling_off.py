"""Calling a generation off: at once while it is queued; while it runs, whoever carries it out is told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

import structlog

from rage_pg.cancelling import heed_cancellation
from rage_pg.database import Connection, Database, execute, fetch_value
from rage_pg.errors import CalledOff, Conflict
from rage_pg.generation.ledger import add_event, missing, read
from rage_pg.generation.refinements import call_off
from rage_pg.resources import statements
from rage_pg.spending import Outcome, error_document
from rage_pg.types import Generation, Status

SQL = statements("generation")
log = structlog.get_logger(__name__)

T = TypeVar("T")

LOOK = 0.7
"""Seconds between two looks whether what runs was called off."""
LETTING_GO = 5.0
"""Seconds that a call has to end once it is dropped; a place is not blocked by one that does not hear."""

NOTHING_SENT = "It was called off before it was done; nothing was charged."
SENT = "It was called off while the provider was at it; whether it was finished and charged is not known."


async def cancel(
    database: Database, generation_id: UUID, by: str | None = None, *, unless_begun: bool = False
) -> Generation:
    """Call a generation off. What is queued ends here; what runs is dropped within a moment by its worker.
    Where others follow it, by what is judged of it, they are called off with it, also after its own end.

    Asked again while it is being dropped, nothing changes. Raises NotFound, and Conflict once it has ended;
    with `unless_begun` also where it runs.
    """
    async with database.transaction() as connection:
        values = {"generation_id": generation_id, "by": by}
        status: Status | None = await fetch_value(connection, SQL["lock_status"], values)
        if status is None:
            raise missing(generation_id)
        if status == "queued" or (status == "running" and not unless_begun):
            await call_one_off(connection, generation_id, status, by)
            await call_off(connection, generation_id, by, call_one_off)
        elif status == "running" or not await call_off(connection, generation_id, by, call_one_off):
            remedy = "" if status == "running" else " It has ended, and cannot be cancelled."
            raise Conflict(f"The generation is {status}.{remedy}")
        return await read(connection, generation_id)


async def call_one_off(connection: Connection, generation_id: UUID, status: Status, by: str | None) -> None:
    """One that has not ended, whose row is locked."""
    values = {"generation_id": generation_id, "by": by}
    if status == "queued":
        await execute(connection, SQL["cancel"], values)
        await add_event(connection, generation_id, "cancelled")
    elif await execute(connection, SQL["request_cancel"], values):
        await add_event(connection, generation_id, "cancelling")


async def unless_called_off(
    database: Database,
    generation_id: UUID,
    making: Coroutine[Any, Any, T],
    *,
    is_called_off: str = SQL["is_called_off"],
) -> T:
    """What `making` gives. Raises CalledOff where the generation was called off first, and drops it.

    An answer that comes in that very moment is paid for, and kept. `is_called_off`: the statement that tells.
    """
    calling = asyncio.ensure_future(making)
    looking = asyncio.create_task(_until_called_off(database, generation_id, is_called_off))
    try:
        await asyncio.wait([calling, looking], return_when=asyncio.FIRST_COMPLETED)
    finally:
        looking.cancel()
        looking.add_done_callback(_seen)
        # What is answered is paid for: nothing is waited for that could lose it.
        await _ended(calling)
    if calling.done() and not calling.cancelled():
        return calling.result()
    raise CalledOff(SENT)


def called_off(*, sent: bool) -> Outcome:
    """How a generation ends that was called off: `sent`, it may have been charged all the same."""
    return Outcome(status="cancelled", error=error_document(CalledOff(SENT if sent else NOTHING_SENT)))


async def _ended(calling: asyncio.Future[Any]) -> None:
    """Drop a call that has not ended, and give it time to close its connection."""
    if not calling.done():
        calling.cancel()
        calling.add_done_callback(_seen)
        await asyncio.wait([calling], timeout=LETTING_GO)


def _seen(calling: asyncio.Future[Any]) -> None:
    """Nobody asks any more what an error there may be, and asyncio would complain."""
    if not calling.cancelled():
        calling.exception()


async def _until_called_off(database: Database, generation_id: UUID, is_called_off: str) -> None:
    while True:
        heed_cancellation()
        await asyncio.sleep(LOOK)
        # Away, the database tells nothing; the call goes on meanwhile, whatever is wrong with the look.
        try:
            async with database.reading() as connection:
                if await fetch_value(connection, is_called_off, {"generation_id": generation_id}):
                    return
        except Exception as error:
            log.warning("not known whether a generation was called off; looking again", reason=str(error))
