"""A picture without what its file says besides: places, names, dates, thumbnails, comments, trailing bytes.

plain    bytes → bytes that may leave the house: the same pixels, colours, turn, transparency, animation
frames   how many pictures a file holds, counted without decoding one
said     what it says besides, found but not believed

It is also what is decoded: no reader of metadata but ours, which has bounds, ever sees what strangers wrote.

What a file is, its first bytes tell. The parts that show the picture are copied as they are, at the cost of
copying; only where a file is too odd to tell its parts apart, is it decoded, and encoded anew as PNG.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from msgspec import Struct
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from rage_pg.pixels import shown
from rage_pg.plain import bmp, boxes, gif, jpeg, png, tiff, webp
from rage_pg.plain.said import Said, said
from rage_pg.plain.walking import MOST_FRAMES, CutOff, Endless, Unclear

__all__ = [
    "MEDIA_TYPES",
    "MOST_FRAMES",
    "CutOff",
    "Endless",
    "Plain",
    "Said",
    "Unclear",
    "format_of",
    "frames",
    "kept",
    "plain",
    "said",
]

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}
KEPT: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": jpeg.plain,
    "PNG": png.plain,
    "WEBP": webp.plain,
    "GIF": gif.plain,
    "TIFF": tiff.plain,
    "BMP": bmp.plain,
    "AVIF": boxes.plain,
    "HEIF": boxes.plain,
}
FRAMES: dict[str, Callable[[bytes], int]] = {
    "PNG": png.frames,
    "WEBP": webp.frames,
    "GIF": gif.frames,
    "TIFF": tiff.frames,
}
AVIF_BRANDS = {b"avif", b"avis"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


class Plain(Struct, frozen=True, kw_only=True):
    content: bytes
    media_type: str


def format_of(content: bytes) -> str | None:
    """The format by its first bytes, as Pillow calls it; None for any that is not taken."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(png.SIGNATURE):
        return "PNG"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if content[4:8] == b"ftyp":
        return _brand(content)
    return "BMP" if content[:2] == b"BM" else None


def frames(content: bytes, found: str) -> int:
    """Frames or pages, 1 for a still. Raises Endless for more than any picture has, and Unclear.

    Of AVIF and HEIC 1: their decoder tells. Pictures behind the first of a JPEG are previews or depths of it.
    """
    counted = FRAMES.get(found)
    return 1 if counted is None else counted(content)


def kept(content: bytes, found: str) -> bytes:
    """The parts of a file that show its picture. Raises Endless, Unclear."""
    return KEPT[found](content)


def plain(content: bytes) -> Plain:
    """The picture alone. Raises whatever Pillow does for bytes that are no picture."""
    found = format_of(content)
    if found is None:
        raise UnidentifiedImageError
    try:
        return Plain(content=kept(content, found), media_type=MEDIA_TYPES[found])
    except Unclear:
        return Plain(content=_encoded_anew(content, found), media_type="image/png")


def _brand(content: bytes) -> str | None:
    """AVIF and HEIC have one container: the brands tell, of which the first may be that of the container."""
    listed = content[8 : min(int.from_bytes(content[:4], "big"), 512)]
    brands = {listed[:4], *(listed[at : at + 4] for at in range(8, len(listed), 4))}
    if listed[:4] in AVIF_BRANDS or (listed[:4] in (b"mif1", b"msf1", b"miaf") and brands & AVIF_BRANDS):
        return "AVIF"
    return "HEIF" if listed[:4] in HEIF_BRANDS else None


def _encoded_anew(content: bytes, found: str) -> bytes:
    with _opened(content, found) as picture:
        picture.load()
        made = shown(picture)
    buffer = BytesIO()
    made.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _opened(content: bytes, found: str) -> ImageFile:
    """Without Pillow's limit of pixels: what is stored was within the limits of its time."""
    Image.init()
    opener, _ = Image.OPEN[found]
    return opener(BytesIO(content), "")
