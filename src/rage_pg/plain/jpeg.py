"""JPEG: a row of segments, each with a marker and a length, and the scans between them."""

from __future__ import annotations

import re

from rage_pg.plain.turning import minimal_exif, turn_of
from rage_pg.plain.walking import CutOff, Endless, Unclear, number, steps

# One byte of what may be a row of FF, so that no file can make the search look at a row again and again.
MARKER = re.compile(rb"\xff[^\x00\xff]")
AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
END = 0xD9
SCAN = 0xDA
ALONE = {0x01, *range(0xD0, 0xD9)}
CODING = {*range(0xC0, 0xD0), SCAN, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF} - {0xC8}
MOST_SCANS = 500
"""A progressive picture has some ten; each is a walk over all of its pixels."""
JFIF, APP1, ICC, ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
EXIF = b"Exif\0\0"

Part = tuple[int, int, int]
"""Marker, and where what it holds begins and ends; for a scan its data belong to that."""


def parts(content: bytes) -> list[Part]:
    """The segments up to the end of the first picture, which is one of them. Raises Endless, Unclear."""
    found: list[Part] = []
    scans = 0
    position = 2
    for _ in steps():
        marker = MARKER.search(content, position)
        if marker is None:
            break
        kind, start = content[marker.end() - 1], marker.end()
        if kind == END:
            found.append((kind, start, start))
            break
        if kind in ALONE:
            position = start
            continue
        length = number(content, start, 2)
        position = start + length
        if length < 2:
            raise Unclear
        if position > len(content):
            raise CutOff
        if kind == SCAN:
            scans += 1
            if scans > MOST_SCANS:
                raise Endless
            after = AFTER_SCAN.search(content, position)
            position = after.start() if after else len(content)
        found.append((kind, start, position))
    return found


def plain(content: bytes) -> bytes:
    """The same picture; of segments that say something, the density, the colour profile and the turn stay."""
    head: list[bytes] = [b"\xff\xd8"]
    rest: list[bytes] = []
    exif = b""
    for kind, start, end in parts(content):
        held = content[start + 2 : end]
        if kind == END:
            rest.append(b"\xff\xd9")
        elif kind in CODING:
            rest.append(b"\xff" + bytes([kind]) + content[start:end])
        elif kind == JFIF and held.startswith(b"JFIF\0") and len(held) >= 14:
            # Without the thumbnail that may follow.
            head.append(_segment(kind, held[:12] + b"\0\0"))
        elif kind == ICC and held.startswith(b"ICC_PROFILE\0"):
            rest.append(_segment(kind, held))
        elif kind == ADOBE and held.startswith(b"Adobe") and len(held) >= 12:
            rest.append(_segment(kind, held[:12]))
        elif kind == APP1 and held.startswith(EXIF) and not exif:
            exif = held[len(EXIF) :]
    if turned := minimal_exif(turn_of(exif)):
        head.append(_segment(APP1, EXIF + turned))
    return b"".join((*head, *rest))


def _segment(kind: int, held: bytes) -> bytes:
    return b"\xff" + bytes([kind]) + (len(held) + 2).to_bytes(2, "big") + held
