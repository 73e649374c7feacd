"""A text of many lines, looked up without taking it apart: as large in memory as it is, and read at once."""

from __future__ import annotations

import numpy as np


class Lines:
    """The lines by their number from 0; those of a sorted text also by how they start."""

    def __init__(self, text: bytes) -> None:
        self._text = text.removesuffix(b"\n")
        ends = np.flatnonzero(np.frombuffer(self._text, dtype=np.uint8) == ord("\n")).astype(np.int32)
        self._starts = np.concatenate([[0], ends + 1]).astype(np.int32)
        self._ends = np.concatenate([ends, [len(self._text)]]).astype(np.int32)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> str:
        return self._bytes(number).decode()

    def starting(self, field: str) -> str | None:
        """The line whose first field, to the tab, is this. The lines are in the order of those fields."""
        sought = field.encode(errors="replace")
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            line = self._bytes(middle)
            found = line[: line.index(b"\t")]
            if found == sought:
                return line.decode()
            low, high = (middle + 1, high) if found < sought else (low, middle)
        return None

    def _bytes(self, number: int) -> bytes:
        return self._text[int(self._starts[number]) : int(self._ends[number])]
