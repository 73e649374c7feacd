"""A selection as it is told: concepts, references with their roles, and why others were passed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from rage_pg.proposal.passing import PassedOver
from rage_pg.proposal.planners import Planned
from rage_pg.proposal.retrieval import Candidate
from rage_pg.proposal.scored import Scored
from rage_pg.proposal.selection import Pick, Selection
from rage_pg.proposal.things import Wanted
from rage_pg.types import Concept, Image, PassedOverImage, Proposal, ProposedReference, Role, proposed_role

MOST_ALTERNATIVES = 10
LEAST_SHOWN = 0.3
"""How surely a thing is one, and can be shown in a picture, that is said to be lacking."""


def answered(
    *,
    proposal_id: UUID,
    planned: Planned,
    selection: Selection,
    candidates: Mapping[int, Candidate],
    scored: Mapping[int, Scored],
    images: Mapping[int, Image],
    slots: int,
    strategy: str,
    took_ms: float,
) -> Proposal:
    """`images`: of the references; one that is missing was deleted meanwhile, and is left out."""
    texts = [thing.text for thing in planned.things]
    told = [number for number in range(len(texts)) if _is_told(planned.things[number], number, selection)]
    picks = [pick for pick in selection.references if pick.image_id in images]
    return Proposal(
        proposal_id=proposal_id,
        concepts=tuple(_concept(number, planned.things[number], picks, scored) for number in told),
        references=tuple(
            _reference(pick, images[pick.image_id], scored[pick.image_id], texts) for pick in picks
        ),
        unserved=tuple(texts[number] for number in selection.unserved if number in told),
        without_slot=tuple(texts[number] for number in selection.without_slot),
        passed_over=tuple(
            passed_over_image(one, candidates[one.image_id].shown.title) for one in selection.passed_over
        ),
        planner=planned.planner,
        slots=slots,
        strategy=strategy,
        notes=planned.notes,
        took_ms=took_ms,
    )


def _is_told(thing: Wanted, number: int, selection: Selection) -> bool:
    """What nothing serves is a lack only where a picture could show it, and a noun says so."""
    return number not in selection.unserved or bool(thing.heads and thing.share * thing.seen >= LEAST_SHOWN)


def _concept(number: int, thing: Wanted, picks: Sequence[Pick], scored: Mapping[int, Scored]) -> Concept:
    served_by = tuple(pick.image_id for pick in picks if number in pick.serves)
    others = sorted(
        (one for one in scored.values() if number in one.serves and one.image_id not in served_by),
        key=lambda one: (-one.serves[number], -one.relevance, one.image_id),
    )
    located = thing.end > thing.start >= 0
    return Concept(
        text=thing.text,
        served_by=served_by,
        alternatives=tuple(one.image_id for one in others[:MOST_ALTERNATIVES]),
        start=thing.start if located else None,
        end=thing.end if located else None,
    )


def _reference(pick: Pick, image: Image, scored: Scored, texts: Sequence[str]) -> ProposedReference:
    serves = tuple(texts[number] for number in pick.serves)
    services = [scored.serves[number] for number in pick.serves]
    return ProposedReference(
        image=image,
        role=role_of(image),
        serves=serves,
        reason=pick.reason,
        note=note_on(serves),
        score=round(sum(services) / len(services), 4) if services else None,
        chosen=pick.chosen,
    )


def role_of(image: Image) -> Role:
    """What an image is there for as a reference."""
    return proposed_role(image.kind, has_sku=bool(image.skus))


def note_on(serves: Sequence[str]) -> str | None:
    """What the model is told to take of an image that serves these concepts."""
    return f"use only {', '.join(serves)} of this image" if serves else None


def passed_over_image(one: PassedOver, title: str | None) -> PassedOverImage:
    """With the reason as a sentence."""
    reasons = {
        "served_by": f"image {one.lost_to} serves the same about as well or better",
        "looks_like": f"looks like image {one.lost_to}",
        "no_slot": "no slot is left for it",
        "serves_nothing": "serves nothing that the prompt names",
    }
    return PassedOverImage(
        image_id=one.image_id, title=title, code=one.code, lost_to=one.lost_to, reason=reasons[one.code]
    )
