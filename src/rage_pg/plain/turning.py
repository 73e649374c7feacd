"""Which way up a picture is: read from its EXIF data, of which nothing else is kept."""

from __future__ import annotations

import struct

from rage_pg.plain import tiff
from rage_pg.plain.walking import Unclear

UPRIGHT = 1
ORIENTATION = 0x0112


def turn_of(exif: bytes) -> int:
    """1 (upright) to 8; 1 where the EXIF data are damaged, which says nothing of the picture."""
    try:
        entry = tiff.first_page(exif).get(ORIENTATION)
        found = UPRIGHT if entry is None else tiff.values(exif, tiff.layout(exif), entry)[0]
    except Unclear:
        return UPRIGHT
    return found if 1 <= found <= 8 else UPRIGHT


def minimal_exif(turn: int) -> bytes:
    """TIFF bytes with the orientation `turn` (1 to 8) as their one entry; none for an upright picture."""
    if turn == UPRIGHT:
        return b""
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, ORIENTATION, 3, 1, turn, 0, 0)
