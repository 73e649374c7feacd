"""Drawn references, and short ways to have the local generator make something of them."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from rage_pg.providers.local import LocalGenerator
from rage_pg.providers.ports import GeneratedImage, GenerationCall, GenerationResult, InputImage
from rage_pg.types import Role

RED, BLUE, GREEN = (200, 30, 40), (30, 60, 200), (40, 150, 70)


def png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def cut_out(colour: tuple[int, int, int], size: tuple[int, int] = (120, 260)) -> Image.Image:
    """A box standing in the middle of a larger transparent picture."""
    picture = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    left, top = (400 - size[0]) // 2, (400 - size[1]) // 2
    ImageDraw.Draw(picture).rectangle((left, top, left + size[0] - 1, top + size[1] - 1), fill=(*colour, 255))
    return picture


def scene() -> Image.Image:
    picture = Image.new("RGB", (600, 400), GREEN)
    ImageDraw.Draw(picture).rectangle((0, 0, 600, 150), fill=(150, 200, 240))
    return picture


def stripes() -> Image.Image:
    picture = Image.new("RGB", (300, 300), "white")
    for x in range(0, 300, 15):
        ImageDraw.Draw(picture).line((x, 0, 300 - x, 300), fill=(120, 20, 120), width=5)
    return picture


def soft_photo() -> Image.Image:
    """Blurred, and with no true black or white."""
    picture = Image.new("RGB", (320, 200), (110, 110, 120))
    ImageDraw.Draw(picture).ellipse((80, 40, 240, 160), fill=(160, 150, 130))
    return picture.filter(ImageFilter.GaussianBlur(2))


def reference(picture: Image.Image, role: Role = "product") -> InputImage:
    return InputImage(content=png(picture), media_type="image/png", role=role)


def call(*references: InputImage, **given: object) -> GenerationCall:
    return GenerationCall(**{"prompt": "x", "purpose": "compose", "references": references, **given})  # type: ignore[arg-type]


async def made(*references: InputImage, **given: object) -> GenerationResult:
    return await LocalGenerator().generate(call(*references, **given))


def opened(image: GeneratedImage) -> Image.Image:
    picture = Image.open(BytesIO(image.content))
    picture.load()
    assert Image.MIME[picture.format or ""] == image.media_type
    return picture


def where(picture: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the pixels of about this colour; fails where there are none."""
    near = np.abs(np.asarray(picture.convert("RGB"), dtype=int) - colour).max(axis=2) < 12
    rows, columns = np.nonzero(near.any(axis=1))[0], np.nonzero(near.any(axis=0))[0]
    assert len(rows), f"nothing of colour {colour}"
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
