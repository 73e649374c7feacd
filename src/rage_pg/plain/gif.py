"""GIF: a row of blocks, each made of sub-blocks of at most 255 bytes."""

from __future__ import annotations

from collections.abc import Iterator

from rage_pg.plain.walking import MOST_FRAMES, Endless, Unclear, number

EXTENSION, FRAME, END = 0x21, 0x2C, 0x3B
CONTROL, APPLICATION = 0xF9, 0xFF
LOOPING = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
MOST_SUB_BLOCKS = 600_000
"""Three times as many as 50 MB of full ones."""

Block = tuple[int, int, int]
"""What it is (a frame, or an extension by its label), and where it begins and ends."""


def blocks(content: bytes) -> Iterator[Block]:
    """The blocks up to the trailer, or as far as they are whole. Raises Endless, and Unclear for no block."""
    position = _head(content)
    left = MOST_SUB_BLOCKS
    framed = False
    while position < len(content) and content[position] != END:
        start, introducer = position, content[position]
        if introducer == EXTENSION:
            kind, position = number(content, position + 1, 1), position + 2
        elif introducer == FRAME:
            kind, framed = FRAME, True
            position = position + 11 + _palette(number(content, position + 9, 1))
        elif introducer == 0:  # padding that decoders pass over
            position, left = position + 1, left - 1
            if left < 0:
                raise Endless
            continue
        elif framed:  # no block, and a picture was met: what follows is none of it
            return
        else:
            raise Unclear
        while (length := number(content, position, 1)) != 0:
            position, left = position + 1 + length, left - 1
            if left < 0:
                raise Endless
        position, left = position + 1, left - 1
        if left < 0:
            raise Endless
        yield kind, start, position


def frames(content: bytes) -> int:
    """Raises Endless, Unclear."""
    count = 0
    for kind, _, _ in blocks(content):
        count += kind == FRAME
        if count > MOST_FRAMES:
            raise Endless
    return max(count, 1)


def plain(content: bytes) -> bytes:
    """The same picture or animation, with its pauses and how often it runs."""
    kept = [content[: _head(content)]]
    for kind, start, end in blocks(content):
        if kind == FRAME or (kind == CONTROL and end - start == 8):
            kept.append(content[start:end])
        elif kind == APPLICATION and content[start + 3 : start + 14] in LOOPING:
            kept.append(content[start : start + 14] + _loops(content[start + 14 : end]))
    kept.append(bytes([END]))
    return b"".join(kept)


def _head(content: bytes) -> int:
    """Bytes of the header with its palette."""
    end = 13 + _palette(number(content, 10, 1))
    if end > len(content):
        raise Unclear
    return end


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _loops(held: bytes) -> bytes:
    """The sub-block that says how often; a second one could hold anything."""
    return held[:4] + b"\0" if held[:2] == b"\x03\x01" else b"\0"
