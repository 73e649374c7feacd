"""TIFF: directories of entries that point anywhere into the file; what no kept entry points at goes.

Everything keeps its place, so that no pointer changes: the plain file is the old one with zeros in it, and
ends where what is kept ends.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from rage_pg.plain.walking import MOST_FRAMES, Endless, Unclear, number, steps

SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes of one value by its type."""
WHOLE = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}
"""Types that count or point, with their bytes."""
SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
STRIPS, STRIP_LENGTHS, SAMPLES, TILES, TILE_LENGTHS = 273, 279, 277, 324, 325
PROFILE = 34675
KEPT = {
    *(
        SUBFILE,
        WIDTH,
        HEIGHT,
        BITS,
        COMPRESSION,
        PHOTOMETRIC,
        STRIPS,
        STRIP_LENGTHS,
        SAMPLES,
        TILES,
        TILE_LENGTHS,
    ),
    *(
        266,
        274,
        278,
        280,
        281,
        282,
        283,
        284,
        290,
        291,
        292,
        293,
        296,
        297,
        301,
        317,
        318,
        319,
        320,
        322,
        323,
    ),
    *(332, 334, 336, 338, 339, 340, 341, 347, 529, 530, 531, 532, PROFILE),
}
"""Tags without which the pixels could not be read or would look otherwise."""
NONE, OLD_JPEG = 1, 6
MOST_STRIPS = 200_000
"""Strips or tiles of all pages."""


class Entry(Struct, frozen=True):
    """One entry: its bytes, and where its values lie."""

    tag: int
    kind: int
    count: int
    place: int
    raw: bytes


class Page(Struct, frozen=True):
    """A directory with where it lies; `entries` by tag."""

    offset: int
    entries: dict[int, Entry]
    reduced: bool


class Layout(Struct, frozen=True):
    """The lengths of counts, entries and pointers: those of TIFF or of BigTIFF."""

    order: Literal["little", "big"]
    count: int
    entry: int
    pointer: int
    first: int


def layout(content: bytes) -> Layout:
    order: Literal["little", "big"] = "little" if content[:2] == b"II" else "big"
    version = number(content, 2, 2, order)
    if version not in (42, 43):
        raise Unclear
    return Layout(order, 2, 12, 4, 4) if version == 42 else Layout(order, 8, 20, 8, 8)


def pages(content: bytes) -> Iterator[Page]:
    """The directories in order, each once; a chain that leads in circles ends. Raises Endless, Unclear."""
    form = layout(content)
    offset = number(content, form.first, form.pointer, form.order)
    seen: set[int] = set()
    counter = steps()
    # Decoders copy the values of every entry: all may point at the same bytes.
    left = 4 * len(content) + 65_536
    while offset and offset not in seen:
        seen.add(offset)
        if len(seen) > MOST_FRAMES:
            raise Endless
        count = number(content, offset, form.count, form.order)
        entries: dict[int, Entry] = {}
        for index in range(count):
            next(counter)
            entry = _entry(content, form, offset + form.count + index * form.entry)
            entries.setdefault(entry.tag, entry)
            left -= SIZES.get(entry.kind, 1) * entry.count
            if left < 0:
                raise Endless
        reduced = bool(values(content, form, entries[SUBFILE])[0] & 1) if SUBFILE in entries else False
        yield Page(offset, entries, reduced)
        offset = number(content, offset + form.count + count * form.entry, form.pointer, form.order)


def first_page(content: bytes) -> dict[int, Entry]:
    """The entries of the first directory. Raises Unclear."""
    page = next(pages(content), None)
    if page is None:
        raise Unclear
    return page.entries


def held(content: bytes, entry: Entry) -> bytes:
    """The bytes of an entry. Raises Unclear beyond the end."""
    end = entry.place + SIZES.get(entry.kind, 1) * entry.count
    if end > len(content):
        raise Unclear
    return content[entry.place : end]


def values(content: bytes, form: Layout, entry: Entry) -> list[int]:
    """The values of an entry that counts or points. Raises Unclear for another, for none and for too many."""
    size = WHOLE.get(entry.kind, 0)
    if not size or not 0 < entry.count <= MOST_STRIPS:
        raise Unclear
    end = entry.place + size * entry.count
    if end > len(content):
        raise Unclear
    code = {1: "B", 2: "H", 4: "I", 8: "Q"}[size]
    found = content[entry.place : end]
    return list(struct.unpack(f"{'<' if form.order == 'little' else '>'}{entry.count}{code}", found))


