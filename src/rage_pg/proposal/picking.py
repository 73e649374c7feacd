"""Which candidates are proposed: the widest coverage by the best images, no two of them look-alikes.

An image counts for a concept where it serves it about as well as the best one does, within a margin. So one
picture that shows both of two things well takes the place of two, and one that merely mentions both does not.
Only where the slots do not suffice for every concept is the margin widened: then a picture that serves two
concepts fairly may be worth more than one that serves one well, whichever serves more in sum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from rage_pg.proposal.covering import Option, cover, union, weight_of
from rage_pg.proposal.diversity import Spread
from rage_pg.proposal.likeness import alike
from rage_pg.proposal.pareto import frontier
from rage_pg.proposal.scored import Flags, Numbers, Scored, Table, concepts_of, masks_of

WIDER = (1.0, 3.0)
"""Times the margin; the last resort counts whatever an image serves at all."""

FUZZ = 1e-9

Picks = dict[int, int]
"""Rows, each with the mask of what it is taken for; the one that covers the most first."""


class Terms(Struct, frozen=True, kw_only=True):
    """What a selection is held to. `wanted`: flags of the concepts that nothing chosen serves."""

    weights: Sequence[float]
    wanted: Flags
    slots: int
    margin: float
    diversity: float


def pick(table: Table, chosen: Sequence[Scored], terms: Terms) -> Picks:
    """The proposed rows. Of two look-alikes the better is kept, and something else is sought for the rest."""
    usable = np.ones(len(table.images), dtype=np.bool_)
    while True:
        picks = _varied(table, _widest(table, usable, terms), usable, chosen, terms)
        keeper = _twinned(table, picks)
        if keeper is None:
            return picks
        usable[_doubles(table, keeper, usable)] = False


def _widest(table: Table, usable: Flags, terms: Terms) -> Picks:
    """The picks that serve the most in sum, whatever the margin; of equals those of the narrower."""
    services = np.where(usable[:, None] & terms.wanted, table.services, 0.0)
    if not services.any():
        return {}
    servable = union(masks_of(services > 0).tolist())
    best, most = Picks(), 0.0
    for margin in (*(terms.margin * times for times in WIDER), 1.0):
        picks = _improved(services, _within(table, services, margin, terms), terms)
        served = float(services[list(picks)].max(axis=0, initial=0.0) @ np.asarray(terms.weights))
        if served > most + FUZZ:
            best, most = picks, served
        if union(picks.values()) == servable:
            break
    return best


def _within(table: Table, services: Numbers, margin: float, terms: Terms) -> Picks:
    """The best coverage where an image counts for what it serves within a margin of the best."""
    flags = (services > 0) & (services >= services.max(axis=0) - margin - FUZZ)
    worth = (services * flags).sum(axis=1)
    masks = masks_of(flags).tolist()
    rows = frontier(masks, table.best_first(worth))
    # The mean: to be covered twice is worth nothing.
    options = [Option(masks[row], worth[row] / masks[row].bit_count()) for row in rows]
    taken = [rows[position] for position in cover(options, terms.weights, terms.slots)]
    taken.sort(key=lambda row: (-weight_of(masks[row], terms.weights), rows.index(row)))
    return {row: masks[row] for row in taken}


def _improved(services: Numbers, picks: Picks, terms: Terms) -> Picks:
    """Slots that a wide margin has saved go to what serves a concept better by more than the margin."""
    while picks and len(picks) < terms.slots:
        flags = np.array(
            [[mask >> concept & 1 for concept in range(services.shape[1])] for mask in picks.values()]
        )
        served = (services[list(picks)] * flags).max(axis=0)
        better = services > served + terms.margin + FUZZ
        gains = (np.where(better, services - served, 0.0) @ np.asarray(terms.weights)).round(9)
        row = int(gains.argmax())
        if not gains[row]:
            break
        gained = masks_of(better[row : row + 1]).item()
        picks = {other: mask & ~gained for other, mask in picks.items() if mask & ~gained}
        picks[row] = picks.get(row, 0) | gained
    return picks


def _varied(table: Table, picks: Picks, usable: Flags, chosen: Sequence[Scored], terms: Terms) -> Picks:
    """Each pick, or in its place one that serves the same about as well and looks more different."""
    if not terms.diversity:
        return picks
    varied, spread = Picks(), Spread(table, chosen)
    for row, mask in picks.items():
        worth = table.services[:, concepts_of(mask)].mean(axis=1)
        good = _equals(table, row, mask, terms.margin) & usable
        good[[other for other in (*varied, *picks) if other != row]] = False
        ranked = [other for other in table.best_first(worth) if good[other]]
        # There is at least one: the pick is its own equal.
        best = spread.best(ranked, worth, terms.diversity)
        varied[best] = mask
        spread.selected.append(table.images[best])
    return varied


def _equals(table: Table, row: int, mask: int, margin: float) -> Flags:
    """The rows that serve each concept of a mask about as well as one does, or better."""
    services = table.services[:, concepts_of(mask)]
    equals: Flags = ((services > 0) & (services >= services[row] - margin - FUZZ)).all(axis=1)
    return equals


def _twinned(table: Table, picks: Picks) -> int | None:
    """A pick that another one looks like, the better one of the two; None: all look different."""
    better_first = sorted(picks, key=lambda row: (-table.totals[row].round(9), -table.relevance[row], row))
    usable = np.zeros(len(table.images), dtype=np.bool_)
    usable[list(picks)] = True
    return next((row for row in better_first if _doubles(table, row, usable)), None)


def _doubles(table: Table, keeper: int, among: Flags) -> list[int]:
    """Rows that look like one that serves whatever they serve."""
    same: list[int] = np.flatnonzero(among & ((table.masks & ~table.masks[keeper]) == 0)).tolist()
    return [row for row in same if row != keeper and alike(table.images[keeper], table.images[row])]
