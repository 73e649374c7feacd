"""Why the candidates that are not proposed are not, and which reference each lost to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct

from rage_pg.proposal.likeness import alike
from rage_pg.proposal.scored import Flags, Numbers, Scored, Table

MOST_PASSED_OVER = 20

FUZZ = 1e-9

Code: TypeAlias = Literal["served_by", "looks_like", "no_slot", "serves_nothing"]


class PassedOver(Struct, frozen=True, kw_only=True):
    """A candidate that is not proposed.

    looks_like: it looks like `lost_to`, which serves all that it serves. no_slot: it serves what was wanted
    and that no reference serves about as well. served_by: of the references, `lost_to` serves the most
    of what it serves. serves_nothing.
    """

    image_id: int
    code: Code
    lost_to: int | None = None


class Taken(Struct, frozen=True, kw_only=True):
    """The references, with how well each serves each concept. `wanted`: what nothing chosen serves."""

    images: Sequence[Scored]
    services: Numbers
    wanted: Flags
    margin: float
    full: bool


def passed_over(table: Table, taken: Taken) -> tuple[PassedOver, ...]:
    """The best MOST_PASSED_OVER of the candidates that are no references: what serves most first."""
    ids = {image.image_id for image in taken.images}
    rows = [row for row in table.best_first(table.totals) if table.images[row].image_id not in ids]
    return tuple(_passed(table, row, taken) for row in rows[:MOST_PASSED_OVER])


def _passed(table: Table, row: int, taken: Taken) -> PassedOver:
    image, services = table.images[row], table.services[row]
    if not services.any():
        return PassedOver(image_id=image.image_id, code="serves_nothing")
    for reference, of_reference in zip(taken.images, taken.services, strict=True):
        if not (of_reference[services > 0] == 0).any() and alike(image, reference):
            return PassedOver(image_id=image.image_id, code="looks_like", lost_to=reference.image_id)
    served = taken.services.max(axis=0, initial=0.0)
    if taken.full and (taken.wanted & (services > served + taken.margin + FUZZ)).any():
        return PassedOver(image_id=image.image_id, code="no_slot")
    # The first of equals: the person's choice before what is proposed.
    best = int(np.minimum(taken.services, services).sum(axis=1).round(9).argmax())
    return PassedOver(image_id=image.image_id, code="served_by", lost_to=taken.images[best].image_id)
