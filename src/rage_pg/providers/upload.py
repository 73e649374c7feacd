"""References made ready to leave the house: a format the image model takes, and nothing but the picture.

A photograph carries where and by whom it was taken (EXIF, XMP, text chunks, bytes behind the picture's end).
What is free of all that goes out byte for byte; everything else is encoded anew from its pixels.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image, JpegImagePlugin

from rage_pg.errors import ImageRejected, NotPossible
from rage_pg.providers.pictures import decoded, encoded_picture
from rage_pg.providers.ports import InputImage

MAX_BYTES = 50_000_000
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
PLAIN_INFO = {
    "PNG": {"dpi", "gamma", "icc_profile", "srgb", "chromaticity", "transparency", "aspect", "interlace"},
    "JPEG": {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "dpi",
        "icc_profile",
        "adobe",
        "adobe_transform",
        "progressive",
        "progression",
    },
    "WEBP": {"icc_profile", "loop", "background", "duration", "timestamp"},
}
PLAIN_SEGMENTS = {"APP0", "APP2", "APP14"}

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
        with Image.open(BytesIO(content)) as picture:
            picture.load()
            found, plain = picture.format or "", _is_plain(picture, content)
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception as error:
        raise ImageRejected(f"{name} cannot be read as an image.", field="image") from error
    if plain:
        return content, MEDIA_TYPES[found]
    again = encoded_picture(decoded(content, name), "jpeg" if found in ("JPEG", "MPO") else "png")
    return again.content, again.media_type


def _is_plain(picture: Image.Image, content: bytes) -> bool:
    """Whether the bytes are of a format that is taken, upright, one frame, and hold only the picture."""
    found = picture.format or ""
    if found not in MEDIA_TYPES or getattr(picture, "n_frames", 1) != 1 or picture.mode in ("CMYK", "YCCK"):
        return False
    if set(picture.info) - PLAIN_INFO[found] or picture.getexif():
        return False
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        return {name for name, _ in picture.applist} <= PLAIN_SEGMENTS and content.endswith(b"\xff\xd9")
    if found == "PNG":
        return content[-8:-4] == b"IEND" and not getattr(picture, "private_chunks", [])
    return int.from_bytes(content[4:8], "little") + 8 == len(content)
