"""What is behind the pieces of a composed picture, and the logo in its corner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageStat

TOP, MIDDLE, BOTTOM = (226, 222, 216), (249, 247, 244), (232, 228, 221)
MARGIN = 0.04
LEGIBLE = 70
"""How far the mean lightness of a logo and of what is behind it must differ (of 255)."""


def neutral_backdrop(size: tuple[int, int]) -> Image.Image:
    """A seamless studio backdrop: light behind the group, a little darker above and towards the corners."""
    width, height = size
    down = np.linspace(0.0, 1.0, height)[:, None, None]
    across = np.linspace(-1.0, 1.0, width)[None, :, None]
    top, middle, bottom = (np.array(colour, dtype=np.float64) for colour in (TOP, MIDDLE, BOTTOM))
    wall = top + (middle - top) * np.clip(down / 0.62, 0, 1) ** 0.8
    floor = middle + (bottom - middle) * np.clip((down - 0.62) / 0.38, 0, 1) ** 1.2
    light = np.where(down < 0.62, wall, floor)
    light = light - 14.0 * (across**2 * 0.7 + (down - 0.55) ** 2)
    # Noise below one step of the eight bits keeps the gradient from showing bands.
    noise = np.random.default_rng(0).random((height, width, 1))
    return Image.fromarray(np.clip(light + noise - 0.5, 0, 255).astype(np.uint8), "RGB").convert("RGBA")


def with_logos(canvas: Image.Image, logos: Sequence[Image.Image]) -> Image.Image:
    """Set logos small into the upper right corner, right to left; on a plate where they would not show."""
    width, height = canvas.size
    margin = round(min(width, height) * MARGIN)
    right = width - margin
    for logo in logos:
        scale = min(width * 0.22 / logo.width, height * 0.12 / logo.height)
        small = logo.resize(
            (max(1, round(logo.width * scale)), max(1, round(logo.height * scale))), Image.Resampling.LANCZOS
        )
        place = (right - small.width, margin)
        _plate(canvas, small, place)
        canvas.alpha_composite(small, place)
        right = place[0] - margin
    return canvas


def _plate(canvas: Image.Image, logo: Image.Image, place: tuple[int, int]) -> None:
    box = (place[0], place[1], place[0] + logo.width, place[1] + logo.height)
    mask = logo.getchannel("A")
    ink = ImageStat.Stat(logo.convert("L"), mask).mean[0]
    behind = ImageStat.Stat(canvas.crop(box).convert("L")).mean[0]
    if abs(ink - behind) >= LEGIBLE:
        return
    pad = max(4, round(logo.height * 0.22))
    plate = Image.new("RGBA", canvas.size, (0, 0, 0, 0))
    colour = (255, 255, 255, 205) if ink < 128 else (30, 28, 26, 190)
    grown = (box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad)
    ImageDraw.Draw(plate).rounded_rectangle(grown, pad, fill=colour)
    canvas.alpha_composite(plate)
