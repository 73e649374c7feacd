"""Encoded bytes to Pillow pictures and back, the one way that every provider here uses."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from rage_pg.errors import ImageRejected
from rage_pg.pixels import shown
from rage_pg.plain import plain
from rage_pg.providers.ports import GeneratedImage

MEDIA_TYPES = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg"}
WHITE = (255, 255, 255, 255)


def decoded(content: bytes, name: str) -> Image.Image:
    """The first frame, upright, in sRGB colours, as RGBA where it has transparency and RGB elsewhere.

    It carries no metadata on. Raise ImageRejected, naming `name`, where the bytes are no picture.
    """
    try:
        with Image.open(BytesIO(plain(content).content)) as opened:
            opened.load()
            return shown(opened)
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception as error:
        raise ImageRejected(f"{name} cannot be read as an image.", field="image") from error


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
        flattened(picture).save(buffer, "JPEG", quality=93, subsampling=0)
    return GeneratedImage(content=buffer.getvalue(), media_type=MEDIA_TYPES[output_format])
