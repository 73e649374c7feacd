"""Where a refinement stands, what it is carried on with, and what it may still cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Struct

from rage_pg.callers import SYSTEM, Caller
from rage_pg.database import Connection, Database, fetch_one, fetch_only, fetch_value
from rage_pg.generation.accept import Propose
from rage_pg.generation.call import Generators
from rage_pg.generation.refinements import GENERATION, SQL, Judges
from rage_pg.generation.rules import Defer
from rage_pg.types import EndedBy, Filters, Role, Status

Proposes: TypeAlias = Callable[[Caller], Propose]
"""What looks images up for a caption, on somebody's behalf."""


class Means(Struct, frozen=True, kw_only=True):
    """What refinements are carried on with in this process."""

    generators: Generators
    judges: Judges
    proposes: Proposes
    defer: Defer
    """Queues the next picture."""


class Ended(Struct, frozen=True):
    """Why there is nothing more to do."""

    by: EndedBy
    detail: str | None = None


class Concept(Struct, frozen=True, kw_only=True):
    """What is lacking, and the image that was found for it; without a concept it stands for the prompt."""

    concept: str | None
    caption: str
    outcome: str | None = None
    image_id: int | None = None
    role: Role | None = None
    note: str | None = None
    score: float | None = None


class State(Struct, frozen=True, kw_only=True):
    """An open refinement, and its latest generation."""

    root_id: UUID
    round: int
    generation_id: UUID
    status: Status
    error: dict[str, Any] | None
    prompt: str
    provider: str
    model: str | None
    with_draft: bool
    rounds: int
    per_round: int
    max_cost_usd: Decimal | None
    filters: Filters
    judge_provider: str
    judge_model: str
    caller_id: UUID | None
    asked_by: str | None
    labels: dict[str, str]
    batch_id: UUID | None
    brand_id: int
    prepared: bool
    called_off: bool

    @property
    def caller(self) -> Caller:
        """On whose behalf images are found and pictures made."""
        return SYSTEM if self.caller_id is None else Caller(setting=str(self.caller_id), name=self.asked_by)

    @property
    def step(self) -> dict[str, Any]:
        """What tells the step in statements."""
        return {"root_id": self.root_id, "round": self.round, "generation_id": self.generation_id}


class Spent(Struct, frozen=True, kw_only=True):
    """US dollars; of calls whose cost is known."""

    spent_usd: Decimal
    without_cost: int
    dearest_picture: Decimal | None
    dearest_judgement: Decimal | None


async def look(database: Database, generation_id: UUID) -> State | None:
    """The open refinement whose latest step this generation is."""
    async with database.reading() as connection:
        return await _state(connection, generation_id)


async def locked(connection: Connection, state: State) -> State | None:
    """How it stands now, and stays until the transaction ends; None where another took the next step."""
    root = {"generation_id": state.root_id}
    if await fetch_value(connection, GENERATION["lock_status"], root) is None:
        return None
    return await _state(connection, state.generation_id)


async def _state(connection: Connection, generation_id: UUID) -> State | None:
    return await fetch_one(connection, SQL["get_state"], {"generation_id": generation_id}, State)


async def spent_by(connection: Connection, state: State) -> Spent:
    """What its calls have cost."""
    values = {"root_id": state.root_id, "provider": state.judge_provider, "model": state.judge_model}
    return await fetch_only(connection, SQL["get_spent"], values, Spent)


def beyond(state: State, spent: Spent, next_call: Decimal | None) -> Ended | None:
    """Why the next call is not made, where its refinement has a limit of its own.

    Of a `next_call` that nobody knows the cost of, for it is the first of its kind, nothing is expected: the
    limit may be passed by that one call.
    A call whose cost nobody knows ends it: a sum that leaves something out would never reach the limit.
    """
    limit = state.max_cost_usd
    if limit is None:
        return None
    if spent.without_cost:
        calls = "a call" if spent.without_cost == 1 else f"{spent.without_cost} calls"
        return Ended("unknown_cost", f"What {calls} cost is not known, and max_cost is {_usd(limit)}.")
    expected = next_call or Decimal(0)
    if spent.spent_usd + expected <= limit and spent.spent_usd < limit:
        return None
    may = f", and the next call may cost {_usd(expected)}" if expected else ""
    return Ended("max_cost", f"max_cost is {_usd(limit)}: {_usd(spent.spent_usd)} is spent{may}.")


def after(seconds: float) -> datetime:
    """When to come again."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _usd(amount: Decimal) -> str:
    return f"${amount.normalize():f}"
