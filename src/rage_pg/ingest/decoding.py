"""Bytes to a checked picture: its format, its size as shown, and a thumbnail. No file, no database.

The size is judged from the header, before a pixel is decoded: a few kilobytes can claim gigabytes.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from msgspec import Struct
from PIL import Image, UnidentifiedImageError

from rage_pg.config import Limits
from rage_pg.errors import ImageRejected, RageError, TooLarge
from rage_pg.perceptual import perceptual_hash
from rage_pg.pixels import TURNS, in_eight_bits, in_srgb, orientation

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # a JPEG with further pictures behind the first, as phones write them
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
}
DEFAULT_LIMITS = Limits()
THUMBNAIL_SIDE = 512
NOT_AN_IMAGE = "This is not an intact JPEG, PNG, WebP, GIF, TIFF or BMP image."

# Pillow opens what it only warns of. Its remarks on damaged metadata are of no use to whoever imports.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.simplefilter("error", Image.DecompressionBombWarning)


class Decoded(Struct, frozen=True, kw_only=True):
    """A picture that can be shown. `width` and `height` are in pixels with the EXIF orientation applied.

    `thumbnail` is a WebP of at most 512 pixels a side, upright, without metadata;
    `perceptual_hash` is made of it: 64 digits 0 and 1, None for a flat picture.
    """

    content: bytes
    sha256: bytes
    media_type: str
    width: int
    height: int
    thumbnail: bytes
    perceptual_hash: str | None = None


def decode(content: bytes, limits: Limits) -> Decoded:
    """Check `content` and make its thumbnail; of an animation the first frame.

    Raises TooLarge beyond the limits, ImageRejected for whatever is not an intact picture of FORMATS.
    """
    check_size(len(content), limits)
    with _opened(content, limits) as picture:
        width, height = picture.size
        media_type = MEDIA_TYPES[picture.format or ""]
        small = _small(picture)
        # After the pixels: some formats read them to find their EXIF data, and damage must not hide there.
        held = orientation(picture)
        if held >= 5:
            width, height = height, width
        if held in TURNS:
            small = small.transpose(TURNS[held])
        thumbnail = _webp(small)
        return Decoded(
            content=content,
            sha256=hashlib.sha256(content).digest(),
            media_type=media_type,
            width=width,
            height=height,
            thumbnail=thumbnail,
            # From what is stored, so that a hash made later is the same.
            perceptual_hash=perceptual_hash(thumbnail),
        )


def check_size(size: int, limits: Limits) -> None:
    """Raise for a file of `size` bytes that need not even be read."""
    if size == 0:
        raise ImageRejected("The file is empty.")
    if size > limits.max_bytes:
        raise TooLarge(f"The file has {size:,} bytes, at most {limits.max_bytes:,} are taken.")


@contextmanager
def _opened(content: bytes, limits: Limits) -> Iterator[Image.Image]:
    # Pillow's own limit is one for the process; it must not lie below ours.
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, limits.max_pixels)
    too_many = f"The image has more than {limits.max_pixels:,} pixels, the most that is taken."
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > limits.max_pixels:
                raise TooLarge(too_many)
            yield picture
    except RageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise TooLarge(too_many) from error
    except UnidentifiedImageError as error:
        raise ImageRejected(NOT_AN_IMAGE) from error
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception as error:
        cut_off = "truncated" in str(error).lower()
        raise ImageRejected(f"The image is {'cut off' if cut_off else 'damaged'}.") from error


def _small(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    picture = in_eight_bits(picture)
    # For a JPEG this decodes at a fraction of the size.
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return in_srgb(picture, profile)


def _webp(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=85, method=1, icc_profile=b"", exif=b"", xmp=b"")
    return buffer.getvalue()
