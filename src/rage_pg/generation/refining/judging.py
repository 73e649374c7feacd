"""One call of the judge after another until one can be used; each a row before it is made, with its call.

What was answered is kept, and not asked for again. What was lost half-way may have been charged: it is not
asked for again either, and ends the refinement.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_value
from rage_pg.errors import (
    BudgetBusy,
    BudgetReached,
    RageError,
)
from rage_pg.generation.ledger import add_event
from rage_pg.generation.refinements import SQL
from rage_pg.generation.refining.answering import Answer, Asking, answered
from rage_pg.generation.refining.state import Concept, Ended, Means, State, after, beyond, locked, spent_by
from rage_pg.providers.ports import Judge
from rage_pg.spending import (
    Outcome,
    close_paid_call,
    open_paid_call,
    patiently,
    storable,
    uncancelled,
)
from rage_pg.types import Verdict

log = structlog.get_logger(__name__)

TEMPERATURES = (0.0, 0.5, 1.0)
"""Of the tries, one after another: what could not be read the first time may be said otherwise."""
BUDGET_LOOK = 5.0
"""Seconds between looks whether a budget allows the call."""
LOST = "The worker was lost while the judge was asked; whether it answered is not known."


class Said(Struct, frozen=True, kw_only=True):
    """The judgement that holds, and what it names."""

    judgement_id: int
    verdict: Verdict
    concepts: tuple[Concept, ...]
    looked_up: bool = False


class _Judgement(Struct, frozen=True, kw_only=True):
    judgement_id: int
    attempt: int
    verdict: Verdict
    detail: str | None
    call_id: int
    looked_up: bool
    concepts: tuple[Concept, ...]


async def judged(database: Database, means: Means, state: State) -> Said | Ended | datetime | None:
    """What a judge says of the latest picture; without a draft, of the prompt.

    Ended where it cannot be had, a time where it must be waited for, None where another carries it on.
    """
    try:
        judge = means.judges(f"{state.judge_provider}:{state.judge_model}")
    except RageError as error:
        return Ended("failed", str(error))
    while True:
        try:
            asking = await _open(database, state)
        except BudgetBusy:
            return after(BUDGET_LOOK)
        except BudgetReached as error:
            return Ended("budget", error.kept)
        if not isinstance(asking, Asking):
            return asking
        answer = await _ask(database, judge, state, asking)
        if answer.wait is not None:
            return after(answer.wait)


async def _open(database: Database, state: State) -> Asking | Said | Ended | None:
    async with database.transaction() as connection:
        current = await locked(connection, state)
        if current is None:
            return None
        if current.called_off:
            return Ended("cancelled")
        before = await fetch_all(connection, SQL["get_judgements"], state.step, _Judgement)
        if before and before[-1].verdict == "pending":
            # One at a time is at it: who asked is gone.
            lost = Answer(verdict="unknown", outcome=Outcome(status="unknown"), detail=LOST)
            await _write(connection, before[-1].judgement_id, before[-1].call_id, lost)
            return Ended("unknown", LOST)
        if (said := _said(before)) is not None:
            return said
        return await _begin(connection, current, before)


def _said(before: Sequence[_Judgement]) -> Said | Ended | None:
    """What holds of what was said before; None where it is to be asked once more."""
    if not before:
        return None
    last = before[-1]
    if last.verdict in ("match", "mismatch", "named") or (last.verdict == "unable" and last.concepts):
        return Said(
            judgement_id=last.judgement_id,
            verdict=last.verdict,
            concepts=last.concepts,
            looked_up=last.looked_up,
        )
    if last.verdict in ("failed", "unknown", "cancelled"):
        return Ended(last.verdict, last.detail)
    return None


async def _begin(connection: Connection, state: State, before: Sequence[_Judgement]) -> Asking | Ended:
    spent = await spent_by(connection, state)
    if (ended := beyond(state, spent, spent.dearest_judgement)) is not None:
        return ended
    call_id = await open_paid_call(
        connection,
        brand_id=state.brand_id,
        purpose="judge",
        provider=state.judge_provider,
        model=state.judge_model,
        generation_id=state.generation_id,
        labels=state.labels,
        batch_id=state.batch_id,
    )
    unable = sum(one.verdict == "unable" for one in before)
    temperature = TEMPERATURES[min(unable, len(TEMPERATURES) - 1)]
    values: dict[str, Any] = {
        **state.step,
        "attempt": len(before) + 1,
        "call_id": call_id,
        "temperature": temperature,
        "provider": state.judge_provider,
        "model": state.judge_model,
    }
    return Asking(
        judgement_id=await fetch_value(connection, SQL["open_judgement"], values),
        call_id=call_id,
        temperature=temperature,
        is_last=unable + 1 >= len(TEMPERATURES),
        turned_away=sum(one.verdict == "turned_away" for one in before),
    )


async def _ask(database: Database, judge: Judge, state: State, asking: Asking) -> Answer:
    """The call, and what came of it written down, whatever that is."""
    answer = Answer(verdict="unknown", outcome=Outcome(status="unknown"), detail=LOST)
    try:
        answer = await answered(database, judge, state, asking)
        return answer
    finally:
        told = answer
        await uncancelled(patiently(lambda: _close(database, state, asking, told)))


async def _close(database: Database, state: State, asking: Asking, answer: Answer) -> None:
    async with database.transaction() as connection:
        await locked(connection, state)
        if not await _write(connection, asking.judgement_id, asking.call_id, answer):
            log.warning("judgement of an overtaken attempt dropped", root_id=str(state.root_id))
            return
        missing = [one.concept for one in answer.concepts if one.concept is not None]
        told = {"round": state.round, "verdict": answer.verdict, "missing": missing}
        await add_event(connection, state.root_id, "judged", storable(told))


async def _write(connection: Connection, judgement_id: int, call_id: int, answer: Answer) -> bool:
    """Whether it was still waited for; what the call cost is written down in any case."""
    await close_paid_call(connection, call_id, "judge", answer.outcome)
    values = {
        "judgement_id": judgement_id,
        "verdict": answer.verdict,
        "detail": storable(answer.detail),
        "model": storable(answer.outcome.model),
    }
    if not await execute(connection, SQL["close_judgement"], values):
        return False
    rows = [
        {"position": position, "concept": one.concept, "caption": one.caption}
        for position, one in enumerate(answer.concepts, start=1)
    ]
    concepts = {"judgement_id": judgement_id, "concepts": Jsonb(storable(rows))}
    await execute(connection, SQL["insert_concepts"], concepts)
    return True
