"""What is made, from what, at what cost, and what people say of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from rage_pg.types.proposals import Auto, Reference, ReferenceRequest
from rage_pg.types.refinements import Refine, Refinement
from rage_pg.types.words import Kind, Prompt, Purpose, Status

CallPurpose = Literal["generation", "caption", "embedding", "planner", "judge", "draft"]
"""What a paid call was for."""

Reason = Literal["wrong label", "off-brand", "artefact", "wrong product", "other"]
"""What is wrong with an output."""

MAX_MASK_BYTES = 4_000_000
"""Of a PNG that says what may change in a picture. OpenAI's specification takes less than 4 MB."""


class GenerationRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to make, and from what.

    With a `parent_id`, output `parent_output` of that generation is the picture to change; the references
    that it was made from go along, unless `parent_references` is false. `partial_images`: how many pictures
    that are not finished yet its events may tell of; a provider may charge for each.
    """

    prompt: Prompt
    brand: str = "default"
    references: tuple[ReferenceRequest, ...] = ()
    auto: Auto | None = None
    collection: str | None = None
    search_id: UUID | None = None
    proposal_id: UUID | None = None
    purpose: Purpose = "compose"
    provider: str | None = None
    model: str | None = None
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    input_fidelity: str | None = None
    output_format: Literal["png", "webp", "jpeg"] | None = None
    mask: str | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] = 0
    count: Annotated[int, Meta(ge=1, le=10)] = 1
    parent_id: UUID | None = None
    parent_output: Annotated[int, Meta(ge=1, le=10)] = 1
    parent_references: bool = True
    labels: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False
    refine: Refine | None = None


class Output(Struct, frozen=True, kw_only=True):
    """One picture that a generation made; `position` counts from 1."""

    position: int
    image_id: int | None
    url: str
    sha256: str
    kept: bool = False
    width: int | None = None
    height: int | None = None


class Generation(Struct, frozen=True, kw_only=True):
    """One row of the ledger: what was asked, sent, answered and paid."""

    id: UUID
    status: Status
    brand: str
    prompt: str
    prompt_sent: str | None
    purpose: Purpose
    provider: str
    model: str | None
    parameters: dict[str, Any]
    references: tuple[Reference, ...]
    outputs: tuple[Output, ...]
    cost_usd: Decimal | None
    usage: dict[str, Any] | None
    timings_ms: dict[str, float]
    error: dict[str, Any] | None
    parent_id: UUID | None
    search_id: UUID | None
    proposal_id: UUID | None
    labels: dict[str, str]
    batch_id: UUID | None = None
    asked_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    retry_of: UUID | None = None
    """The generation whose request this one makes once more."""
    cancel_requested_at: datetime | None = None
    """When it was called off while it ran: its worker ends it within a moment."""
    refinement: Refinement | None = None
    """The loop of judging and making again that it is of."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended; one that others follow, by what is judged of it, with the last of them."""
        if self.status in ("queued", "running"):
            return False
        loop = self.refinement
        return loop is None or loop.root_id != self.id or loop.state == "ended"


class Budget(Struct, frozen=True, kw_only=True):
    """US dollars that may be spent in a calendar month (UTC), and how far they are.

    Without a brand whoever pays counts, without a label every paid call, without a month it is for each that
    has none of its own. `reserved_usd`: what calls under way may cost. `calls_without_cost` of the `calls`
    are in no sum.
    """

    brand: str | None
    label_name: str | None
    label_value: str | None
    month: date | None
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal
    left_usd: Decimal
    calls: int
    calls_without_cost: int
    is_in_force: bool


class Rating(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verdict on one output: -1, 0 or 1."""

    rating: Annotated[int, Meta(ge=-1, le=1)]
    reasons: tuple[Reason, ...] = ()
    comment: str | None = None


class KeptWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What whoever keeps an output says of it, in place of what would be drafted. None: nothing at all."""

    title: str | None | UnsetType = UNSET
    caption: str | None | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
