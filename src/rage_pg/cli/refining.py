"""`rage generate --refine`: carries on with what is judged of a picture, within this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from rage_pg.cli.output import show_fields, show_table
from rage_pg.errors import RageError
from rage_pg.types import Generation, Refinement

if TYPE_CHECKING:
    from rage_pg.generation import refining
    from rage_pg.jobs import Hold
    from rage_pg.runtime import Runtime

LONGEST_CAPTION = 60
ENDINGS = {
    "matched": "the picture matches the prompt",
    "rounds": "all rounds are done",
    "max_cost": "the next call could pass --max-cost",
    "unknown_cost": "what a call cost is not known, so --max-cost could not be kept",
    "budget": "a budget does not allow the next call",
    "nothing_found": "nothing here serves what is lacking",
    "no_slot": "what serves it goes along already, or the model takes no more such references",
    "refused": "a picture was refused",
    "failed": "a step failed",
    "unknown": "what became of a call is not known",
    "cancelled": "it was called off",
}


async def carried_on(
    runtime: Runtime,
    hold: Hold,
    root_id: UUID,
    carry_out: Callable[[UUID], Awaitable[object]],
    say: Callable[[str], None],
) -> None:
    """Carry out a generation and those that follow it. Cut short, all of them are called off."""
    from rage_pg import generation, jobs

    try:
        await _carried_on(runtime, jobs.means_of(runtime, hold.defer), root_id, carry_out, say)
    except BaseException:
        with suppress(RageError):
            await generation.cancel(runtime.database, root_id)
        raise


async def _carried_on(
    runtime: Runtime,
    means: refining.Means,
    root_id: UUID,
    carry_out: Callable[[UUID], Awaitable[object]],
    say: Callable[[str], None],
) -> None:
    from rage_pg.generation import refining

    while (later := await refining.prepare(runtime.database, means, root_id)) is not None:
        await _until(later)
    current, number = root_id, 1
    while True:
        await carry_out(current)
        say("Judging the picture …")
        following = await refining.go_on(runtime.database, means, current)
        if following is None:
            return
        if isinstance(following, datetime):
            await _until(following)
            continue
        current, number = following, number + 1
        say(f"Generating picture {number} …")


async def _until(when: datetime) -> None:
    await asyncio.sleep(max(0.0, (when - datetime.now(UTC)).total_seconds()))


async def result_of(runtime: Runtime, generation: Generation) -> Generation:
    """The last picture of a generation that was refined; any other as it is."""
    from rage_pg import history

    loop = generation.refinement
    if loop is None:
        return generation
    return await history.get(runtime.database, loop.result_id or loop.steps[-1].generation_id)


def show_refinement(loop: Refinement) -> None:
    """What was judged and found, in which round, and why it ended."""
    pictures = "1 picture" if len(loop.steps) == 1 else f"{len(loop.steps)} pictures"
    ended = None if loop.ended_by is None else ENDINGS[loop.ended_by]
    show_fields(
        {
            "refined": f"{pictures}, judged by {loop.judge}",
            "ended": ended if loop.detail is None else f"{ended}: {loop.detail}",
            "result": loop.result_id,
            "cost in all": _cost(loop),
        }
    )
    rows = [
        (
            judgement.round,
            judgement.verdict,
            "" if one is None else one.concept or "the prompt",
            "" if one is None else _short(one.caption),
            "" if one is None else one.image_id or one.outcome,
        )
        for judgement in loop.judgements
        for one in (judgement.concepts or (None,))
    ]
    if rows:
        show_table(("round", "verdict", "lacking", "looked up by", "image"), rows)


def _cost(loop: Refinement) -> str:
    unknown = f", and {loop.calls_without_cost} of unknown cost" if loop.calls_without_cost else ""
    return f"${loop.cost_usd.normalize():f}{unknown}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_CAPTION else text[: LONGEST_CAPTION - 1] + "…"
