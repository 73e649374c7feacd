"""Maximal marginal relevance (Carbonell & Goldstein 1998): service against likeness to what is selected."""

from __future__ import annotations

from collections.abc import Sequence

from rage_pg.proposal.likeness import similarity
from rage_pg.proposal.scored import Numbers, Scored, Table

MOST_COMPARED = 50
"""Candidates for one place that are compared with what is selected: those that serve best."""


class Spread:
    """What is selected so far, and how much each row of a table is like it."""

    def __init__(self, table: Table, selected: Sequence[Scored]) -> None:
        self.selected = list(selected)
        self._table = table
        self._nearest: dict[int, tuple[int, float]] = {}

    def best(self, ranked: Sequence[int], worth: Numbers, diversity: float) -> int:
        """The row with the greatest (1 - diversity)·worth - diversity·(likeness to the nearest selected).

        Of equals the first. `ranked`: one at least, the best first. `worth`: of every row, 0 to 1.
        """
        if not diversity:
            return ranked[0]
        values = {
            row: (1 - diversity) * worth[row] - diversity * self._likeness(row)
            for row in ranked[:MOST_COMPARED]
        }
        return max(values, key=lambda row: round(values[row], 9))

    def _likeness(self, row: int) -> float:
        """What was selected since the row was looked at last is all that is compared."""
        seen, nearest = self._nearest.get(row, (0, 0.0))
        image = self._table.images[row]
        nearest = max([nearest, *(similarity(image, other) for other in self.selected[seen:])])
        self._nearest[row] = (len(self.selected), nearest)
        return nearest
