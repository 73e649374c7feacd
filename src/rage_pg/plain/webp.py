"""WebP: a RIFF file, a row of chunks of even length, those of a frame within that of the frame."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from rage_pg.plain.turning import minimal_exif, turn_of
from rage_pg.plain.walking import MOST_FRAMES, CutOff, Endless, number, steps

PICTURE = {b"VP8 ", b"VP8L", b"ALPH"}
ALL = PICTURE | {b"VP8X", b"ANIM", b"ANMF", b"ICCP"}
FRAME_HEADER = 16
EXIF, XMP = 0x08, 0x04
"""Bits of the extended header."""

Chunk = tuple[bytes, int, int]
"""Name, and where what it holds begins and ends."""


def chunks(content: bytes, position: int, end: int) -> Iterator[Chunk]:
    """The chunks of a stretch, as far as they are whole. Raises Endless."""
    for _ in steps():
        if position + 8 > end:
            return
        start = position + 8
        position = start + number(content, position + 4, 4, "little")
        if position > end:
            return
        yield content[start - 8 : start - 4], start, position
        position += position & 1


def frames(content: bytes) -> int:
    """Raises Endless."""
    count = sum(kind == b"ANMF" for kind, _, _ in chunks(content, 12, end_of(content)))
    if count > MOST_FRAMES:
        raise Endless
    return max(count, 1)


def plain(content: bytes) -> bytes:
    """The same picture or animation, with its colour profile and its turn."""
    found = list(chunks(content, 12, end_of(content)))
    exif = minimal_exif(turn_of(exif_of(content, found)))
    extended = False
    kept = []
    for kind, start, end in found:
        if kind == b"VP8X" and end - start >= 10:
            extended = True
            flags = content[start] & ~(EXIF | XMP) | (EXIF if exif else 0)
            kept.append(_chunk(kind, bytes([flags]) + content[start + 1 : start + 10]))
        elif kind == b"ANMF":
            kept.append(_chunk(kind, _frame(content, start, end)))
        elif kind in ALL:
            kept.append(_chunk(kind, content[start:end]))
    if exif and extended:
        kept.append(_chunk(b"EXIF", exif))
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _frame(content: bytes, start: int, end: int) -> bytes:
    within = chunks(content, start + FRAME_HEADER, end)
    held = (_chunk(kind, content[first:last]) for kind, first, last in within if kind in PICTURE)
    return content[start : start + FRAME_HEADER] + b"".join(held)


def exif_of(content: bytes, found: Iterable[Chunk]) -> bytes:
    """The EXIF data; some programs write them with the head that they have in a JPEG."""
    held = next((content[start:end] for kind, start, end in found if kind == b"EXIF"), b"")
    return held.removeprefix(b"Exif\0\0")


def end_of(content: bytes) -> int:
    """Where the file says that it ends; what stands behind is none of it."""
    end = 8 + number(content, 4, 4, "little")
    if end > len(content) + 1:
        raise CutOff
    return min(end, len(content))


def _chunk(kind: bytes, held: bytes) -> bytes:
    return kind + struct.pack("<I", len(held)) + held + b"\0" * (len(held) & 1)
