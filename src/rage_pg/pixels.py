"""A decoded picture as a screen shows it: upright, 8 bits a channel, sRGB."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pi_heif
from PIL import ExifTags, Image, ImageCms

OLDEST_LIBHEIF = (1, 23, 4)
"""Earlier ones have holes through which a picture takes over the process that decodes it."""


def _reads_heic() -> bool:
    """Whether there is a libheif that is safe to use."""
    try:
        version = pi_heif.libheif_version()
    except ImportError:  # its binary part cannot be loaded here
        return False
    return tuple(int(part) for part in version.split(".")[:3]) >= OLDEST_LIBHEIF


READS_HEIC = _reads_heic()
if READS_HEIC:
    # The picture alone: what is not decoded can do no harm.
    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

PIECE = 1 << 20
"""Pixels that are scaled at once."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture of this EXIF orientation upright; from 5 on, width and height swap."""


def orientation(picture: Image.Image) -> int:
    """1 (upright) to 8; 1 where the EXIF data are damaged, which says nothing of the picture.

    Of HEIC the container tells, which decoding heeds.
    """
    if picture.format == "HEIF":
        return 1
    try:
        found = picture.getexif().get(ExifTags.Base.Orientation, 1)
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception:
        return 1
    return found if found in TURNS else 1


def shown(picture: Image.Image) -> Image.Image:
    """A picture that is loaded, upright, in sRGB, as RGBA where it has transparency and RGB elsewhere.

    It carries no metadata on.
    """
    turn = TURNS.get(orientation(picture))
    made = in_srgb(in_eight_bits(picture), picture.info.get("icc_profile"))
    made.info = {}
    return made if turn is None else made.transpose(turn)


def in_eight_bits(picture: Image.Image) -> Image.Image:
    """A mode that can be scaled and encoded: RGBA where anything is transparent, else RGB, L or CMYK.

    Greys of more than 256 steps are scaled: Pillow's own conversion makes white of all but the darkest.
    """
    if picture.mode.startswith("I") or picture.mode == "F":
        return _scaled(picture)
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture if picture.mode in ("RGB", "L", "CMYK") else picture.convert("RGB")


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB, or RGBA where the picture is. A broken profile says nothing: the numbers are taken as they are."""
    mode = "RGBA" if picture.mode in ("RGBA", "LA") else "RGB"
    if not profile:
        return picture.convert(mode)
    # Here, where damage to the pixels is not taken for damage to the profile.
    picture.load()
    try:
        embedded = ImageCms.ImageCmsProfile(BytesIO(profile))
        shown = ImageCms.profileToProfile(picture, embedded, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        shown = None
    return shown or picture.convert(mode)


def _scaled(picture: Image.Image) -> Image.Image:
    picture.load()
    low, high = (0.0, 65_535.0) if picture.mode.startswith("I;16") else _range(picture)
    factor = 255 / ((high - low) or 1.0)
    clear = picture.info.get("transparency")
    made = np.empty(picture.width * picture.height, np.uint8)
    opaque = None if clear is None else np.empty_like(made)
    for start, greys in _greys(picture):
        made[start : start + greys.size] = np.round((greys - low) * factor).astype(np.uint8)
        if opaque is not None:
            opaque[start : start + greys.size] = np.where(greys == clear, 0, 255)
    shape = (picture.height, picture.width)
    scaled = Image.fromarray(made.reshape(shape))
    if opaque is not None:
        scaled.putalpha(Image.fromarray(opaque.reshape(shape)))
    return scaled


def _range(picture: Image.Image) -> tuple[float, float]:
    """Of numbers without a fixed range the least becomes black, the greatest white."""
    ends = [(float(greys.min()), float(greys.max())) for _, greys in _greys(picture)]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _greys(picture: Image.Image) -> Iterator[tuple[int, np.ndarray]]:
    """The numbers of a picture in pieces, each with its place: all at once would take eight bytes for one."""
    rows = max(1, PIECE // picture.width)
    for top in range(0, picture.height, rows):
        bottom = min(top + rows, picture.height)
        band = np.asarray(picture.crop((0, top, picture.width, bottom))).reshape(-1)
        for start in range(0, band.size, PIECE):
            with np.errstate(invalid="ignore"):  # of what is no number Pillow has several kinds
                numbers = band[start : start + PIECE].astype(np.float64)
            yield top * picture.width + start, np.where(np.isfinite(numbers), numbers, 0.0)
