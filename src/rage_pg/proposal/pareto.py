"""The Pareto set of images by the concepts that they serve (sub-dimensional retrieval, Cross-Modal RAG).

That work sends the union, over all positive weightings of the concepts, of the images with the greatest sum
of the weights of what they serve, plus their dense score, which counts little. That is, without trying
weightings: of the sets of concepts that no other image's set contains, the best image each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def frontier(masks: Sequence[int], best_first: Sequence[int]) -> list[int]:
    """The rows of the Pareto set, best first. What serves nothing is never in it."""
    best: dict[int, int] = {}
    for row in best_first:
        best.setdefault(masks[row], row)
    best.pop(0, None)
    widest = set(maximal(list(best)))
    return [row for mask, row in best.items() if mask in widest]


def maximal(masks: Sequence[int]) -> list[int]:
    """Those of the masks that no other contains."""
    rest = np.array(sorted(set(masks), key=lambda mask: (-mask.bit_count(), mask)), dtype=np.uint64)
    kept: list[int] = []
    while rest.size:
        # The first has the most bits of what is left, so nothing left contains it.
        widest = rest[0]
        kept.append(int(widest))
        rest = rest[(rest & ~widest) != 0]
    return kept
