"""A picture as a captioner gets it: upright, at most LONGEST pixels a side, a JPEG of nothing but pixels."""

from __future__ import annotations

from io import BytesIO
from threading import Lock

from PIL import Image

from rage_pg.errors import ImageRejected
from rage_pg.providers.pictures import decoded, flattened

LONGEST = 1024
"""Enough for the print on a label; models scale down what is larger. Every server reads JPEG, few WebP."""
QUALITY = 88

_one_at_a_time = Lock()
"""A large picture takes hundreds of megabytes while it is open."""


def shown(content: bytes | None, thumbnail: bytes) -> bytes:
    """The JPEG of a picture; of its thumbnail where its bytes are not here or cannot be read.

    Raise ImageRejected where the thumbnail cannot be read either.
    """
    with _one_at_a_time:
        picture = _opened(content, thumbnail)
        picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        buffer = BytesIO()
        flattened(picture).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
        return buffer.getvalue()


def _opened(content: bytes | None, thumbnail: bytes) -> Image.Image:
    try:
        if content is not None:
            return decoded(content, "The picture")
    except ImageRejected:
        pass
    return decoded(thumbnail, "The thumbnail")
