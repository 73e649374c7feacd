"""Candidates → the references that are proposed, and why the others are not. Pure: no database, no encoder.

What the person chose comes first and stays, whatever it serves. The slots that are left go to the concepts
that nothing chosen serves, each concept once: see `picking`. What serves no concept is never proposed, so a
selection may be empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from rage_pg.proposal import reasons
from rage_pg.proposal.diversity import Spread
from rage_pg.proposal.likeness import alike
from rage_pg.proposal.passing import PassedOver, Taken, passed_over
from rage_pg.proposal.picking import Picks, Terms, pick
from rage_pg.proposal.scored import MOST_CONCEPTS, Flags, Numbers, Scored, Table, services_of

LEAST = 0.3
"""The service below which an image does not serve a concept."""

MARGIN = 0.1
"""By how much an image may serve a concept less than the best one and still count as about as good."""

MOST_FILLING = 100
"""Candidates that empty slots may be filled from: those that serve a concept best."""


class Pick(Struct, frozen=True, kw_only=True):
    """A reference. `serves`: the concepts that it is there for, by number; of a chosen one, all it serves."""

    image_id: int
    serves: tuple[int, ...]
    reason: str
    chosen: bool = False


class Selection(Struct, frozen=True, kw_only=True):
    """`references`: those chosen, then those proposed. `unserved`: concepts that nothing serves.

    `without_slot`: concepts that candidates serve, but no reference does. `passed_over`: the best of the
    candidates that are not proposed.
    """

    references: tuple[Pick, ...] = ()
    unserved: tuple[int, ...] = ()
    without_slot: tuple[int, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


def select(
    candidates: Sequence[Scored],
    concepts: Sequence[str],
    *,
    slots: int,
    chosen: Sequence[Scored] = (),
    weights: Sequence[float] | None = None,
    least: float = LEAST,
    margin: float = MARGIN,
    diversity: float = 0.0,
    fill: bool = False,
) -> Selection:
    """The references for a prompt with these concepts, of a model that takes `slots` of them.

    `weights`: what a concept counts where the slots do not suffice for all, 1 unless told otherwise.
    `diversity`: 0 takes the best for a concept, 1, of those that serve it about as well, the one least like
    the other references. `fill`: slots that are left go to what serves concepts that are served already.
    The order of the candidates is of no account. Raises ValueError for numbers that make no sense.
    """
    weights = [1.0] * len(concepts) if weights is None else weights
    _check(concepts, weights, least, margin, diversity)
    chosen = list({image.image_id: image for image in chosen}.values())
    table = Table(_offered(candidates, chosen), len(concepts), least)
    by_choice = services_of(chosen, len(concepts), least)
    wanted = by_choice.max(axis=0, initial=0.0) == 0
    left = max(0, slots - len(chosen))
    terms = Terms(weights=weights, wanted=wanted, slots=left, margin=margin, diversity=diversity)
    picks = pick(table, chosen, terms)
    extras = _extras(table, picks, chosen, terms) if fill else []
    references = (
        *_choices(chosen, by_choice, concepts),
        *_proposals(table, picks, wanted, concepts),
        *_additions(table, extras, concepts),
    )
    rows = [*picks, *extras]
    images = [*chosen, *(table.images[row] for row in rows)]
    services = np.vstack([by_choice, table.services[rows]])
    full = len(rows) == left
    taken = Taken(images=images, services=services, wanted=wanted, margin=margin, full=full)
    return _answer(table, references, taken)


def _answer(table: Table, references: tuple[Pick, ...], taken: Taken) -> Selection:
    served = taken.services.max(axis=0, initial=0.0) > 0
    servable = table.services.max(axis=0, initial=0.0) > 0
    return Selection(
        references=references,
        unserved=_numbers(~served & ~servable),
        without_slot=_numbers(servable & ~served),
        passed_over=passed_over(table, taken),
    )


def _check(
    concepts: Sequence[str], weights: Sequence[float], least: float, margin: float, diversity: float
) -> None:
    if len(concepts) > MOST_CONCEPTS:
        raise ValueError(f"{len(concepts)} concepts; at most {MOST_CONCEPTS} are selected for.")
    if len(weights) != len(concepts) or not all(0.001 <= weight <= 1000 for weight in weights):
        raise ValueError("Each concept has one weight, of 0.001 to 1000.")
    for name, share in (("least", least), ("margin", margin), ("diversity", diversity)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is {share}; it goes from 0 to 1.")


def _offered(candidates: Sequence[Scored], chosen: Sequence[Scored]) -> list[Scored]:
    """By id, each once: given twice, the one that serves more; without what is chosen already."""
    ids = {image.image_id for image in chosen}
    worst_first = sorted(candidates, key=lambda image: (sum(image.serves.values()), image.relevance))
    offered = {image.image_id: image for image in worst_first if image.image_id not in ids}
    return [offered[image_id] for image_id in sorted(offered)]


def _extras(table: Table, picks: Picks, chosen: Sequence[Scored], terms: Terms) -> list[int]:
    """What the slots that are left are filled with: what serves something and looks like no reference."""
    worth: Numbers = table.services.max(axis=1, initial=0.0)
    rows = [row for row in table.best_first(worth) if worth[row] and row not in picks][:MOST_FILLING]
    spread = Spread(table, [*chosen, *(table.images[row] for row in picks)])
    rows = [row for row in rows if not any(alike(table.images[row], other) for other in spread.selected)]
    extras: list[int] = []
    while rows and len(picks) + len(extras) < terms.slots:
        best = spread.best(rows, worth, terms.diversity)
        extras.append(best)
        spread.selected.append(table.images[best])
        rows = [row for row in rows if row != best and not alike(table.images[row], table.images[best])]
    return extras


def _choices(chosen: Sequence[Scored], services: Numbers, concepts: Sequence[str]) -> Iterator[Pick]:
    for image, of_image in zip(chosen, services, strict=True):
        serves = _numbers(of_image > 0)
        reason = reasons.of_chosen([concepts[concept] for concept in serves])
        yield Pick(image_id=image.image_id, serves=serves, reason=reason, chosen=True)


def _proposals(table: Table, picks: Picks, wanted: Flags, concepts: Sequence[str]) -> Iterator[Pick]:
    """Each wanted concept once: to the pick that serves it best of those that were taken for it."""
    serves: dict[int, list[int]] = {row: [] for row in picks}
    for concept in _numbers(wanted):
        taken_for_it = [row for row, mask in picks.items() if mask >> concept & 1]
        rows = taken_for_it or [row for row in picks if table.services[row, concept]]
        if rows:
            # Of equals the first, which covers more.
            serves[rows[int(table.services[rows, concept].argmax())]].append(concept)
    for row, numbers in serves.items():
        reason = reasons.of_pick(table, row, numbers, concepts)
        yield Pick(image_id=table.images[row].image_id, serves=tuple(numbers), reason=reason)


def _additions(table: Table, extras: Sequence[int], concepts: Sequence[str]) -> Iterator[Pick]:
    for row in extras:
        serves = _numbers(table.services[row] > 0)
        reason = reasons.of_extra([concepts[concept] for concept in serves])
        yield Pick(image_id=table.images[row].image_id, serves=serves, reason=reason)


def _numbers(flags: Flags) -> tuple[int, ...]:
    return tuple(np.flatnonzero(flags).tolist())
