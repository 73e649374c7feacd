"""Fills a hole in a picture from what is around it: smoothly, with no thing in it."""

from __future__ import annotations

from PIL import Image, ImageChops

WORK_SIDE = 1024
"""Pixels on the longer side at which it is filled: what is smooth needs no more."""


def filled(picture: Image.Image, hole: Image.Image) -> Image.Image:
    """The RGB of a picture with new colours where the mask `hole` is above 0.

    Clear pixels lend no colour. A hole that leaves nothing of the picture becomes black.
    """
    known = hole.point(lambda value: 0 if value else 255)
    if picture.mode == "RGBA":
        known = ImageChops.darker(known, picture.getchannel("A"))
    seen = picture.convert("RGB")
    seen.putalpha(known)
    scale = max(1, -(-max(picture.size) // WORK_SIDE))
    small = _closed(_smaller(seen, scale) if scale > 1 else seen)
    around = small.resize(picture.size, Image.Resampling.BICUBIC)
    return Image.composite(around, picture.convert("RGB"), hole.point(lambda value: 255 if value else 0))


def _closed(seen: Image.Image) -> Image.Image:
    """RGB. Where a pixel is not known, it has the colour of the next larger square that holds a known one."""
    known = seen.getchannel("A")
    if known.getextrema()[0] == 255 or seen.size == (1, 1):
        return seen.convert("RGB")
    around = _closed(_smaller(seen, 2)).resize(seen.size, Image.Resampling.BILINEAR)
    return Image.composite(seen.convert("RGB"), around, known)


def _smaller(seen: Image.Image, factor: int) -> Image.Image:
    """Each pixel the mean of the known ones of its square, and known if one of them is."""
    small = seen.convert("RGBa").reduce(factor).convert("RGBA")
    known = small.getchannel("A").point(lambda value: min(255, value * factor * factor))
    small.putalpha(known)
    return small
