"""What files say besides their picture, as it stands in them: found with bounds, read elsewhere."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from msgspec import Struct

from rage_pg.plain import boxes, jpeg, png, tiff, webp
from rage_pg.plain.walking import number

MOST_BYTES = 1_000_000
"""Of EXIF, XMP, IPTC or a text; of what is larger nothing is read."""
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
PHOTOSHOP_HEAD = b"Photoshop 3.0\0"
APP13 = 0xED
IPTC_RESOURCE = 0x0404
TIFF_XMP, TIFF_IPTC = 700, 33723
PNG_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
PNG_XMP = b"XML:com.adobe.xmp"
PNG_NAMES = {b"title", b"description", PNG_XMP}
"""Of the texts of a PNG those that are read."""


class Said(Struct):
    """EXIF data as a TIFF file, XMP as XML, IPTC as datasets, texts by name; empty where there are none."""

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    texts: dict[str, str] = {}


def said(content: bytes, found: str) -> Said:
    """What a file of the format `found` says. Raises Unclear."""
    match found:
        case "JPEG":
            return _bounded(_jpeg(content))
        case "PNG":
            return _bounded(_png(content))
        case "WEBP":
            return _bounded(_webp(content))
        case "TIFF":
            return _tiff(content)
        case "AVIF" | "HEIF":
            return _bounded(_boxes(content))
    return Said()


def _bounded(found: Said) -> Said:
    for name in ("exif", "xmp", "iptc"):
        if len(getattr(found, name)) > MOST_BYTES:
            setattr(found, name, b"")
    return found


def _jpeg(content: bytes) -> Said:
    found = Said()
    for kind, start, end in jpeg.parts(content):
        held = content[start + 2 : end] if kind in (jpeg.APP1, APP13) else b""
        if held.startswith(jpeg.EXIF) and not found.exif:
            found.exif = held[len(jpeg.EXIF) :]
        elif held.startswith(XMP_HEAD) and not found.xmp:
            found.xmp = held[len(XMP_HEAD) :]
        elif held.startswith(PHOTOSHOP_HEAD) and not found.iptc:
            resources = _resources(held, len(PHOTOSHOP_HEAD))
            found.iptc = next((data for name, data in resources if name == IPTC_RESOURCE), b"")
    return found


def _resources(held: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """Photoshop's resources: signature, number, name, length, data, each of even length."""
    while held[position : position + 4] == b"8BIM" and position + 12 <= len(held):
        name = number(held, position + 4, 2)
        position += 6 + (held[position + 6] + 2 & ~1)
        length = number(held, position, 4)
        position += 4
        yield name, held[position : position + length]
        position += length + (length & 1)


def _png(content: bytes) -> Said:
    found = Said(texts={})
    read: set[bytes] = set()
    for kind, start, end in png.chunks(content):
        if kind == b"eXIf" and not found.exif:
            found.exif = content[start:end]
        elif kind in PNG_TEXTS and end - start <= MOST_BYTES:
            name = content[start : min(start + 80, end)].partition(b"\0")[0]
            name = name if name == PNG_XMP else name.lower()
            if name not in PNG_NAMES or name in read:
                continue
            # Once for each name, damaged or not: a file can hold any number that unpack to much.
            read.add(name)
            text = _png_text(kind, content[start + len(name) + 1 : end])
            if name == PNG_XMP:
                found.xmp = text.encode()
            else:
                found.texts[name.decode()] = text
    return found


def _png_text(kind: bytes, held: bytes) -> str:
    if kind == b"tEXt":
        return held.decode("latin-1")
    if kind == b"zTXt":
        return _inflated(held[1:]).decode("latin-1")
    # Compressed or not, method, language, translated name.
    _, _, rest = held[2:].partition(b"\0")
    _, _, text = rest.partition(b"\0")
    return (_inflated(text) if held[:1] == b"\1" else text).decode("utf-8", "replace")


def _inflated(held: bytes) -> bytes:
    """Nothing of what would be larger than is read."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(held, MOST_BYTES)
    except zlib.error:
        return b""
    return b"" if inflater.unconsumed_tail else text


def _webp(content: bytes) -> Said:
    found = list(webp.chunks(content, 12, webp.end_of(content)))
    xmp = next((content[start:end] for kind, start, end in found if kind == b"XMP "), b"")
    return Said(exif=webp.exif_of(content, found), xmp=xmp)


def _tiff(content: bytes) -> Said:
    """The file itself has the form of EXIF data."""
    entries = tiff.first_page(content)
    xmp, iptc = (tiff.held(content, entries[tag]) if tag in entries else b"" for tag in (TIFF_XMP, TIFF_IPTC))
    bounded = _bounded(Said(xmp=xmp, iptc=iptc))
    bounded.exif = content
    return bounded


def _boxes(content: bytes) -> Said:
    found = Said()
    for kind, held in boxes.texts(content, MOST_BYTES):
        if kind == b"Exif" and not found.exif and len(held) > 4:
            found.exif = held[4 + number(held, 0, 4) :].removeprefix(jpeg.EXIF)
        elif kind == b"mime" and not found.xmp:
            found.xmp = held
    return found
