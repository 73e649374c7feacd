"""What the page shows of a proposal: what shows which thing, what could instead, what was passed over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from rage_pg import proposal as proposing
from rage_pg.catalogue import images
from rage_pg.runtime import Runtime
from rage_pg.types import Concept, Image, PassedOverImage, Proposal, Role
from rage_pg.web.arranging import Arranged, Taken, arranged, earlier_notes, options, reason_for, serves
from rage_pg.web.asked import Asked

Context = dict[str, Any]
Standing = Literal["shown", "open", "lacking"]
"""Of a concept: a reference shows it; only other images would; nothing does."""


class Piece(Struct, frozen=True):
    """A part of the prompt; `standing`: of the concept that it names, None between concepts."""

    text: str
    standing: Standing | None = None


class Option(Struct, frozen=True, kw_only=True):
    """An image that could show a concept. `now`: it does. `asked`: what to ask the page for that it did."""

    image: Image
    now: bool
    asked: Asked


class Thing(Struct, frozen=True, kw_only=True):
    """A concept, and the images to choose from for it."""

    number: int
    text: str
    standing: Standing
    options: tuple[Option, ...]


class Picked(Struct, frozen=True, kw_only=True):
    """A reference as it is proposed now. `held`: what the form says of it, should it be taken."""

    image: Image
    role: Role
    note: str | None
    serves: tuple[str, ...]
    reason: str
    chosen: bool

    @property
    def held(self) -> dict[str, str]:
        return {f"proposed.{self.image.id}": self.role, f"proposed_note.{self.image.id}": self.note or ""}


class Passed(Struct, frozen=True, kw_only=True):
    """Images that were passed over for the same reason, one sentence."""

    reason: str
    images: tuple[Image, ...]

    @property
    def number(self) -> int:
        return len(self.images)


async def proposed(runtime: Runtime, asked: Asked, proposal_id: UUID) -> Context:
    """Raises NotFound, and InvalidInput for a swap with what was no alternative."""
    recalled = await proposing.recall(runtime.database, proposal_id)
    proposal, asked = recalled.proposal, replace(asked, prompt=recalled.prompt)
    order = arranged(proposal, asked.swaps)
    known = await _known(runtime, proposal)
    picks = [_picked(one, known[one.image_id], proposal) for one in order.taken if one.image_id in known]
    things = [_thing(number, proposal, order, known, asked) for number in range(len(proposal.concepts))]
    offered = [one for one in picks if not one.chosen]
    return {
        "asked": asked,
        "proposal": proposal,
        "pieces": pieces(recalled.prompt, proposal.concepts, [one.standing for one in things]),
        "picks": picks,
        "things": things,
        "shown_things": sum(one.standing == "shown" for one in things),
        "offered": offered,
        "offer": _offer(proposal, offered, order, earlier_notes(proposal, asked.swaps)),
        "passed": _passed(proposal, {one.image.id for one in picks}, known),
    }


def pieces(prompt: str, concepts: Sequence[Concept], standings: Sequence[Standing]) -> list[Piece]:
    """The prompt cut where its concepts begin and end; of those that overlap, the first."""
    cut: list[Piece] = []
    at = 0
    placed = [
        (concept.start, concept.end, standing)
        for concept, standing in zip(concepts, standings, strict=True)
        if concept.start is not None and concept.end is not None
    ]
    for start, end, standing in sorted(placed, key=lambda one: one[:2]):
        if at <= start < end <= len(prompt):
            cut += [Piece(prompt[at:start]), Piece(prompt[start:end], standing)]
            at = end
    return [piece for piece in (*cut, Piece(prompt[at:])) if piece.text]


async def _known(runtime: Runtime, proposal: Proposal) -> dict[int, Image]:
    """The images of the proposal that are still there."""
    wanted = [one.image.id for one in proposal.references] + [one.image_id for one in proposal.passed_over]
    for number in range(len(proposal.concepts)):
        wanted += options(proposal, number)
    found = await images.get_many(runtime.database, list(dict.fromkeys(wanted)))
    return {image.id: image for image in found}


def _picked(taken: Taken, image: Image, proposal: Proposal) -> Picked:
    texts = serves(taken, proposal)
    role = taken.proposed.role if taken.proposed else proposing.role_of(image)
    return Picked(
        image=image,
        role=role,
        note=proposing.note_on(texts),
        serves=texts,
        reason=reason_for(taken, proposal),
        chosen=taken.chosen,
    )


def _thing(
    number: int, proposal: Proposal, order: Arranged, known: Mapping[int, Image], asked: Asked
) -> Thing:
    of_it = [
        Option(
            image=known[image_id],
            now=image_id in order.shown_by[number],
            asked=asked.swapped(number, image_id),
        )
        for image_id in options(proposal, number)
        if image_id in known
    ]
    standing: Standing = "lacking" if not of_it else "shown" if any(one.now for one in of_it) else "open"
    return Thing(number=number, text=proposal.concepts[number].text, standing=standing, options=tuple(of_it))


def _offer(
    proposal: Proposal, offered: Sequence[Picked], order: Arranged, outdated: Mapping[int, Sequence[str]]
) -> dict[str, Any]:
    """What the form is told where all of it is taken over, perhaps not for the first time."""
    held: dict[str, Any] = {
        "proposal_id": str(proposal.proposal_id),
        "displaced": [str(image_id) for image_id in order.displaced],
    }
    for one in offered:
        held |= one.held | {f"outdated.{one.image.id}": outdated.get(one.image.id, [])}
    return held


def _passed(proposal: Proposal, taken: Collection[int], known: Mapping[int, Image]) -> list[Passed]:
    """By reason, in the order in which the best of each were passed over."""
    groups: dict[str, list[Image]] = {}
    for one in proposal.passed_over:
        if one.image_id in known and one.image_id not in taken:
            groups.setdefault(_why(one, known), []).append(known[one.image_id])
    return [Passed(reason=reason, images=tuple(of_group)) for reason, of_group in groups.items()]


def _why(one: PassedOverImage, known: Mapping[int, Image]) -> str:
    """The reason with the title of the image that was preferred, where it is still there."""
    winner = known.get(one.lost_to) if one.lost_to is not None else None
    if winner is None:
        return f"{one.reason[:1].upper()}{one.reason[1:]}"
    title = f"\u201c{winner.title or 'Untitled'}\u201d"
    alike = one.code == "looks_like"
    return f"Looks like {title}" if alike else f"{title} shows the same about as well or better"
