"""Which images may be found, and which were."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from rage_pg.types.images import Image
from rage_pg.types.words import Id, Kind, Origin, Prompt, Share, State

MOST_FOUND = 200
"""Images that one search gives at most."""

MOST_AMONG = 1_000_000
"""Ids that a search can be confined to."""

K = Annotated[int, Meta(ge=1, le=MOST_FOUND)]

Weight = Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": 1_000_000})]
"""Checked by the search itself, which names the leg; a decoder would not."""

Names = Annotated[tuple[str, ...], Meta(max_length=64)]
"""Alternatives or requirements of one filter: each costs a look-up."""


class TagFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A tag `a` also matches its children `a/b`."""

    all: Names = ()
    any: Names = ()
    none: Names = ()


class Filters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which images may be found. Values of one field are alternatives, fields are all required.

    `attributes` maps a name to a value (equal), a list (one of) or `{"gt"|"gte"|"lt"|"lte": bound}`.
    """

    brand: Names = ()
    sku: Names = ()
    kind: tuple[Kind, ...] = ()
    state: tuple[State, ...] = ()
    collection: Names = ()
    tags: TagFilter = field(default_factory=TagFilter)
    attributes: dict[str, Any] = field(default_factory=dict)
    origin: tuple[Origin, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    min_width: int | None = None
    min_height: int | None = None


class SearchRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    prompt: Prompt
    filters: Filters = field(default_factory=Filters)
    among: Annotated[tuple[Id, ...], Meta(max_length=MOST_AMONG)] | None = None
    k: K = 20
    min_relevance: Share = 0.0
    legs: dict[str, Weight] | None = None
    imagine: bool = False
    """Whether a draft of the prompt is made first, for the image leg to search by; it is paid for."""


class LegHit(Struct, frozen=True, kw_only=True):
    """Where one leg of a search ranked an image: a vector leg by distance, the text leg by score."""

    rank: int
    distance: float | UnsetType = UNSET
    score: float | UnsetType = UNSET


class Candidate(Struct, frozen=True, kw_only=True):
    image: Image
    score: float
    legs: dict[str, LegHit]


class SearchAnswer(Struct, frozen=True, kw_only=True):
    """`matched`: images that pass the filter. `complete`: no stated bound cut the answer.

    `cursor` fetches the next rows; None where these are the last. `imagined_id`: the draft searched by,
    where there was one.
    """

    search_id: UUID
    items: tuple[Candidate, ...]
    strategy: str
    matched: int
    complete: bool
    took_ms: float
    cursor: str | None = None
    imagined_id: UUID | UnsetType = UNSET


def is_counted(strategy: str) -> bool:
    """Whether `matched` of an answer is neither an estimate nor a bound, which its strategy ends with."""
    return "; matched " not in strategy


class FacetValue(Struct, frozen=True):
    value: str
    count: int


class Facets(Struct, frozen=True, kw_only=True):
    """How many of `counted` images have which tag, brand, kind and attribute; frequent values first."""

    counted: int
    tags: tuple[FacetValue, ...]
    brands: tuple[FacetValue, ...]
    kinds: tuple[FacetValue, ...]
    attributes: dict[str, tuple[FacetValue, ...]]
