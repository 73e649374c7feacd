"""What a selection goes by: how well each image serves each concept, and what it looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

MOST_CONCEPTS = 32

Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Masks: TypeAlias = NDArray[np.uint64]
"""One bit a concept: bit 0 is concept 0."""


class Scored(Struct, frozen=True, kw_only=True, eq=False):
    """An image and what it is worth to a prompt.

    `serves`: how well it serves a concept, by the concept's number, 0 to 1; what is absent it does not serve.
    `relevance`: its dense score for the whole prompt, on the search's own scale. `perceptual_hash`: 64 bits
    as a number. `vector`: of length 1, in the space of the other images' (an array is read faster).
    """

    image_id: int
    serves: Mapping[int, float] = field(default_factory=dict)
    relevance: float = 0.0
    perceptual_hash: int | None = None
    vector: NDArray[np.float32] | Sequence[float] | None = None


class Table:
    """Images in the order of their ids; `services` (images, concepts) is 0 wherever it is below `least`."""

    def __init__(self, images: Sequence[Scored], concepts: int, least: float) -> None:
        self.images = images
        self.ids: NDArray[np.int64] = np.array([image.image_id for image in images], dtype=np.int64)
        relevance: Numbers = np.array([image.relevance for image in images], dtype=np.float64)
        self.relevance: Numbers = np.where(np.isnan(relevance), -np.inf, relevance)
        self.services = services_of(images, concepts, least)
        self.masks = masks_of(self.services > 0)
        self.totals: Numbers = self.services.sum(axis=1)

    def best_first(self, worth: Numbers) -> list[int]:
        """All rows, by worth; ties by relevance, then by id."""
        # Sums of the same services in another order are to be ties.
        rows: list[int] = np.lexsort((self.ids, -self.relevance, -worth.round(9))).tolist()
        return rows


def services_of(images: Sequence[Scored], concepts: int, least: float) -> Numbers:
    """(images, concepts), 0 to 1. Raises ValueError for a concept that there is not."""
    services: Numbers = np.zeros((len(images), concepts))
    rows = [row for row, image in enumerate(images) for _ in image.serves]
    columns = [concept for image in images for concept in image.serves]
    if columns and not 0 <= min(columns) <= max(columns) < concepts:
        raise ValueError(f"Concepts are numbered 0 to {concepts - 1}, not {min(columns)} to {max(columns)}.")
    services[rows, columns] = [service for image in images for service in image.serves.values()]
    # What is not a number is below any bound.
    return np.where(services >= least, services.clip(0, 1), 0.0)


def masks_of(flags: Flags) -> Masks:
    """(images, concepts) as one mask an image."""
    powers = np.left_shift(np.uint64(1), np.arange(flags.shape[1], dtype=np.uint64))
    masks: Masks = (flags * powers).sum(axis=1, dtype=np.uint64)
    return masks


def concepts_of(mask: int) -> list[int]:
    return [concept for concept in range(mask.bit_length()) if mask >> concept & 1]
