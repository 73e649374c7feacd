"""How far a file is followed that was made to be followed for ever."""

from __future__ import annotations

from collections.abc import Iterator

MOST_STEPS = 250_000
"""Segments, chunks, blocks or boxes of one file. A picture of 50 MB has some thousands."""
MOST_FRAMES = 10_000


class Unclear(Exception):
    """What is said of the file's parts does not fit together, so what is in them cannot be told apart."""


class CutOff(Unclear):
    """A part of the file lies beyond its end."""


class Endless(Unclear):
    """More parts or frames than any picture has."""


def steps() -> Iterator[int]:
    """Counts up. Raises Endless where a loop goes on for longer than any picture is."""
    yield from range(MOST_STEPS)
    raise Endless


def number(content: bytes, start: int, length: int, order: str = "big") -> int:
    """The unsigned number at a place. Raises CutOff beyond the end."""
    if start < 0 or start + length > len(content):
        raise CutOff
    return int.from_bytes(content[start : start + length], "little" if order == "little" else "big")
