"""A refinement's row: it begins with its first generation, may be called off, and ends.

Whoever changes anything of a refinement has its first generation's row locked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, execute, fetch_all, fetch_one, fetch_value
from rage_pg.errors import BudgetReached, InvalidInput, NotPossible, SetupError
from rage_pg.generation.ledger import add_event
from rage_pg.providers.ports import ImageGenerator, Judge
from rage_pg.resources import statements
from rage_pg.spending import Outcome, close_paid_call
from rage_pg.types import MOST_DOLLARS, EndedBy, Filters, GenerationRequest, Status

LEAST_DOLLARS = Decimal("0.000001")
"""What is less is 0 where it is kept."""

SQL = statements("refining")
GENERATION = statements("generation")

Judges: TypeAlias = Callable[[str | None], Judge]
"""The judge of the settings for None, or one that was recorded, `openai:MODEL`. Raises SetupError."""

CallOneOff: TypeAlias = Callable[[Connection, UUID, Status, str | None], Awaitable[None]]


class _Latest(Struct, frozen=True):
    generation_id: UUID
    status: Status
    judging: bool


class _Pending(Struct, frozen=True):
    judgement_id: int
    call_id: int


def check_refine(request: GenerationRequest) -> None:
    """Raise InvalidInput for what cannot be refined, as far as that can be told without looking it up."""
    asked = request.refine
    if asked is None:
        return
    if request.count != 1:
        raise InvalidInput("One picture is refined at a time; leave count out.", field="count")
    if request.mask is not None:
        raise InvalidInput("What is refined is made anew as a whole; leave mask out.", field="mask")
    if not asked.draft and asked.rounds != 1:
        raise InvalidInput("Without a draft there is one round; leave rounds out.", field="refine")
    cost = asked.max_cost
    if cost is not None and not (cost.is_finite() and LEAST_DOLLARS <= cost <= MOST_DOLLARS):
        bounds = f"{LEAST_DOLLARS} to {MOST_DOLLARS:,} US dollars"
        raise InvalidInput(f"max_cost is above 0: {bounds}.", field="refine")


def judge_for(request: GenerationRequest, judges: Judges | None) -> tuple[str, str] | None:
    """Provider and model of the judge that a request needs. Raises SetupError where there is none."""
    if request.refine is None:
        return None
    if judges is None:
        raise SetupError("Nothing judges pictures here.")
    judge = judges(None)
    return judge.name, judge.model


def check_refinable(request: GenerationRequest, generator: ImageGenerator, may_cost: Decimal | None) -> None:
    """Raise NotPossible where the generator's pictures cannot match a prompt, BudgetReached where the first
    alone may cost more than all may."""
    asked = request.refine
    if asked is None:
        return
    if not generator.conditioned_on_prompt:
        fault = f"{generator.name} does not read the prompt: its pictures cannot be held against it."
        raise NotPossible(f"{fault} Choose another provider to refine with.", field="refine")
    if asked.max_cost is not None and may_cost is not None and may_cost > asked.max_cost:
        raise BudgetReached(
            f"The first picture alone may cost ${may_cost.normalize():f}, and max_cost is"
            f" ${asked.max_cost.normalize():f}. Raise it, or ask for a cheaper picture."
        )


async def begin(
    connection: Connection, root_id: UUID, request: GenerationRequest, judge: tuple[str, str] | None
) -> None:
    """Write down that a new generation is to be refined, where it is. It belongs to who asks."""
    asked = request.refine
    if asked is None or judge is None:
        return
    filters = asked.filters or (request.auto.filters if request.auto is not None else Filters())
    values: dict[str, Any] = {
        "root_id": root_id,
        "with_draft": asked.draft,
        "rounds": asked.rounds,
        "per_round": asked.references,
        "max_cost_usd": asked.max_cost,
        "filters": Jsonb(msgspec.to_builtins(filters)),
        "judge_provider": judge[0],
        "judge_model": judge[1],
    }
    await execute(connection, SQL["insert_refinement"], values)
    step = {"root_id": root_id, "round": 0, "generation_id": root_id}
    await execute(connection, SQL["insert_step"], step)


async def end(connection: Connection, root_id: UUID, ended_by: EndedBy, detail: str | None = None) -> None:
    """Write down why a refinement ended, unless it had. What a judge is still asked, nobody waits for."""
    values = {"root_id": root_id, "ended_by": ended_by, "detail": detail}
    ended = await fetch_all(connection, SQL["end"], values, _Result)
    if not ended:
        return
    for one in await fetch_all(connection, SQL["get_pending"], values, _Pending):
        await close_paid_call(connection, one.call_id, "judge", Outcome(status="unknown"))
        closed = {"judgement_id": one.judgement_id, "verdict": "unknown", "detail": None, "model": None}
        await execute(connection, SQL["close_judgement"], closed)
    result = ended[0].result_id
    told = {"ended_by": ended_by, "detail": detail, "result_id": None if result is None else str(result)}
    await add_event(connection, root_id, "refined", told)


class _Result(Struct, frozen=True):
    result_id: UUID | None


async def call_off(connection: Connection, root_id: UUID, by: str | None, call_one_off: CallOneOff) -> bool:
    """Call off what follows a generation, if anything does; False where that has ended, or never was.

    What is under way is dropped by whoever is at it; where nothing is, the refinement has ended.
    """
    values = {"root_id": root_id, "by": by}
    latest = await fetch_one(connection, SQL["get_latest"], values, _Latest)
    if latest is None:
        return False
    is_new = await execute(connection, SQL["call_off"], values)
    status = latest.status
    if latest.generation_id != root_id:
        one = {"generation_id": latest.generation_id}
        status = await fetch_value(connection, GENERATION["lock_status"], one)
        if status in ("queued", "running"):
            await call_one_off(connection, latest.generation_id, status, by)
            status = "cancelled" if status == "queued" else "running"
    if status != "running" and not latest.judging:
        await end(connection, root_id, "cancelled")
    elif is_new and (latest.generation_id != root_id or latest.judging):
        await add_event(connection, root_id, "cancelling")
    return True
