"""A decoded picture as a screen shows it: upright, 8 bits a channel, sRGB."""

from __future__ import annotations

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
    with np.errstate(invalid="ignore"):  # of what is no number Pillow has several kinds
        numbers = np.asarray(picture, dtype=np.float64)
    greys = np.where(np.isfinite(numbers), numbers, 0.0)
    # Numbers without a fixed range: the least becomes black, the greatest white.
    low, high = (0.0, 65_535.0) if picture.mode.startswith("I;16") else (greys.min(), greys.max())
    scaled = Image.fromarray(np.round((greys - low) * (255 / ((high - low) or 1.0))).astype(np.uint8))
    clear = picture.info.get("transparency")
    if clear is not None:
        scaled.putalpha(Image.fromarray(np.where(greys == clear, 0, 255).astype(np.uint8)))
    return scaled
