"""A picture brought within so many pixels and bytes, with as little loss as that takes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image

from rage_pg.providers.capabilities import Format
from rage_pg.providers.pictures import encoded_picture
from rage_pg.providers.ports import GeneratedImage

LEAST_STEP = 0.9
"""A picture that has too many bytes is scaled by this at most, so that a few steps are enough."""
AIM = 0.97
"""A little below the room, as bytes do not go by pixels exactly."""


def encodings(picture: Image.Image, formats: Sequence[Format], *, lossy: bool) -> list[Format]:
    """Of the formats those to try, the one that loses least first; `lossy`: the source has lost already."""
    if picture.mode == "RGBA":
        order: list[Format] = ["png", "webp"]
        return [one for one in order if one in formats] or ["jpeg"]
    order = ["jpeg", "webp"] if lossy else ["png", "jpeg", "webp"]
    return [one for one in order if one in formats] or ["png"]


def within_pixels(picture: Image.Image, most: int | None) -> Image.Image:
    """The picture with at most `most` pixels, of the same shape."""
    # Again for one so narrow that its short side cannot go down with the long one.
    while most is not None and (pixels := picture.width * picture.height) > most:
        picture = _scaled(picture, math.sqrt(most / pixels))
    return picture


def fitted(
    picture: Image.Image, formats: Sequence[Format], room: int
) -> tuple[GeneratedImage, tuple[int, int]]:
    """The picture in at most `room` bytes, and its size; smaller only where no format is enough.

    `room` must hold a picture of a few pixels: some thousand bytes.
    """
    for one in formats:
        made = encoded_picture(picture, one)
        if len(made.content) <= room:
            return made, picture.size
    while len(made.content) > room:
        scale = min(LEAST_STEP, AIM * math.sqrt(room / len(made.content)))
        picture = _scaled(picture, scale)
        made = encoded_picture(picture, formats[-1])
    return made, picture.size


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    """Rounded down, so that no bound is passed."""
    width, height = (max(1, math.floor(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)
