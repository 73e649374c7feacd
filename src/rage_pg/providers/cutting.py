"""Cuts what a picture shows out of its background: by its own transparency, or where that is one colour."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Marks: TypeAlias = NDArray[np.bool_]
"""Shape (height, width)."""

WORK_SIDE = 1024
"""Pixels on the longer side at which the background is looked for."""
LIKE = 26
"""How far a colour of the background may be from that of the border (of 255, in each channel)."""
PLAIN = 0.9
"""The share of the border that must be of one colour."""
LEAST, MOST = 0.005, 0.97
"""Shares of the picture that what is cut out may have."""


def cut_out(picture: Image.Image) -> Image.Image | None:
    """The picture with its background transparent, as RGBA; None where it does not stand out from it.

    Transparency that a picture has is kept as it is. Else the background is what can be reached from the
    border over pixels of the border's colour: what has that colour within the outline stays.
    """
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema()[0] == 0:
        return picture
    colours = picture.convert("RGB")
    scale = min(1.0, WORK_SIDE / max(colours.size))
    sides = max(1, round(colours.width * scale)), max(1, round(colours.height * scale))
    pixels = np.asarray(colours.resize(sides, Image.Resampling.BOX), dtype=np.int16)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = np.median(border, axis=0)
    if _like(border, colour).mean() < PLAIN:
        return None
    kept = ~_reached(_like(pixels, colour))
    if not LEAST <= kept.mean() <= MOST:
        return None
    found = colours.convert("RGBA")
    found.putalpha(_outline(kept).resize(colours.size, Image.Resampling.BICUBIC))
    return found


def _like(pixels: NDArray[np.int16], colour: NDArray[np.floating]) -> Marks:
    like: Marks = np.abs(pixels - colour).max(axis=-1) <= LIKE
    return like


def _outline(kept: Marks) -> Image.Image:
    """Soft, and a pixel further in: the outermost pixels are mixed with the background's colour."""
    mask = Image.fromarray(kept.astype(np.uint8) * 255, "L")
    return mask.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(0.7))


def _reached(open_: Marks) -> Marks:
    """The open pixels that a walk from the border reaches, up, down and sideways."""
    reached = np.zeros_like(open_)
    for edge in (np.s_[0, :], np.s_[-1, :], np.s_[:, 0], np.s_[:, -1]):
        reached[edge] = open_[edge]
    rows, columns = _runs(open_), _runs(open_.T)
    before = -1
    while (now := int(reached.sum())) != before:
        before = now
        reached = _along(rows, open_, reached)
        reached = _along(columns, open_.T, reached.T).T
    return reached


def _runs(open_: Marks) -> NDArray[np.int64]:
    """The number of the run of open pixels, along its row, that each of them is in."""
    starts = open_.copy()
    starts[:, 1:] &= ~open_[:, :-1]
    runs: NDArray[np.int64] = np.cumsum(starts.ravel(), dtype=np.int64).reshape(open_.shape)
    return runs


def _along(runs: NDArray[np.int64], open_: Marks, reached: Marks) -> Marks:
    """Every run of which one pixel is reached."""
    hit = np.zeros(int(runs[-1, -1]) + 1, dtype=bool)
    hit[runs[reached]] = True
    along: Marks = hit[runs] & open_
    return along
