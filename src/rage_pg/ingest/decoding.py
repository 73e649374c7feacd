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
from rage_pg.ingest.own_words import SILENT, OwnWords, own_words
from rage_pg.ingest.raw_files import is_raw
from rage_pg.ingest.refusals import HEIC_UNREADABLE, NOT_AN_IMAGE, RAW, reason_against
from rage_pg.perceptual import perceptual_hash
from rage_pg.pixels import READS_HEIC, TURNS, in_eight_bits, in_srgb, orientation
from rage_pg.plain import MEDIA_TYPES, MOST_FRAMES, CutOff, Endless, Unclear, format_of, frames, kept

DEFAULT_LIMITS = Limits()
THUMBNAIL_SIDE = 512
CUT_OFF = "The image is cut off."
DAMAGED = "The image is damaged."
TILE = ((322, 0), (323, 0), (258, 1), (277, 1))
"""Tags of a TIFF: width and height of a tile, bits of a sample, samples of a pixel; and what no tag means."""
READ_WHOLE = ("TIFF", "BMP")
"""Formats with odd kinds that only Pillow can follow; such a picture is served as PNG."""

# Pillow opens what it only warns of. Its remarks on damaged metadata are of no use to whoever imports.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.simplefilter("error", Image.DecompressionBombWarning)


class Decoded(Struct, frozen=True, kw_only=True):
    """A picture that can be shown. `width` and `height` are in pixels with the EXIF orientation applied.

    `thumbnail` is a WebP of at most 512 pixels a side, upright, without metadata. `frames` is 1 for a still.
    `words` are what the file says of itself.
    `perceptual_hash` is made of the thumbnail: 64 digits 0 and 1, None for a flat picture.
    """

    content: bytes
    sha256: bytes
    media_type: str
    width: int
    height: int
    thumbnail: bytes
    frames: int = 1
    words: OwnWords = SILENT
    perceptual_hash: str | None = None


def decode(content: bytes, limits: Limits) -> Decoded:
    """Check `content` and make its thumbnail; of an animation or of several pages the first one.

    Raises TooLarge beyond the limits, ImageRejected for whatever is not an intact picture of a format taken.
    """
    check_size(len(content), limits)
    found = _format(content)
    count, shown = _taken_apart(content, found)
    with _opened(shown, found, limits) as picture:
        width, height = picture.size
        if found == "AVIF":
            count = _few_enough(getattr(picture, "n_frames", 1))
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
        media_type=MEDIA_TYPES[found],
        width=width,
        height=height,
        thumbnail=thumbnail,
        frames=count,
        # From what is stored, so that a hash made later is the same.
        perceptual_hash=perceptual_hash(thumbnail),
        words=own_words(content),
    )


def check_size(size: int, limits: Limits) -> None:
    """Raise for a file of `size` bytes that need not even be read."""
    if size == 0:
        raise ImageRejected("The file is empty.")
    if size > limits.max_bytes:
        raise TooLarge(f"The file has {size:,} bytes, at most {limits.max_bytes:,} are taken.")


def _format(content: bytes) -> str:
    found = format_of(content)
    if found is None:
        raise ImageRejected(reason_against(content))
    if found == "HEIF" and not READS_HEIC:
        raise ImageRejected(HEIC_UNREADABLE)
    if found == "TIFF" and is_raw(content):
        raise ImageRejected(RAW)
    return found


def _taken_apart(content: bytes, found: str) -> tuple[int, bytes]:
    """The number of frames, and what of the bytes shows them: what is served is what is decoded."""
    try:
        return frames(content, found), kept(content, found)
    except Endless:
        message = f"The image has more than {MOST_FRAMES:,} frames or countless parts, more than is taken."
        raise TooLarge(message) from None
    except Unclear as error:
        if found in READ_WHOLE:
            return 1, content
        raise ImageRejected(CUT_OFF if isinstance(error, CutOff) else DAMAGED) from None


def _few_enough(count: int) -> int:
    if count > MOST_FRAMES:
        raise TooLarge(f"The image has {count:,} frames, at most {MOST_FRAMES:,} are taken.")
    return count


@contextmanager
def _opened(content: bytes, found: str, limits: Limits) -> Iterator[Image.Image]:
    # Pillow's own limit is one for the process; it must not lie below ours.
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, limits.max_pixels)
    too_many = f"The image has more than {limits.max_pixels:,} pixels, the most that is taken."
    try:
        with Image.open(BytesIO(content), formats=(found,)) as picture:
            if max(picture.width * picture.height, _tile(picture)) > limits.max_pixels:
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
        raise ImageRejected(CUT_OFF if "truncated" in str(error).lower() else DAMAGED) from error


def _tile(picture: Image.Image) -> int:
    """Pixels of four bytes in one tile of a TIFF, which is unpacked whole however little of it is shown."""
    tags = getattr(picture, "tag_v2", {})
    width, height, bits, samples = (tags.get(tag, otherwise) for tag, otherwise in TILE)
    if not width or not height:
        return 0
    depth: int = sum(bits) if isinstance(bits, tuple) else bits * samples
    area: int = width * height
    return max(area, area * depth // 32)


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
