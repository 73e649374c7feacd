"""ZIP archives for tests: sound ones, and what attackers and bad programs write instead."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable

from tests.hostile import png

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
Entries = Iterable[tuple[str | zipfile.ZipInfo, bytes]]


def archive(entries: Entries, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in entries:
            made.writestr(name, content, method)
    return buffer.getvalue()


def named(*names: str) -> bytes:
    """An archive of small pictures, each another."""
    return archive([(name, png(number)) for number, name in enumerate(names)])


def info(name: str, *, mode: int = 0, flags: int = 0, method: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    made.flag_bits = flags
    made.compress_type = method
    return made


def link(name: str, target: str, kind: int = stat.S_IFLNK) -> bytes:
    return archive([(info(name, mode=kind | 0o777), target.encode())], zipfile.ZIP_STORED)


def patched(content: bytes, magic: bytes, offset: int, layout: str, *values: int, which: int = 0) -> bytes:
    """The archive with fields of its `which`-th header of a kind overwritten."""
    place = -1
    for _ in range(which + 1):
        place = content.index(magic, place + 1)
    data = bytearray(content)
    struct.pack_into(layout, data, place + offset, *values)
    return bytes(data)


def both(content: bytes, local: int, central: int, layout: str, *values: int) -> bytes:
    """The same field of the entry's own header and of the list."""
    return patched(patched(content, LOCAL, local, layout, *values), CENTRAL, central, layout, *values)


def renamed(content: bytes, old: bytes, new: bytes) -> bytes:
    """Names that no program would write; of the same length."""
    assert len(old) == len(new)
    return content.replace(old, new)


def flagged(flags: int) -> bytes:
    return both(named("a.png"), 6, 8, "<H", flags)


def compressed_by(method: int) -> bytes:
    return both(named("a.png"), 8, 10, "<H", method)


def large(name: str, size: int, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    return archive([(name, bytes(size))], method)


def lying_small(size: int) -> bytes:
    """An entry of zeros that says it unpacks to a hundred bytes."""
    return both(large("a.png", size), 22, 24, "<I", 100)


def overlapping(entries: int = 20) -> bytes:
    """A bomb whose list names one entry's bytes again and again."""
    content = large("a.png", 1_000_000)
    start = content.index(CENTRAL)
    listed = content[start : content.index(END)]
    listing = listed * entries
    return content[:start] + listing + end(entries, len(listing), start)


def quoted(entries: int = 20) -> bytes:
    """A bomb in which each entry holds the header of the next as bytes that are stored."""
    body = b""
    places: list[int] = []
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(bytes(1_000_000)) + kernel.flush()
    for number in reversed(range(entries)):
        name = b"%05d" % number
        quote = struct.pack("<BHH", 0, len(body), len(body) ^ 0xFFFF) if body else b""
        inner = quote + body if body else packed
        body = local(name, len(inner)) + inner
        places.append(len(body))
    total = len(body)
    listing = b"".join(
        central(b"%05d" % number, total - places[entries - 1 - number], total - 100)
        for number in range(entries)
    )
    return body + listing + end(entries, len(listing), total)


def local(name: bytes, size: int) -> bytes:
    return struct.pack("<4sHHHHHIIIHH", LOCAL, 20, 0, 8, 0, 33, 0, size, 1_000_000, len(name), 0) + name


def central(name: bytes, offset: int, size: int) -> bytes:
    fields = (CENTRAL, 20, 20, 0, 8, 0, 33, 0, size, 1_000_000, len(name), 0, 0, 0, 0, 0, offset)
    return struct.pack("<4sHHHHHHIIIHHHHHII", *fields) + name


def end(entries: int, size: int, offset: int, *, disk: int = 0, comment: bytes = b"") -> bytes:
    counted = min(entries, 0xFFFF)
    fields = (END, disk, disk, counted, counted, size, offset, len(comment))
    return struct.pack("<4sHHHHIIH", *fields) + comment


def many(entries: int) -> bytes:
    """A list of entries that all lie at the same place; nothing else."""
    listing = b"".join(central(b"%07d.png" % number, 0, 0) for number in range(entries))
    return listing + end(entries, len(listing), 0)


def zip64_end(count: int, size: int, offset: int) -> Callable[[bytes], bytes]:
    """Replaces the end of an archive by one of Zip64 that says this."""

    def replace(content: bytes) -> bytes:
        start = content.index(END)
        record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start, 1)
        old = struct.pack("<4sHHHHIIH", END, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        return content[:start] + record + locator + old

    return replace


def described(content: bytes = b"") -> bytes:
    """Written to a pipe: sizes stand behind each entry only."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.written += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.png", content or png(1))
    return bytes(pipe.written)


def false_checksum() -> bytes:
    return both(named("a.png"), 14, 16, "<I", 12345)
