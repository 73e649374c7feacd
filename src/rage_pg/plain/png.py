"""PNG: a row of chunks, each with a length, a name and a checksum."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from rage_pg.plain.turning import minimal_exif, turn_of
from rage_pg.plain.walking import MOST_FRAMES, CutOff, Endless, number, steps

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PICTURE = {b"IHDR", b"PLTE", b"IDAT", b"fdAT"}
LONGEST = {
    b"tRNS": 256,
    b"gAMA": 4,
    b"cHRM": 32,
    b"sRGB": 1,
    b"cICP": 4,
    b"mDCV": 24,
    b"cLLI": 8,
    b"sBIT": 4,
    b"bKGD": 6,
    b"pHYs": 9,
    b"acTL": 8,
    b"fcTL": 26,
}
"""Chunks that tell how the picture is shown, with the bytes that they may have."""

Chunk = tuple[bytes, int, int]
"""Name, and where what it holds begins and ends."""


def chunks(content: bytes) -> Iterator[Chunk]:
    """The chunks up to IEND, or as far as they are whole. Raises Endless, and CutOff where pixels are."""
    position = len(SIGNATURE)
    for _ in steps():
        if position + 12 > len(content):
            return
        start = position + 8
        end = start + number(content, position, 4)
        kind = content[position + 4 : start]
        if end + 4 > len(content) and kind in PICTURE:
            raise CutOff
        if kind == b"IEND" or end + 4 > len(content):
            return
        yield kind, start, end
        position = end + 4


def frames(content: bytes) -> int:
    """Raises Endless."""
    count = sum(kind == b"fcTL" for kind, _, _ in chunks(content))
    if count > MOST_FRAMES:
        raise Endless
    return max(count, 1)


def plain(content: bytes) -> bytes:
    """The same picture or animation, with its colour profile and its turn."""
    found = list(chunks(content))
    exif = next((content[start:end] for kind, start, end in found if kind == b"eXIf"), b"")
    turned = minimal_exif(turn_of(exif))
    kept = [SIGNATURE]
    for kind, start, end in found:
        if kind in PICTURE or end - start <= LONGEST.get(kind, -1):
            kept.append(content[start - 8 : end + 4])
        elif kind == b"iCCP" and (named := content.find(b"\0", start, min(start + 80, end))) > 0:
            # Its name is free text.
            kept.append(_chunk(kind, b"ICC" + content[named:end]))
        if kind == b"IHDR" and turned:
            kept.append(_chunk(b"eXIf", turned))
    kept.append(_chunk(b"IEND", b""))
    return b"".join(kept)


def _chunk(kind: bytes, held: bytes) -> bytes:
    return struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))
