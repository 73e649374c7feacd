"""Maximum coverage: the sets that cover the most weight, by as few of them as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from rage_pg.proposal.scored import concepts_of

MOST_STATES = 5_000
"""Options times sets that they can cover, up to which the optimum is computed.

No Pareto set over 7 concepts is larger (35 sets at most, 128 unions), and few over more are.
"""


_Way: TypeAlias = tuple[float, tuple[int, ...]]
"""How a set is covered, the best the smallest: minus the sum of the worths, and the positions."""


class Option(Struct, frozen=True):
    """A set of concepts that can be taken; `worth` decides between choices that cover as much by as many."""

    mask: int
    worth: float


def cover(options: Sequence[Option], weights: Sequence[float], slots: int) -> tuple[int, ...]:
    """The positions of at most `slots` options, ascending: the most weight covered, then the fewest, then the
    greatest sum of worths, then the earliest.

    The exact optimum within MOST_STATES; beyond, greedily, which covers at least 1 - 1/e of its weight, and
    nothing that the others of the choice make superfluous.
    """
    everything = union(option.mask for option in options)
    unions = 2 ** min(everything.bit_count(), len(options))
    if unions * len(options) <= MOST_STATES:
        return _exactly(options, weights, slots, everything)
    return _greedily(options, weights, slots, everything)


def union(masks: Iterable[int]) -> int:
    united = 0
    for mask in masks:
        united |= mask
    return united


def weight_of(mask: int, weights: Sequence[float]) -> float:
    return round(sum(weights[concept] for concept in concepts_of(mask)), 9)


def _exactly(
    options: Sequence[Option], weights: Sequence[float], slots: int, everything: int
) -> tuple[int, ...]:
    """Layer by layer: of all ways to cover the same set by as many options, the best."""
    reached: dict[int, _Way] = {0: (0.0, ())}
    best: _Way = (0.0, ())
    covered_weight = 0.0
    for _ in range(slots):
        reached = _one_more(options, reached)
        if not reached:
            break
        covered = min(reached, key=lambda mask: (-weight_of(mask, weights), reached[mask]))
        if weight_of(covered, weights) > covered_weight:
            best, covered_weight = reached[covered], weight_of(covered, weights)
        if covered == everything:
            break
    return best[1]


def _one_more(options: Sequence[Option], reached: Mapping[int, _Way]) -> dict[int, _Way]:
    wider: dict[int, _Way] = {}
    for covered, (cost, taken) in reached.items():
        for position, option in enumerate(options):
            united = covered | option.mask
            if united == covered:
                continue
            way = (round(cost - option.worth, 9), tuple(sorted((*taken, position))))
            if united not in wider or way < wider[united]:
                wider[united] = way
    return wider


def _greedily(
    options: Sequence[Option], weights: Sequence[float], slots: int, everything: int
) -> tuple[int, ...]:
    taken: list[int] = []
    gains_of = _Gains(options, weights)
    while (
        len(taken) < slots and (covered := union(options[position].mask for position in taken)) != everything
    ):
        taken.append(gains_of.greatest(covered))
        # What this one covers may make earlier ones superfluous; their slots are free again.
        for position in tuple(taken[:-1]):
            others = [other for other in taken if other != position]
            if options[position].mask & ~union(options[other].mask for other in others) == 0:
                taken = others
    return tuple(sorted(taken))


class _Gains:
    def __init__(self, options: Sequence[Option], weights: Sequence[float]) -> None:
        masks = np.array([option.mask for option in options], dtype=np.uint64)
        bits = np.arange(len(weights), dtype=np.uint64)
        self._weighed = ((masks[:, None] >> bits) & np.uint64(1)) * np.asarray(weights, dtype=np.float64)
        self._worth = np.array([option.worth for option in options])

    def greatest(self, covered: int) -> int:
        """The option that adds the most weight; ties by worth, then the earliest."""
        still_open = [covered >> concept & 1 == 0 for concept in range(self._weighed.shape[1])]
        gains = self._weighed[:, still_open].sum(axis=1).round(9)
        return int(np.lexsort((-self._worth, -gains))[0])
