"""A proposal as a person arranges it: for a concept another image than the one that was proposed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from rage_pg.errors import InvalidInput
from rage_pg.proposal import note_on
from rage_pg.proposal.reasons import listed, serving
from rage_pg.types import Proposal, ProposedReference


class Taken(Struct, frozen=True, kw_only=True):
    """An image that is a reference now, for some concepts, by their numbers.

    `proposed`: what was proposed of it, if it was.
    """

    image_id: int
    concepts: tuple[int, ...]
    proposed: ProposedReference | None = None

    @property
    def chosen(self) -> bool:
        return self.proposed is not None and self.proposed.chosen


class Arranged(Struct, frozen=True, kw_only=True):
    """`shown_by`: for each concept the images that show it now. `displaced`: images that were references
    before others took their places."""

    taken: tuple[Taken, ...]
    shown_by: tuple[tuple[int, ...], ...]
    displaced: tuple[int, ...]


def arranged(proposal: Proposal, swaps: Sequence[tuple[int, int]]) -> Arranged:
    """Each swap by its concept's number and the image that is to show it; the later ones count.

    What a person had chosen stays, in front; an image takes the place of the one it is there for. Raises
    InvalidInput for an image that was no alternative.
    """
    shown_by = [concept.served_by for concept in proposal.concepts]
    for concept, image_id in swaps:
        if image_id not in options(proposal, concept):
            raise InvalidInput(f"Image {image_id} was no alternative there; propose anew.", field="swap")
        shown_by[concept] = (image_id,)
    known = {one.image.id: one for one in proposal.references}
    served = _served(proposal, shown_by)
    taken = [
        Taken(image_id=image_id, concepts=tuple(concepts), proposed=known.get(image_id))
        for image_id, concepts in served.items()
    ]
    before = [one.image.id for one in proposal.references if not one.chosen] + [one for _, one in swaps]
    return Arranged(
        taken=tuple(sorted(taken, key=lambda one: not one.chosen)),
        shown_by=tuple(shown_by),
        displaced=tuple(image_id for image_id in dict.fromkeys(before) if image_id not in served),
    )


def options(proposal: Proposal, concept: int) -> tuple[int, ...]:
    """The images that could show a concept: the ones proposed, then the alternatives, best first."""
    if concept >= len(proposal.concepts):
        return ()
    one = proposal.concepts[concept]
    return (*one.served_by, *one.alternatives)


def serves(taken: Taken, proposal: Proposal) -> tuple[str, ...]:
    """The concepts that it is there for, as they stand in the prompt."""
    return tuple(proposal.concepts[concept].text for concept in taken.concepts)


def earlier_notes(proposal: Proposal, swaps: Sequence[tuple[int, int]]) -> dict[int, list[str]]:
    """By image the notes that it had while fewer swaps had been made: none that a person wrote."""
    notes: dict[int, list[str]] = {}
    for number in range(len(swaps)):
        for taken in arranged(proposal, swaps[:number]).taken:
            if (note := note_on(serves(taken, proposal))) is not None:
                notes.setdefault(taken.image_id, []).append(note)
    return notes


def reason_for(taken: Taken, proposal: Proposal) -> str:
    """Why it is a reference, as the person would say it."""
    texts = serves(taken, proposal)
    if taken.proposed is None:
        return f"your choice for {listed(texts)}"
    as_proposed = taken.chosen or set(texts) == set(taken.proposed.serves)
    return taken.proposed.reason if as_proposed else serving(texts)


def _served(proposal: Proposal, shown_by: Sequence[Sequence[int]]) -> dict[int, list[int]]:
    """By image the concepts that it is there for. Each stands where it was proposed, or after the one whose
    concept it has."""
    found: dict[int, list[int]] = {}
    in_turn: list[int] = []
    for reference in proposal.references:
        image_id = reference.image.id
        in_turn += [
            number for number, concept in enumerate(proposal.concepts) if image_id in concept.served_by
        ]
        if reference.chosen or any(image_id in images for images in shown_by):
            found.setdefault(image_id, [])
        for number in in_turn:
            for other in shown_by[number]:
                found.setdefault(other, [])
    for number, images in enumerate(shown_by):
        for image_id in images:
            found.setdefault(image_id, []).append(number)
    return found
