"""The filters under which searches are compared. How each contender writes them stands with the contender."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.clustered_store import Clustered, Mask


@dataclass(frozen=True)
class Shape:
    """One kind of filter: which images pass it, and what it asks for. What is not given sets no limit."""

    name: str
    passing: Mask
    brand: int | None = None
    """By its number in the store; its name in rage-pg is `brand_name`."""
    tags: tuple[str, ...] = ()
    among: tuple[int, ...] | None = None

    @property
    def matches(self) -> int:
        return int(self.passing.sum())

    @property
    def brand_name(self) -> str | None:
        return None if self.brand is None else f"brand {self.brand}"


def shapes_of(store: Clustered, *, among: int = 1000) -> Sequence[Shape]:
    """`among`: how many ids the last one names."""
    count = len(store.vectors)
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[np.random.default_rng(11).choice(count, among, replace=False)] = True
    ids = tuple(int(place) + 1 for place in np.flatnonzero(chosen))
    return (
        Shape("no filter", np.ones(count, dtype=np.bool_)),
        Shape("one brand of ten", store.brands == 3, brand=3),
        _tagged(store, "tags, 10 %", "ten a"),
        _tagged(store, "tags, 1 %", "one"),
        _tagged(store, "tags, 0.1 %", "tenth"),
        _tagged(store, "tags, two of 10 %", "ten a", "ten b"),
        _tagged(store, "tags, 10 %, far from the query", "far"),
        Shape(f"among {among:,} ids", chosen, among=ids),
    )


def _tagged(store: Clustered, name: str, *tags: str) -> Shape:
    masks = [store.tags[tag] for tag in tags]
    return Shape(name, np.logical_and.reduce(masks), tags=tags)
