"""The EXIF data that a plain picture keeps: which way up it is, and nothing else."""

from __future__ import annotations

import struct

UPRIGHT = 1


def minimal_exif(turn: int) -> bytes:
    """TIFF bytes with the orientation `turn` (1 to 8) as their one entry; none for an upright picture."""
    if turn == UPRIGHT:
        return b""
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, turn, 0, 0)
