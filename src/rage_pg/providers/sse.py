"""Server-sent events, read as their bytes arrive.

By hand: the SDK's reader ends the stream at the first event that is not JSON, and gives away an answer that
is no stream at all. Both may hold a picture that is paid for.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator

from msgspec import Struct

LINE_END = re.compile(rb"\r\n|\n|\r")
BEGINNING = re.compile(rb"\s*(?:data|event|id|retry)?:")
MARK = b"\xef\xbb\xbf"
MOST = 256 * 1024 * 1024
"""Bytes of one event: a large picture takes a tenth of it."""


class ServerEvent(Struct, frozen=True):
    """An event as it came; one without a name is called message."""

    name: str
    data: bytes


class TooLong(Exception):
    """An event has more than MOST bytes, and no end in sight."""


def begins_as_events(head: bytes) -> bool:
    """Whether these first bytes are those of a stream of events; a comment begins one too."""
    return BEGINNING.match(head.removeprefix(MARK)) is not None


async def events_in(chunks: AsyncIterator[bytes]) -> AsyncGenerator[ServerEvent]:
    """The events, each when it has ended; the last also where the stream ends before it says so.

    Raise TooLong.
    """
    name, data, size = "", list[bytes](), 0
    async for line in _lines(chunks):
        if line:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                data.append(value)
                size += len(value)
            elif field == b"event":
                name = value.decode("utf-8", "replace")
            if size > MOST:
                raise TooLong
            continue
        if data:
            yield ServerEvent(name or "message", b"\n".join(data))
        name, data, size = "", [], 0
    if data:
        yield ServerEvent(name or "message", b"\n".join(data))


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines without their ends, of which there are three kinds; none is read twice, however it is cut up."""
    begun, size, after_return, first = list[bytes](), 0, False, True
    async for chunk in chunks:
        # The second half of an end that was cut in two.
        rest = chunk[1:] if after_return and chunk.startswith(b"\n") else chunk
        after_return = chunk.endswith(b"\r") if chunk else after_return
        *whole, rest = LINE_END.split(rest)
        for line in whole:
            joined = b"".join([*begun, line])
            yield joined.removeprefix(MARK) if first else joined
            begun, size, first = [], 0, False
        begun.append(rest)
        size += len(rest)
        if size > MOST:
            raise TooLong
    if last := b"".join(begun):
        yield last.removeprefix(MARK) if first else last
