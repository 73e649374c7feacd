"""What a picture looks like, in 64 bits: near pictures have hashes of which few bits differ."""

from __future__ import annotations

from io import BytesIO

import imagehash
import numpy as np
from PIL import Image

BITS = 64
SIDE = 32
"""Pixels a side of the grey picture that is hashed."""

LEAST_SPREAD = 4.0
"""Standard deviation of that picture's greys (of 255) below which it shows nothing that a hash could tell."""

GROUNDS = (255, 0)
"""What transparency is laid on: white, and black for what does not show on white."""


def perceptual_hash(thumbnail: bytes) -> str | None:
    """The DCT hash of a thumbnail as 64 digits 0 and 1, or None for a flat picture, of hardly any contrast.

    Resized or encoded anew, a picture keeps its hash but for a few bits; mirrored, turned or cropped by
    more than a few percent it has another one. The hash of a flat picture would be noise. `thumbnail` must
    be intact.
    """
    with Image.open(BytesIO(thumbnail)) as picture:
        shown = picture.convert("RGBA" if picture.has_transparency_data else "L")
    for ground in GROUNDS if shown.mode == "RGBA" else GROUNDS[:1]:
        grey = _on(shown, ground).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        if float(np.asarray(grey).std()) >= LEAST_SPREAD:
            return "".join("1" if bit else "0" for bit in imagehash.phash(grey).hash.flat)
    return None


def _on(picture: Image.Image, ground: int) -> Image.Image:
    """The picture in grey, its transparency laid on a ground."""
    if picture.mode != "RGBA":
        return picture
    return Image.alpha_composite(
        Image.new("RGBA", picture.size, (ground, ground, ground, 255)), picture
    ).convert("L")
