"""How much two images look the same, by their perceptual hashes and by their vectors."""

from __future__ import annotations

import numpy as np

from rage_pg.proposal.scored import Scored
from rage_pg.types import LIKENESS

ALIKE_COSINE = 0.97
"""Of two vectors, from which on the images show the same thing but for size, crop or light."""

CHANCE = 32
"""Bits of 64 in which the hashes of pictures that have nothing in common differ."""


def alike(one: Scored, other: Scored) -> bool:
    """Whether the hashes differ in at most LIKENESS bits, or the cosine is at least ALIKE_COSINE."""
    apart = _apart(one, other)
    if apart is not None and apart <= LIKENESS:
        return True
    cosine = _cosine(one, other)
    return cosine is not None and cosine >= ALIKE_COSINE


def similarity(one: Scored, other: Scored) -> float:
    """0 (nothing in common) to 1, as the vectors say; without them the hashes; without either, 0."""
    if (cosine := _cosine(one, other)) is not None:
        return max(0.0, cosine)
    apart = _apart(one, other)
    return 0.0 if apart is None else max(0.0, 1 - apart / CHANCE)


def _apart(one: Scored, other: Scored) -> int | None:
    if one.perceptual_hash is None or other.perceptual_hash is None:
        return None
    # Masked, a hash that was read as a signed number is as good.
    return ((one.perceptual_hash ^ other.perceptual_hash) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def _cosine(one: Scored, other: Scored) -> float | None:
    """None where one has no vector, or the two are of different spaces, as their lengths tell."""
    if one.vector is None or other.vector is None or len(one.vector) != len(other.vector):
        return None
    return float(np.asarray(one.vector) @ np.asarray(other.vector))
