"""Which images go with a prompt: named one by one, a collection, the best of a search; checked for use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from rage_pg.database import Connection, fetch_all, fetch_one
from rage_pg.errors import InvalidInput, NotFound
from rage_pg.generation.continuing import Continued
from rage_pg.providers.ports import InputImage
from rage_pg.resources import statements
from rage_pg.types import (
    ROLES,
    Candidate,
    GenerationRequest,
    Kind,
    ProposalRequest,
    ProposedReference,
    ReferenceRequest,
    Role,
    SearchRequest,
    State,
)

SQL = statements("generation")
GET_SOURCES = SQL["get_source_images"]

MAX_REFERENCES = 16
"""The most that any supported image model takes."""


class Source(Struct, frozen=True, kw_only=True):
    """An image that is asked for as a reference, and whether it may be one."""

    image_id: int
    kind: Kind
    state: State
    title: str | None
    caption: str | None
    version: int
    usable_from: date | None
    usable_until: date | None
    too_early: bool | None
    too_late: bool | None
    sha256: bytes
    width: int
    height: int
    media_type: str
    is_stored: bool
    """Whether its bytes are here. They are read when they are sent."""
    search_rank: int | None
    search_score: float | None


class Chosen(Struct, frozen=True, kw_only=True):
    """A reference that may be used, with its role."""

    source: Source
    role: Role
    note: str | None
    image: InputImage


class Found(Struct, frozen=True, kw_only=True):
    """What `auto` is to choose from: the references of a proposal, or what a search found, best first.

    Each with its number in the log if it was logged.
    """

    candidates: Sequence[Candidate] = ()
    search_id: UUID | None = None
    proposed: Sequence[ProposedReference] = ()
    proposal_id: UUID | None = None


class Origin(Struct, frozen=True, kw_only=True):
    """The logged search and proposal that references come from."""

    search_id: UUID | None = None
    proposal_id: UUID | None = None


class _Collection(Struct, frozen=True):
    collection_id: int
    image_ids: tuple[int, ...]


async def choose(
    connection: Connection,
    request: GenerationRequest,
    limits: Mapping[Role, int],
    brand_id: int,
    found: Found | None,
    origin: Origin,
    continued: Continued,
) -> list[Chosen]:
    """The references in order. Raises NotFound or InvalidInput for one that may not be used.

    `limits` says how many references of a role the generator takes: `auto` passes over the rest.
    """
    own = await _wanted(connection, request, limits, brand_id, found)
    check_twice(own)
    wanted = continued.around(own)
    check_number(wanted)
    values = {
        "image_ids": [reference.image_id for reference in wanted],
        "search_id": origin.search_id,
        "proposal_id": origin.proposal_id,
    }
    sources = await fetch_all(connection, SQL["get_source_images"], values, Source)
    known = {source.image_id: source for source in _ranked(sources, found)}
    return checked_with(wanted, known, continued)


def checked_with(
    wanted: Sequence[ReferenceRequest], known: Mapping[int, Source], continued: Continued
) -> list[Chosen]:
    """References with what was looked up of them. Raises NotFound, InvalidInput for one not to be used."""
    return [_checked(reference, known.get(reference.image_id), continued) for reference in wanted]


async def _wanted(
    connection: Connection,
    request: GenerationRequest,
    limits: Mapping[Role, int],
    brand_id: int,
    found: Found | None,
) -> Sequence[ReferenceRequest]:
    if request.auto is not None:
        return _from_proposal(request.auto.k, limits, found) or _from_search(request.auto.k, limits, found)
    if request.collection is not None:
        return await _from_collection(connection, request.collection, brand_id)
    return request.references


def proposal_for(request: GenerationRequest) -> ProposalRequest | None:
    """The proposal that `auto` asks for."""
    if request.auto is None:
        return None
    return ProposalRequest(prompt=request.prompt, filters=request.auto.filters, slots=request.auto.k)


def search_for(request: GenerationRequest) -> SearchRequest | None:
    """The search that `auto` asks for where its prompt names nothing that the store has.

    It asks for more than `k`: a generator may have no use for some.
    """
    if request.auto is None:
        return None
    return SearchRequest(prompt=request.prompt, filters=request.auto.filters, k=4 * request.auto.k)


def _ranked(sources: Sequence[Source], found: Found | None) -> Sequence[Source]:
    """Sources with their places in the search or proposal of `auto`, which need not be in the log."""
    if found is None:
        return sources
    ranked: Sequence[Candidate | ProposedReference] = found.proposed or found.candidates
    places = {one.image.id: (rank, one.score) for rank, one in enumerate(ranked, start=1)}
    return [
        replace(source, search_rank=places[source.image_id][0], search_score=places[source.image_id][1])
        for source in sources
    ]


def _from_proposal(k: int, limits: Mapping[Role, int], found: Found | None) -> list[ReferenceRequest]:
    """As many as the generator takes, each with what is to be taken of it."""
    left = dict(limits)
    taken: list[ReferenceRequest] = []
    for one in [] if found is None else found.proposed:
        if left.get(one.role, 0) and len(taken) < k:
            left[one.role] -= 1
            taken.append(ReferenceRequest(image_id=one.image.id, role=one.role, note=one.note))
    return taken


def _from_search(k: int, limits: Mapping[Role, int], found: Found | None) -> list[ReferenceRequest]:
    if found is None:
        raise InvalidInput("auto needs the answer of a search to choose from.", field="auto")
    if not found.candidates:
        raise InvalidInput(
            "No image matches the prompt and filters; widen the filters or name references.", field="auto"
        )
    left = dict(limits)
    taken: list[ReferenceRequest] = []
    for image in (candidate.image for candidate in found.candidates):
        role = ROLES[image.kind]
        if left.get(role, 0) and len(taken) < k:
            left[role] -= 1
            taken.append(ReferenceRequest(image_id=image.id))
    return taken


async def _from_collection(connection: Connection, name: str, brand_id: int) -> list[ReferenceRequest]:
    values = {"collection": name, "brand_id": brand_id}
    collection = await fetch_one(connection, SQL["get_collection"], values, _Collection)
    if collection is None:
        raise NotFound(f"There is no collection {name!r} of this brand.")
    if not collection.image_ids:
        raise InvalidInput(f"The collection {name!r} is empty.", field="collection")
    return [ReferenceRequest(image_id=image_id) for image_id in collection.image_ids]


def check_number(wanted: Sequence[ReferenceRequest]) -> None:
    """Raise InvalidInput where they are more than any model takes."""
    if len(wanted) > MAX_REFERENCES:
        raise InvalidInput(
            f"{len(wanted)} references are too many; at most {MAX_REFERENCES} go with a prompt.",
            field="references",
        )


def check_twice(wanted: Sequence[ReferenceRequest]) -> None:
    """Raise InvalidInput where an image is named twice."""
    seen: set[int] = set()
    for reference in wanted:
        if reference.image_id in seen:
            raise InvalidInput(f"Image {reference.image_id} is given twice.", field="references")
        seen.add(reference.image_id)


def _checked(reference: ReferenceRequest, source: Source | None, continued: Continued) -> Chosen:
    remedy = continued.remedy(reference.image_id)
    if source is None:
        raise NotFound(f"There is no image {reference.image_id}.{remedy}")
    may_be_draft = continued.may_be_draft(reference.image_id)
    if (reason := why_unusable(source, may_be_draft=may_be_draft)) is not None:
        raise InvalidInput(
            f"Image {source.image_id} cannot be a reference: {reason}.{remedy}", field="references"
        )
    if not source.is_stored:
        raise InvalidInput(f"The bytes of image {source.image_id} are not stored here.", field="references")
    role = reference.role or ROLES[source.kind]
    image = InputImage(
        content=b"",
        media_type=source.media_type,
        role=role,
        note=reference.note,
        title=source.title,
        caption=source.caption,
    )
    return Chosen(source=source, role=role, note=reference.note, image=image)


def why_unusable(source: Source, *, may_be_draft: bool) -> str | None:
    """Why an image may be no reference today, as the end of a sentence; None where it may."""
    if source.state != "approved" and not (may_be_draft and source.state == "draft"):
        return f"it is {'a draft' if source.state == 'draft' else source.state}, not approved"
    if source.too_early:
        return f"it may be used only from {source.usable_from}"
    if source.too_late:
        return f"it could be used only until {source.usable_until}"
    return None
