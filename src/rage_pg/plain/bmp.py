"""BMP: two headers, perhaps a palette, and rows of pixels; with room for a profile or for a path to one."""

from __future__ import annotations

import struct

from rage_pg.plain.walking import Unclear, number

FILE_HEADER = 14
HEADERS = (12, 40, 52, 56, 64, 108, 124)
RLE8, RLE4 = 1, 2
PROFILES = 108
"""Up to this size a header has no profile."""


def plain(content: bytes) -> bytes:
    """The same picture without what lies between and behind its parts. Raises Unclear."""
    size = number(content, FILE_HEADER, 4, "little")
    if size not in HEADERS:
        raise Unclear
    header = bytearray(content[FILE_HEADER : FILE_HEADER + size])
    if size > PROFILES:
        # sRGB in place of a profile, which lies behind the pixels or is a path.
        header[56:60] = b"BGRs"
        header[size - 12 :] = bytes(12)
    palette = content[FILE_HEADER + size :][: _palette(content, size)]
    pixels = number(content, 10, 4, "little")
    length = _pixels(content, size)
    first = FILE_HEADER + size + len(palette)
    if pixels < first or pixels + length > len(content):
        raise Unclear
    head = b"BM" + struct.pack("<IHHI", first + length, 0, 0, first)
    return head + bytes(header) + palette + content[pixels : pixels + length]


def _palette(content: bytes, size: int) -> int:
    """Bytes of the masks and the palette behind the header."""
    depth = number(content, FILE_HEADER + (10 if size == 12 else 14), 2, "little")
    if size == 12:
        return 3 << depth if depth <= 8 else 0
    masks = {3: 12, 6: 16}.get(number(content, 30, 4, "little"), 0) if size == 40 else 0
    colours = number(content, 46, 4, "little") or (1 << depth if depth <= 8 else 0)
    if colours > 256:
        raise Unclear
    return masks + 4 * colours


def _pixels(content: bytes, size: int) -> int:
    if size == 12:
        width, height, depth = (number(content, at, 2, "little") for at in (18, 20, 24))
    else:
        width, depth = number(content, 18, 4, "little"), number(content, 28, 2, "little")
        height = abs(int.from_bytes(content[22:26], "little", signed=True))
        if number(content, 30, 4, "little") in (RLE8, RLE4):
            return number(content, 34, 4, "little")
    return (width * depth + 31) // 32 * 4 * height
