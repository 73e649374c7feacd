"""A picture without what its file says besides: places, names, dates, thumbnails, comments, trailing bytes.

plain    bytes → bytes that may leave the house: the same pixels, colours, turn, transparency, animation
frames   how many pictures a file holds, counted without decoding one

What a file is, its first bytes tell. The parts that show the picture are copied as they are, at the cost of
copying; only where a file is too odd to tell its parts apart, is it decoded, and encoded anew as PNG.
"""

from __future__ import annotations

from io import BytesIO

from msgspec import Struct
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from rage_pg.pixels import orientation, shown
from rage_pg.plain import bmp, boxes, gif, jpeg, png, tiff, webp
from rage_pg.plain.walking import MOST_FRAMES, Endless, Unclear

__all__ = ["MOST_FRAMES", "Endless", "Plain", "format_of", "frames", "plain"]

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
AVIF_BRANDS = {b"avif", b"avis"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
TURNED_BY = (b"eXIf", b"Raw profile type")
"""What turns a PNG: without either it need not be opened."""


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


def frames(content: bytes) -> int:
    """Frames or pages, 1 for a still. Raises Endless for more parts or frames than any picture has.

    Of AVIF and HEIC 1: their decoder tells.
    """
    try:
        return _frames(content)
    except Endless:
        raise
    except Unclear:
        return 1


def plain(content: bytes) -> Plain:
    """The picture alone. Raises whatever Pillow does for bytes that are no picture."""
    found = format_of(content)
    if found is None:
        raise UnidentifiedImageError
    try:
        return Plain(content=_kept(content, found), media_type=MEDIA_TYPES[found])
    except Unclear:
        return Plain(content=_encoded_anew(content, found), media_type="image/png")


def _brand(content: bytes) -> str | None:
    """AVIF and HEIC have one container: the brands tell, of which the first may be that of the container."""
    listed = content[8 : min(int.from_bytes(content[:4], "big"), 512)]
    brands = {listed[:4], *(listed[at : at + 4] for at in range(8, len(listed), 4))}
    if listed[:4] in AVIF_BRANDS or (listed[:4] in (b"mif1", b"msf1", b"miaf") and brands & AVIF_BRANDS):
        return "AVIF"
    return "HEIF" if listed[:4] in HEIF_BRANDS else None


def _frames(content: bytes) -> int:
    match format_of(content):
        case "PNG":
            return png.frames(content)
        case "WEBP":
            return webp.frames(content)
        case "GIF":
            return gif.frames(content)
        case "TIFF":
            return tiff.frames(content)
        case "JPEG":
            # Pictures behind the first are previews or depths of the same one.
            jpeg.parts(content)
        case "AVIF" | "HEIF":
            boxes.check(content)
    return 1


def _kept(content: bytes, found: str) -> bytes:
    match found:
        case "JPEG":
            return jpeg.plain(content, _turn(content, found))
        case "PNG":
            turned = any(sign in content for sign in TURNED_BY)
            return png.plain(content, _turn(content, found) if turned else 1)
        case "WEBP":
            return webp.plain(content, _turn(content, found))
        case "GIF":
            return gif.plain(content)
        case "TIFF":
            return tiff.plain(content)
        case "BMP":
            return bmp.plain(content)
        case "AVIF" | "HEIF":
            return boxes.plain(content)
    raise Unclear


def _turn(content: bytes, found: str) -> int:
    with _opened(content, found) as picture:
        return orientation(picture)


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
