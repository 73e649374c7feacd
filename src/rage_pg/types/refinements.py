"""Pictures that are judged, and made again."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from rage_pg.types.searching import Filters
from rage_pg.types.words import Dollars, Status

EndedBy = Literal[
    "matched",
    "rounds",
    "max_cost",
    "unknown_cost",
    "budget",
    "nothing_found",
    "no_slot",
    "refused",
    "failed",
    "unknown",
    "cancelled",
]
"""Why a refinement ended; the last four: how a step of it did."""

Verdict = Literal[
    "pending", "match", "mismatch", "named", "unable", "turned_away", "failed", "unknown", "cancelled"
]
"""What a judge said. named: without a draft; unable: it refused, or answered what is no answer."""


class Refine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Have the picture judged against the prompt, what it lacks looked up, and made again from that.

    At most `rounds` times, each adding at most `references`, for `max_cost` US dollars in all. Without a
    `draft` what the prompt names is looked up before the one picture. `filters`: else those of `auto`.
    """

    rounds: Annotated[int, Meta(ge=1, le=3)] = 1
    draft: bool = True
    references: Annotated[int, Meta(ge=1, le=16)] = 3
    max_cost: Dollars | None = None
    filters: Filters | None = None


class JudgedConcept(Struct, frozen=True, kw_only=True):
    """What a picture lacks, or a prompt names; None: unknown, and the prompt itself was looked up.

    `score`: how well the image serves, 0 to 1. `outcome`: None where it was not looked up.
    """

    concept: str | None
    caption: str
    outcome: Literal["found", "nothing_found", "no_slot"] | None = None
    image_id: int | None = None
    score: float | None = None
    proposal_id: UUID | None = None


class Judgement(Struct, frozen=True, kw_only=True):
    """One call of a judge. `round`: the step whose picture it was shown; without a draft, the one to come."""

    round: int
    attempt: int
    verdict: Verdict
    detail: str | None = None
    cost_usd: Decimal | None = None
    concepts: tuple[JudgedConcept, ...] = ()


class RefinementStep(Struct, frozen=True, kw_only=True):
    """A picture of a refinement: 0 the first, then one for each round."""

    round: int
    generation_id: UUID
    status: Status


class Refinement(Struct, frozen=True, kw_only=True):
    """A loop of judging and making again, as each generation of it tells: `round` is that one's own.

    `result_id`: the last generation that succeeded, once it has ended. `cost_usd`: of all calls, pictures and
    judgements, without `calls_without_cost`.
    """

    root_id: UUID
    round: int
    draft: bool
    rounds: int
    references: int
    max_cost: Decimal | None = None
    judge: str
    state: Literal["open", "ended"]
    ended_by: EndedBy | None = None
    detail: str | None = None
    result_id: UUID | None = None
    cancel_requested_at: datetime | None = None
    steps: tuple[RefinementStep, ...]
    judgements: tuple[Judgement, ...] = ()
    cost_usd: Decimal
    calls_without_cost: int
