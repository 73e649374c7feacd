"""References, chosen and proposed."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from rage_pg.types.images import Image
from rage_pg.types.searching import Filters
from rage_pg.types.words import Id, Prompt, Role, Share

LONGEST_NOTE = 2_000
"""Characters of what is said of a reference, far more than are sent of it."""


class ReferenceRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image that the caller chose; without a role, its kind decides.

    Of a note 200 characters are sent.
    """

    image_id: int
    role: Role | None = None
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] | None = None


class Reference(Struct, frozen=True, kw_only=True):
    """An image in the order sent to the model; `position` counts from 1.

    Of an image of a brand that the caller may not see, title and thumbnail are left out; of one that was
    deleted since, the thumbnail.
    """

    position: int
    image_id: int
    role: Role
    note: str | None = None
    sha256: str
    version: int
    title: str | None = None
    thumbnail_url: str | None = None
    search_rank: int | None = None
    search_score: float | None = None


class ProposalRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which references go with a prompt. `chosen` come first and keep their slots, whatever they serve.

    `slots`: how many references there may be in all; what the default generator takes unless told otherwise.
    `diversity`: 0 takes the best for each concept, 1, of those about as good, the least like the others.
    """

    prompt: Prompt
    filters: Filters = field(default_factory=Filters)
    slots: Annotated[int, Meta(ge=1, le=16)] | None = None
    chosen: Annotated[tuple[Id, ...], Meta(max_length=16)] = ()
    planner: str | None = None
    diversity: Share = 0.0


class Concept(Struct, frozen=True, kw_only=True):
    """Something that a prompt names, in its letters `start` to `end`; None where it is said otherwise there.

    `served_by`: the references that serve it. `alternatives`: candidates that would too, best first.
    """

    text: str
    served_by: tuple[int, ...] = ()
    alternatives: tuple[int, ...] = ()
    start: int | None = None
    end: int | None = None


class ProposedReference(Struct, frozen=True, kw_only=True):
    """An image as a reference. `score`: how well it serves its concepts, 0 to 1; None where it serves none.

    `note` tells the model what to take of it, where it goes with a generation.
    """

    image: Image
    role: Role
    serves: tuple[str, ...] = ()
    reason: str
    note: str | None = None
    score: float | None = None
    chosen: bool = False


class PassedOverImage(Struct, frozen=True, kw_only=True):
    """A candidate that is not proposed, and why; `lost_to`: the reference that was preferred."""

    image_id: int
    title: str | None
    code: Literal["served_by", "looks_like", "no_slot", "serves_nothing"]
    lost_to: int | None = None
    reason: str


class Proposal(Struct, frozen=True, kw_only=True):
    """References for a prompt, and how they were found.

    `unserved`: concepts that nothing in the store serves. `without_slot`: those that something does, but no
    reference. `passed_over`: the best of the candidates that are not proposed.
    """

    proposal_id: UUID
    concepts: tuple[Concept, ...]
    references: tuple[ProposedReference, ...]
    unserved: tuple[str, ...]
    without_slot: tuple[str, ...] = ()
    passed_over: tuple[PassedOverImage, ...] = ()
    planner: str
    slots: int
    strategy: str
    notes: tuple[str, ...] = ()
    took_ms: float


class Auto(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let the store choose at most `k` references: those that are proposed for the prompt.

    Where the prompt names nothing that is there, the best `k` images of a search.
    """

    k: Annotated[int, Meta(ge=1, le=16)] = 3
    filters: Filters = field(default_factory=Filters)