def frames(content: bytes) -> int:
    """Pages in full resolution. Raises Endless, Unclear."""
    return max(sum(not page.reduced for page in pages(content)), 1)


def plain(content: bytes) -> bytes:
    """The same pages, without smaller copies of them. Raises Endless, Unclear."""
    form = layout(content)
    found = list(pages(content))
    kept = [page for index, page in enumerate(found) if index == 0 or not page.reduced]
    made = bytearray(len(content))
    made[: form.first] = content[: form.first]
    ranges = _ranges(content, form, kept)
    for start, end in ranges:
        made[start:end] = content[start:end]
    pointer = form.first
    ends = [form.first + form.pointer, *(end for _, end in ranges)]
    for page in kept:
        made[pointer : pointer + form.pointer] = page.offset.to_bytes(form.pointer, form.order)
        pointer = _write(made, form, page)
        ends.append(pointer + form.pointer)
    # A damaged file's directories lie upon its pixels, or on one another.
    if any(made[start:end] != content[start:end] for start, end in ranges):
        raise Unclear
    result = bytes(made[: max(ends)])
    if [page.offset for page in pages(result)] != [page.offset for page in kept]:
        raise Unclear
    return result


def _ranges(content: bytes, form: Layout, kept: list[Page]) -> list[tuple[int, int]]:
    """Where lies what is kept of all pages, which may share their strips: the first too much ends it."""
    found: list[tuple[int, int]] = []
    left = 2 * len(content)
    for page in kept:
        for start, end in _held(content, form, page):
            left -= end - start
            if end > len(content) or left < 0:
                raise Unclear
            if len(found) == MOST_STRIPS:
                raise Endless
            found.append((start, end))
    return found


def _write(made: bytearray, form: Layout, page: Page) -> int:
    """Write the directory with what is kept of it and no successor; where the successor's place is."""
    entries = [entry.raw for tag, entry in page.entries.items() if tag in KEPT]
    directory = len(entries).to_bytes(form.count, form.order) + b"".join(entries)
    pointer = page.offset + len(directory)
    made[page.offset : pointer + form.pointer] = directory + bytes(form.pointer)
    return pointer


def _entry(content: bytes, form: Layout, at: int) -> Entry:
    tag, kind = number(content, at, 2, form.order), number(content, at + 2, 2, form.order)
    count = number(content, at + 4, form.pointer, form.order)
    place = at + 4 + form.pointer
    if SIZES.get(kind, 1) * count > form.pointer:
        place = number(content, place, form.pointer, form.order)
    raw = content[at : at + form.entry]
    if len(raw) < form.entry:
        raise Unclear
    return Entry(tag, kind, count, place, raw)


def _held(content: bytes, form: Layout, page: Page) -> Iterator[tuple[int, int]]:
    """Where the pixels of a page lie, and the values of its kept entries."""
    entries = page.entries
    if COMPRESSION in entries and values(content, form, entries[COMPRESSION])[0] == OLD_JPEG:
        raise Unclear
    for tag, entry in entries.items():
        size = SIZES.get(entry.kind, 1) * entry.count
        if tag in KEPT and size > form.pointer:
            yield entry.place, entry.place + size
    offsets, lengths = (TILES, TILE_LENGTHS) if TILES in entries else (STRIPS, STRIP_LENGTHS)
    if offsets not in entries or lengths not in entries:
        raise Unclear
    starts, sizes = (values(content, form, entries[tag]) for tag in (offsets, lengths))
    if len(starts) != len(sizes) or sum(sizes) < _least(content, form, entries):
        raise Unclear
    yield from ((start, start + size) for start, size in zip(starts, sizes, strict=True))


def _least(content: bytes, form: Layout, entries: dict[int, Entry]) -> int:
    """Bytes that the pixels need where they are not compressed: decoders read these, whatever is said."""

    def said(tag: int, otherwise: int) -> int:
        return values(content, form, entries[tag])[0] if tag in entries else otherwise

    if said(COMPRESSION, NONE) != NONE:
        return 1
    width, height = said(WIDTH, 0), said(HEIGHT, 0)
    return (width * said(BITS, 1) * said(SAMPLES, 1) + 7) // 8 * height
