"""Pictures of which each looks like itself alone, for tests of what looks alike."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def drawing(number: int, *, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A soft landscape of shapes and colours that no other number gives."""
    numbers = np.random.default_rng([7, number])
    coarse = numbers.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def saved(picture: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **how)
    return buffer.getvalue()
