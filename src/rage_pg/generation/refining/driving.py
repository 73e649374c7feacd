"""What comes next in a refinement after the end of each of its generations, until nothing more is to do.

Called by the job of the generation that has ended, and again should its worker be lost: what was done stands
in the ledger, and only the rest is done.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias, TypeGuard
from uuid import UUID

import structlog

from rage_pg.database import Database, fetch_value
from rage_pg.errors import RageError
from rage_pg.generation.ledger import FINAL, finish
from rage_pg.generation.refinements import SQL, end
from rage_pg.generation.refining.drawing import drawn, filled
from rage_pg.generation.refining.judging import judged
from rage_pg.generation.refining.retrieving import NO_SLOT, retrieved
from rage_pg.generation.refining.state import Ended, Means, State, after, locked, look
from rage_pg.spending import Outcome, error_document, patiently, uncancelled

log = structlog.get_logger(__name__)

Next: TypeAlias = UUID | datetime | None
"""The generation that is queued next, when to come again, or None: nothing more to do here."""

ELSEWHERE = 2.0
"""Seconds until it is looked at again where another process is at it."""
NOTHING_LACKING = "Nothing that may be used here serves what the prompt names; it was made without."


async def go_on(database: Database, means: Means, generation_id: UUID) -> Next:
    """Take the next step of the refinement whose latest generation this is, if it has ended.

    `database` is the operator's. Raises DatabaseUnavailable, after which it may be called again.
    """
    state = await look(database, generation_id)
    if state is None or state.status not in FINAL:
        return None
    async with _alone(database, state) as mine:
        if not mine:
            return after(ELSEWHERE)
        # As it stands now that nobody else is at it.
        current = await look(database, generation_id)
        if current is None:
            return None
        step = await _next(database, means, current)
        if not isinstance(step, Ended):
            return step
        await uncancelled(patiently(lambda: _end(database, current, step)))
        return None


async def prepare(database: Database, means: Means, generation_id: UUID) -> datetime | None:
    """Look up what the prompt names for a queued generation that is made without a draft; it ends here where
    that cannot be done. When to come again, where it must be waited for."""
    state = await look(database, generation_id)
    if not _to_be_prepared(state):
        return None
    async with _alone(database, state) as mine:
        if not mine:
            return after(ELSEWHERE)
        current = await look(database, generation_id)
        return await _prepared(database, means, current) if _to_be_prepared(current) else None


def _to_be_prepared(state: State | None) -> TypeGuard[State]:
    return state is not None and not state.with_draft and not state.prepared and state.status == "queued"


def _alone(database: Database, state: State) -> AbstractAsyncContextManager[bool]:
    """Whether no other living process is at it: a judge's answer that is still waited for is not lost."""
    return database.claimed(f"rage.refinement {state.root_id}", wait=False)


async def _prepared(database: Database, means: Means, state: State) -> datetime | None:
    said = await judged(database, means, state)
    if isinstance(said, datetime) or said is None:
        return said
    ended: Ended | None
    if isinstance(said, Ended):
        ended = said
    else:
        found = await retrieved(database, means, state, said)
        lacking = isinstance(found, Ended) and found.by in ("nothing_found", "no_slot")
        if isinstance(found, Ended) and not lacking:
            ended = found
        else:
            ended = await filled(database, means, state, [] if isinstance(found, Ended) else found)
    if ended is not None:
        reason = ended
        await uncancelled(patiently(lambda: _fail(database, state, reason)))
    return None


async def _next(database: Database, means: Means, state: State) -> Next | Ended:
    if state.called_off or state.status == "cancelled":
        return Ended("cancelled")
    if state.status in ("refused", "failed", "unknown"):
        return Ended(state.status, (state.error or {}).get("detail"))
    if not state.with_draft:
        return await _without_draft(database, state)
    if state.round >= state.rounds:
        return Ended("rounds")
    said = await judged(database, means, state)
    if said is None or isinstance(said, Ended | datetime):
        return said
    if said.verdict == "match":
        return Ended("matched")
    found = await retrieved(database, means, state, said)
    if isinstance(found, Ended):
        return found
    return await drawn(database, means, state, found)


async def _without_draft(database: Database, state: State) -> Ended:
    async with database.reading() as connection:
        outcomes = await fetch_value(connection, SQL["get_outcomes"], state.step)
    if "found" in outcomes:
        return Ended("rounds")
    if set(outcomes) == {"no_slot"}:
        return Ended("no_slot", f"{NO_SLOT} Nothing was added.")
    return Ended("nothing_found", NOTHING_LACKING)


async def _end(database: Database, state: State, ended: Ended) -> None:
    async with database.transaction() as connection:
        if await locked(connection, state) is not None:
            await end(connection, state.root_id, ended.by, ended.detail)
            log.info("refinement ended", root_id=str(state.root_id), ended_by=ended.by)


async def _fail(database: Database, state: State, ended: Ended) -> None:
    """The picture is not made: nothing of it was sent."""
    async with database.transaction() as connection:
        current = await locked(connection, state)
        if current is None:
            return
        if current.status == "queued":
            fault = f"It was not made: its references were not looked up. {ended.detail or ''}".rstrip()
            error = error_document(RageError(fault))
            outcome = Outcome(status="failed", error=error, cost_usd=Decimal(0))
            await finish(connection, state.root_id, outcome, call_id=None)
        await end(connection, state.root_id, ended.by, ended.detail)
