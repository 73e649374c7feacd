"""References made ready to leave the house: a format the image model takes, and nothing but the picture.

A photograph carries where and by whom it was taken (EXIF, XMP, text chunks, bytes behind the picture's end).
Of what the model takes as it is, all that is left out and the pixels stay; everything else is encoded anew.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from rage_pg.errors import ImageRejected, NotPossible
from rage_pg.pixels import orientation
from rage_pg.plain import plain
from rage_pg.providers.pictures import decoded, encoded_picture
from rage_pg.providers.ports import InputImage

MAX_BYTES = 50_000_000
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
LOSSY = ("JPEG", "AVIF", "HEIF")
Upload = tuple[str, bytes, str]
"""File name, bytes, media type."""


def prepared(reference: InputImage, position: int) -> Upload:
    """What is sent for a reference. Raise ImageRejected for no picture, NotPossible for too many bytes."""
    content, media_type = _plain(reference.content, f"Reference {position}")
    if len(content) >= MAX_BYTES:
        size = f"{len(content) / 1e6:.0f} MB"
        raise NotPossible(
            f"Reference {position} has {size}, and the model takes less than 50: choose a smaller one."
        )
    return f"{position:02d}-{reference.role}.{media_type.removeprefix('image/')}", content, media_type


def _plain(content: bytes, name: str) -> tuple[bytes, str]:
    try:
        kept = plain(content)
        with Image.open(BytesIO(kept.content)) as picture:
            picture.load()
            if _fits(picture):
                return kept.content, kept.media_type
            lossy = picture.format in LOSSY and not picture.has_transparency_data
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception as error:
        raise ImageRejected(f"{name} cannot be read as an image.", field="image") from error
    again = encoded_picture(decoded(content, name), "jpeg" if lossy else "png")
    return again.content, again.media_type


def _fits(picture: Image.Image) -> bool:
    """Whether the model takes the format, and shows the picture as it is meant: upright, one frame."""
    if picture.mode in ("CMYK", "YCCK") or orientation(picture) != 1:
        return False
    return picture.format in MEDIA_TYPES and getattr(picture, "n_frames", 1) == 1
