"""Where pieces can stand in a background: a shelf that is seen from the front, and the free part of it.

A floor needs no search: it is at the bottom of a picture. It is done on a small copy; colours have 255 steps.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

Pixels: TypeAlias = NDArray[np.float32]
"""Shape (height, width, 3)."""
Marks: TypeAlias = NDArray[np.bool_]

WORK_WIDTH = 384
LEAST_HEIGHT, MOST_HEIGHT = 64, 4 * WORK_WIDTH
"""In pixels of that copy: what is wider or steeper shows no shelf that things could stand on."""
HIGHEST, DEEPEST = 0.4, 0.85
"""Between which shares of the height a shelf is looked for."""
EDGE = 45
"""How far the colours of a shelf and of the wall above and below it lie apart at least."""
ONE_COLOUR = 34
"""How far the colours of one shelf, or of one wall, may lie apart."""
ON_IT = 18
"""How far the colour of a thing that stands on a shelf is from that of the wall."""
WIDE, FREE = 0.4, 0.22
"""Shares of the width: a shelf has at least the one, and at least the other with nothing on it."""
THINNEST, THICKEST = 0.012, 0.11
"""Shares of the height: what is thicker is a table or a floor, on which things stand further down."""


class Shelf(Struct, frozen=True):
    """A level edge to stand on, as shares of the picture: the part with nothing on it, and its height."""

    left: float
    right: float
    top: float


def shelf_in(background: Image.Image) -> Shelf | None:
    """The widest shelf, None where there is none with enough room on it."""
    scale = WORK_WIDTH / background.width
    size = WORK_WIDTH, max(1, round(background.height * scale))
    if not LEAST_HEIGHT <= size[1] <= MOST_HEIGHT:
        return None
    small = background.convert("RGB").resize(size, Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float32)
    found = [_at(pixels, row) for row in range(int(size[1] * HIGHEST), int(size[1] * DEEPEST))]
    row, span = max(enumerate(found, int(size[1] * HIGHEST)), key=lambda one: one[1][1] - one[1][0])
    if span[0] == span[1]:
        return None
    left, right = _free(pixels, row, span)
    if right - left < FREE * size[0]:
        return None
    return Shelf(left / size[0], right / size[0], (row + 0.5) / size[1])


def _at(pixels: Pixels, row: int) -> tuple[int, int]:
    """The columns, from and to, of a shelf whose upper edge is at this row; the same twice: none.

    It is of one colour and thin, with one wall above and below it: so a horizon, a table or a floor is none.
    """
    above, below = pixels[row - 3 : row - 1].mean(axis=0), pixels[row + 1 : row + 3].mean(axis=0)
    edge = np.abs(above - below).max(axis=1) > EDGE
    if edge.mean() < WIDE * 0.8:
        return 0, 0
    colour = np.median(below[edge], axis=0)
    left, right = _longest(edge & _near(below, colour), gap=WORK_WIDTH // 24)
    if right - left < WIDE * WORK_WIDTH:
        return 0, 0
    depth = row + 1
    while depth < len(pixels) and _near(pixels[depth, left:right], colour).mean() > 0.6:
        depth += 1
    thick = (depth - row) / len(pixels)
    if depth + 4 >= len(pixels) or not THINNEST < thick < THICKEST:
        return 0, 0
    wall, under = (np.median(part[left:right], axis=0) for part in (above, pixels[depth + 3]))
    return (left, right) if bool(_near(wall, under)) and not _near(wall, colour) else (0, 0)


def _free(pixels: Pixels, row: int, span: tuple[int, int]) -> tuple[int, int]:
    """The longest part of a shelf above which the wall is seen: what stands there begins at the edge."""
    left, right = span
    strip = pixels[max(0, row - len(pixels) // 16) : row - 2, left:right]
    wall = np.median(strip.reshape(-1, 3), axis=0)
    # Of two columns that differ little a joint of the wall's tiles is no thing that stands there.
    seen = np.median(strip, axis=0)
    start, end = _longest(_near(seen, wall, ON_IT), gap=WORK_WIDTH // 90)
    return left + start, left + end


def _near(colours: Pixels, colour: NDArray[np.floating], most: int = ONE_COLOUR) -> Marks:
    near: Marks = np.abs(colours - colour).max(axis=-1) < most
    return near


def _longest(marks: Marks, gap: int) -> tuple[int, int]:
    """From and to of the longest run of marks, gaps of a few columns closed."""
    best = (0, 0)
    start = last = None
    for column in np.nonzero(marks)[0].tolist():
        if last is None or column - last > gap + 1:
            start = column
        last = column
        if start is not None and column + 1 - start > best[1] - best[0]:
            best = (start, column + 1)
    return best
