"""AVIF and HEIC: boxes within boxes; a directory of items tells where in the file each has its bytes.

Everything keeps its place, so that no pointer changes: the plain file is the old one with zeros in it, and
ends where what is kept ends. Kept are the picture, what it is put together of, and its transparency.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from rage_pg.plain.walking import Unclear, number, steps

NESTING = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf"}
PRIVATE = {b"udta", b"meta", b"uuid", b"free", b"skip", b"thmb"}
DATED = {b"mvhd", b"tkhd", b"mdhd"}
DESCRIBING = {b"hdlr", b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat", b"grpl"}
"""Boxes that the directory of items is made of."""
PROPERTIES = {
    *(b"ispe", b"pixi", b"av1C", b"hvcC", b"colr", b"irot", b"imir", b"clap", b"pasp", b"auxC"),
    *(b"a1op", b"a1lx", b"lsel", b"clli", b"mdcv", b"cclv"),
}
"""Properties that tell how an item is decoded and shown; others are words, dates and the like."""
BELONGS_TO = {b"dimg", b"prem"}
DEEPEST = 8


class Box(Struct, frozen=True):
    """`start` of its header, `body` behind it, `end`."""

    kind: bytes
    start: int
    body: int
    end: int


class Item(Struct):
    """`place`: where its type stands, its name behind it up to `end`; `stretches`: where its bytes lie."""

    place: int
    end: int
    stretches: list[tuple[int, int]]


def whole_boxes(content: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes of a stretch, which they fill. Raises Endless, Unclear."""
    for box in boxes(content, start, end):
        yield box
        start = box.end
    if start != end:
        raise Unclear


