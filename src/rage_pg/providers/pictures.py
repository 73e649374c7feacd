"""Encoded bytes to Pillow pictures and back, the one way that every provider here uses."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageCms

from rage_pg.errors import ImageRejected
from rage_pg.providers.ports import GeneratedImage

MEDIA_TYPES = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg"}
WHITE = (255, 255, 255, 255)
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by EXIF orientation."""


def decoded(content: bytes, name: str) -> Image.Image:
    """The first frame, upright, in sRGB colours, as RGBA where it has transparency and RGB elsewhere.

    It carries no metadata on. Raise ImageRejected, naming `name`, where the bytes are no picture.
    """
    try:
        with Image.open(BytesIO(content)) as opened:
            opened.load()
            turn = TURNS.get(_orientation(opened))
            picture = _in_srgb(opened)
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception as error:
        raise ImageRejected(f"{name} cannot be read as an image.", field="image") from error
    picture.info = {}
    return picture if turn is None else picture.transpose(turn)


def _orientation(picture: Image.Image) -> int:
    """1 (upright) also where the EXIF data are damaged, which says nothing of the picture."""
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _in_srgb(opened: Image.Image) -> Image.Image:
    profile = opened.info.get("icc_profile")
    picture = _in_eight_bits(opened)
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    source = picture if picture.mode in ("L", "CMYK") else picture.convert(mode)
    if profile:
        try:
            target = ImageCms.createProfile("sRGB")
            embedded = ImageCms.ImageCmsProfile(BytesIO(profile))
            source = ImageCms.profileToProfile(source, embedded, target, outputMode=mode) or source
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # A broken profile says nothing: the numbers are taken as they are.
    return source.convert(mode)


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    """Greys of more than 256 steps scaled: Pillow's own conversion makes white of all but the darkest."""
    if not picture.mode.startswith("I") and picture.mode != "F":
        return picture
    numbers = np.asarray(picture, dtype=np.float64)
    greys = np.where(np.isfinite(numbers), numbers, 0.0)
    # Numbers without a fixed range: the least becomes black, the greatest white.
    low, high = (0.0, 65_535.0) if picture.mode.startswith("I;16") else (greys.min(), greys.max())
    scaled = Image.fromarray(np.round((greys - low) * (255 / ((high - low) or 1.0))).astype(np.uint8))
    clear = picture.info.get("transparency")
    if clear is not None:
        scaled.putalpha(Image.fromarray(np.where(greys == clear, 0, 255).astype(np.uint8)))
    return scaled


def flattened(picture: Image.Image) -> Image.Image:
    """The picture as RGB, its transparency laid on white."""
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", picture.size, WHITE), picture).convert("RGB")


def encoded_picture(picture: Image.Image, output_format: str) -> GeneratedImage:
    """Encode as "png", "webp" or "jpeg", without any metadata."""
    buffer = BytesIO()
    if output_format == "png":
        picture.save(buffer, "PNG", compress_level=6)
    elif output_format == "webp":
        picture.save(buffer, "WEBP", quality=92, method=4, exact=False)
    else:
        flattened(picture).save(buffer, "JPEG", quality=93, subsampling=0, optimize=True)
    return GeneratedImage(content=buffer.getvalue(), media_type=MEDIA_TYPES[output_format])
