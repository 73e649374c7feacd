"""Size, sharpness and contrast of one picture, by the operations its request names. Pure Pillow."""

from __future__ import annotations

import re
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageOps

WORDS = {
    "contrast": re.compile(r"\b(contrast|levels|faded|washed|dull|hazy)", re.IGNORECASE),
    "enlarge": re.compile(r"\b(enlarge|upscal|upsiz|larger|bigger|resiz|resolution)", re.IGNORECASE),
    "sharpen": re.compile(r"\b(sharp|crisp|blur|unfocus|out of focus)", re.IGNORECASE),
}
FACTOR = 2
MAX_SIDE = 4096
VISIBLE = 3
"""Steps (of 255) that some pixel must change by, or the picture counts as the same."""


def named_operations(prompt: str, *, resized: bool) -> tuple[str, ...]:
    """The operations that a prompt's plain words (or a size) ask for; all of them when none is named."""
    named = {name for name, words in WORDS.items() if words.search(prompt)}
    if resized:
        named.add("enlarge")
    return tuple(name for name in WORDS if name in (named or WORDS))


def enhanced(picture: Image.Image, operations: tuple[str, ...], box: tuple[int, int] | None) -> Image.Image:
    """Apply the operations to an RGB or RGBA picture: contrast first, then size, then sharpness.

    `box` is the size to fit into, the proportions kept; without it, enlarging doubles both sides.
    """
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    result = picture
    if "contrast" in operations:
        # Tone alone is stretched: stretching each colour by itself would shift a brand's colours.
        seen = alpha.point(lambda value: 255 if value else 0) if alpha is not None else None
        stretched = ImageOps.autocontrast(result.convert("RGB"), cutoff=0.5, preserve_tone=True, mask=seen)
        result = _with_alpha(Image.blend(result.convert("RGB"), stretched, 0.7), alpha)
    if "enlarge" in operations:
        result = result.resize(_target(result.size, box), Image.Resampling.LANCZOS)
    if "sharpen" in operations:
        result = _sharpened(result)
    return result


def _sharpened(picture: Image.Image) -> Image.Image:
    colours = picture.convert("RGB")
    radius = max(2.0, max(picture.size) / 500)
    sharp = colours.filter(ImageFilter.UnsharpMask(radius, percent=120, threshold=1))
    if picture.mode != "RGBA":
        return sharp
    # Under transparency lies any colour: it must not bleed into the outline.
    alpha = picture.getchannel("A")
    inside = alpha.point(lambda value: 255 if value == 255 else 0).filter(ImageFilter.MinFilter(5))
    return _with_alpha(Image.composite(sharp, colours, inside), alpha)


def differs(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures can be told apart: by their size, or by some pixel that can be seen."""
    if one.size != other.size:
        return True
    # In RGBa a colour counts for as much as it is opaque.
    first, second = (each.convert("RGBA").convert("RGBa") for each in (one, other))
    bands: Any = ImageChops.difference(first, second).getextrema()
    return any(greatest >= VISIBLE for _, greatest in bands)


def _target(size: tuple[int, int], box: tuple[int, int] | None) -> tuple[int, int]:
    limit = box or tuple(min(side * FACTOR, MAX_SIDE) for side in size)
    scale = min(bound / side for bound, side in zip(limit, size, strict=True))
    if box is None:
        scale = max(scale, 1.0)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _with_alpha(picture: Image.Image, alpha: Image.Image | None) -> Image.Image:
    if alpha is not None:
        picture.putalpha(alpha)
    return picture