def boxes(content: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes of a stretch, as far as they are whole. Raises Endless."""
    for _ in steps():
        if start + 8 > end:
            return
        size, body = number(content, start, 4), start + 8
        if size == 1:
            size, body = number(content, body, 8), body + 8
        size = size or end - start
        if size < body - start or start + size > end:
            return
        yield Box(content[start + 4 : start + 8], start, body, start + size)
        start += size


def plain(content: bytes) -> bytes:
    """The same picture or sequence. Raises Unclear."""
    made = bytearray(len(content))
    outer = list(boxes(content, 0, len(content)))
    end = 0
    for box in outer:
        made[box.start : box.body] = content[box.start : box.body]
        if box.kind in (b"ftyp", b"meta", b"moov", b"mdat"):
            end = box.end
        else:
            made[box.start + 4 : box.start + 8] = b"free"
    if not outer or outer[0].kind != b"ftyp":
        raise Unclear
    made[outer[0].body : outer[0].end] = content[outer[0].body : outer[0].end]
    sequence = [box for box in outer if box.kind == b"moov"]
    metas = [box for box in outer if box.kind == b"meta"]
    if len(metas) > 1:
        raise Unclear
    if sequence:
        for box in outer:
            if box.kind in (b"moov", b"mdat"):
                made[box.body : box.end] = content[box.body : box.end]
        for box in sequence:
            _scrub(content, made, box, PRIVATE, depth=0)
    for box in metas:
        _items(content, made, box)
    if not sequence and not metas:
        raise Unclear
    return bytes(made[:end])


def _scrub(content: bytes, made: bytearray, box: Box, private: set[bytes], depth: int) -> None:
    """Empty the private boxes within a box."""
    if depth > DEEPEST:
        raise Unclear
    for inner in boxes(content, box.body, box.end):
        if inner.kind in private:
            _empty(made, inner)
        elif inner.kind in DATED:
            _undate(made, inner)
        elif inner.kind == b"hdlr":
            _unname(made, inner)
        elif inner.kind in NESTING:
            _scrub(content, made, inner, private, depth + 1)


def _empty(made: bytearray, box: Box) -> None:
    made[box.start + 4 : box.start + 8] = b"free"
    made[box.body : box.end] = bytes(box.end - box.body)


def _undate(made: bytearray, box: Box) -> None:
    """Zero the times of making and changing, which stand behind version and flags."""
    end = min(box.body + (20 if made[box.body : box.body + 1] == b"\1" else 12), box.end)
    made[box.body + 4 : end] = bytes(max(0, end - box.body - 4))


def _unname(made: bytearray, hdlr: Box) -> None:
    """Of a handler only its kind stays; behind it are reserved bytes and a name."""
    start = min(hdlr.body + 12, hdlr.end)
    made[start : hdlr.end] = bytes(hdlr.end - start)


def _scrub_directory(content: bytes, made: bytearray, meta: Box) -> None:
    """Empty whatever the directory has beside what describes items and their pictures."""
    end = meta.body + 4
    for box in boxes(content, end, meta.end):
        end = box.end
        if box.kind not in DESCRIBING:
            _empty(made, box)
        elif box.kind == b"hdlr":
            _unname(made, box)
        elif box.kind == b"idat":
            made[box.body : box.end] = bytes(box.end - box.body)
        elif box.kind == b"iprp":
            _scrub_properties(content, made, box)
    made[end : meta.end] = bytes(max(0, meta.end - end))


def _scrub_properties(content: bytes, made: bytearray, iprp: Box) -> None:
    """Items name their properties by their place in the row, so that each keeps its own."""
    for box in whole_boxes(content, iprp.body, iprp.end):
        if box.kind == b"ipco":
            for one in whole_boxes(content, box.body, box.end):
                if one.kind not in PROPERTIES:
                    _empty(made, one)
        elif box.kind != b"ipma":
            _empty(made, box)


def _items(content: bytes, made: bytearray, meta: Box) -> None:
    """Keep the directory and the bytes of the picture's items; of the others nothing but their numbers."""
    made[meta.body : meta.end] = content[meta.body : meta.end]
    _scrub_directory(content, made, meta)
    inner, items = _directory(content, meta)
    wanted = _wanted(content, inner, items)
    for name, item in items.items():
        made[item.place + 4 : item.end] = bytes(item.end - item.place - 4)
        if name not in wanted:
            made[item.place : item.place + 4] = b"none"
            for start, stop in item.stretches:
                made[start:stop] = bytes(stop - start)
    for name in wanted & items.keys():
        for start, stop in items[name].stretches:
            made[start:stop] = content[start:stop]


def texts(content: bytes, most: int) -> Iterator[tuple[bytes, bytes]]:
    """The kinds and the bytes of the items that hold EXIF data or XMP of `most` bytes. Raises Unclear."""
    for box in boxes(content, 0, len(content)):
        if box.kind == b"meta":
            for item in _directory(content, box)[1].values():
                kind = content[item.place : item.place + 4]
                if sum(stop - start for start, stop in item.stretches) > most:
                    continue
                if kind == b"Exif" or (kind == b"mime" and b"rdf+xml" in content[item.place : item.end]):
                    yield kind, b"".join(content[start:stop] for start, stop in item.stretches)
            return


def _directory(content: bytes, meta: Box) -> tuple[dict[bytes, Box], dict[int, Item]]:
    """The boxes that describe the items, by their kinds, and the items, by their numbers."""
    inner = {box.kind: box for box in boxes(content, meta.body + 4, meta.end) if box.kind in DESCRIBING}
    if not {b"pitm", b"iinf", b"iloc"} <= inner.keys():
        raise Unclear
    items = _described(content, inner[b"iinf"])
    _locate(content, inner[b"iloc"], inner.get(b"idat"), items)
    stretches = (stop - start for item in items.values() for start, stop in item.stretches)
    # Each is zeroed or copied: all may be the whole file.
    if sum(stretches) > 2 * len(content):
        raise Unclear
    return inner, items


def _described(content: bytes, iinf: Box) -> dict[int, Item]:
    """The items by their number, as iinf lists them."""
    start = iinf.body + (6 if content[iinf.body] == 0 else 8)
    items: dict[int, Item] = {}
    for box in whole_boxes(content, start, iinf.end):
        version = number(content, box.body, 1)
        if box.kind != b"infe" or version not in (2, 3) or box.body != box.start + 8:
            raise Unclear
        length = 2 if version == 2 else 4
        place = box.body + 4 + length + 2
        if place + 4 > box.end:
            raise Unclear
        items[number(content, box.body + 4, length)] = Item(place, box.end, [])
    return items


def _locate(content: bytes, iloc: Box, idat: Box | None, items: dict[int, Item]) -> None:
    """Note where the items' bytes lie."""
    version, sizes = number(content, iloc.body, 1), number(content, iloc.body + 4, 2)
    offset, length, base = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    at = iloc.body + 6 + wide
    counter = steps()
    for _ in range(number(content, iloc.body + 6, wide)):
        item, at = items.get(number(content, at, wide)), at + wide
        method, at = (number(content, at, 2) & 15, at + 2) if version else (0, at)
        origin, at = number(content, at + 2, base), at + 2 + base
        extents, at = number(content, at, 2), at + 2
        start, limit = (idat.body, idat.end) if method == 1 and idat else (0, len(content))
        for _ in range(extents):
            next(counter)
            first = start + origin + number(content, at + index, offset)
            last = first + number(content, at + index + offset, length)
            at += index + offset + length
            if at > iloc.end or method > 1 or last > limit:
                raise Unclear
            if item is not None:
                item.stretches.append((first, last))


def _wanted(content: bytes, inner: dict[bytes, Box], items: dict[int, Item]) -> set[int]:
    """The primary item, what it is put together of, and what belongs to these, as their transparency."""
    pitm = inner[b"pitm"]
    primary = number(content, pitm.body + 4, 2 if content[pitm.body] == 0 else 4)
    links = list(_links(content, inner[b"iref"])) if b"iref" in inner else []
    wanted, waiting = {primary}, [primary]
    parts: dict[int, list[int]] = {}
    for kind, source, targets in links:
        if kind in BELONGS_TO:
            parts.setdefault(source, []).extend(targets)
        elif kind == b"auxl":
            for target in targets:
                parts.setdefault(target, []).append(source)
    while waiting:
        new = [item for item in parts.get(waiting.pop(), []) if item not in wanted and item in items]
        wanted.update(new)
        waiting += new
    return wanted


def _links(content: bytes, iref: Box) -> Iterator[tuple[bytes, int, list[int]]]:
    """Kind, from which item, to which ones."""
    wide = 2 if content[iref.body] == 0 else 4
    for box in whole_boxes(content, iref.body + 4, iref.end):
        count = number(content, box.body + wide, 2)
        first = box.body + wide + 2
        if first + count * wide > box.end:
            raise Unclear
        targets = [number(content, first + index * wide, wide) for index in range(count)]
        yield box.kind, number(content, box.body, wide), targets
