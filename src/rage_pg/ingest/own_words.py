"""What a picture's file says of itself: EXIF, IPTC, XMP and the texts of a PNG, read with bounds.

Of several that say the same thing, XMP counts before IPTC, and IPTC before EXIF, as programs do that write
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from rage_pg.ingest.metadata import LONGEST
from rage_pg.ingest.xmp import xmp_texts
from rage_pg.plain import Said, Unclear, format_of, said, tiff
from rage_pg.plain.said import MOST_BYTES
from rage_pg.texts import CONTROL, is_tag

MOST_KEYWORDS = 50
UTF_8_MARK = b"\x1b%G"
HEADLINE, OBJECT_NAME, CAPTION, KEYWORD, CHARSET = (2, 105), (2, 5), (2, 120), (2, 25), (1, 90)
DESCRIPTION, XP_TITLE, XP_KEYWORDS, XP_SUBJECT = 0x010E, 0x9C9B, 0x9C9E, 0x9C9F
BOILERPLATE = re.compile(
    r"(olympus|minolta|konica minolta|kodak|samsung|casio|fujifilm|ricoh|vivitar)?"
    r"( ?(digital|still|camera|pictures?)){0,5}"
    r"|sony dsc|dcf.?10|dig|dscn?\d*|exif_jpeg_picture|jpeg|image|untitled|default|no title|unknown"
    r"|(created|made|edited|processed|generated) (with|by|using) .*|creator: gd-jpeg.*|lead technologies.*"
    r"|file written by adobe photoshop.*|adobe photoshop.*|ascii|dcim[\\/].*",
    re.IGNORECASE | re.DOTALL,
)
"""What cameras and programs write without having seen the picture."""


class OwnWords(Struct, frozen=True, kw_only=True):
    """What a file says of its picture: texts that the store can hold, keywords that can be tags."""

    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()


SILENT = OwnWords()


def own_words(content: bytes) -> OwnWords:
    """Read from the bytes of a picture, decoded or not. Never raises: damaged words are none."""
    try:
        return read_words(content)
    # Metadata of strangers make readers raise nearly anything, and a picture is more than its words.
    except Exception:
        return SILENT


def read_words(content: bytes) -> OwnWords:
    """The same, but raises for damage that nobody foresaw: it has yet to be found here."""
    found = format_of(content)
    try:
        held = Said() if found is None else said(content, found)
    except Unclear:
        held = Said()
    xmp, iptc, exif = xmp_texts(held.xmp), _iptc(held.iptc), _exif(held.exif)
    texts = {name.lower(): [text] for name, text in held.texts.items()}
    titles = (
        xmp.get("title"),
        iptc.get(HEADLINE),
        iptc.get(OBJECT_NAME),
        exif.get(XP_TITLE),
        texts.get("title"),
    )
    descriptions = (
        *(xmp.get("description"), iptc.get(CAPTION), exif.get(DESCRIPTION), exif.get(XP_SUBJECT)),
        texts.get("description"),
    )
    keywords = (*xmp.get("subject", ()), *iptc.get(KEYWORD, ()), *exif.get(XP_KEYWORDS, ()))
    return OwnWords(
        title=_first("title", titles), description=_first("caption", descriptions), keywords=_tags(keywords)
    )


def _first(field: str, found: Iterable[list[str] | None]) -> str | None:
    """The first text that says something."""
    for text in (_clean(text) for texts in found for text in texts or ()):
        if text and not BOILERPLATE.fullmatch(text):
            return text[: LONGEST[field]].rstrip()
    return None


def _tags(keywords: Iterable[str]) -> tuple[str, ...]:
    """Those that can be tags, without repetition."""
    found: dict[str, None] = {}
    for keyword in keywords:
        clean = " ".join(_clean(keyword).split())
        if is_tag(clean):
            found.setdefault(clean)
        if len(found) == MOST_KEYWORDS:
            break
    return tuple(found)


def _clean(text: str) -> str:
    """Without control characters and halves of surrogate pairs, which no column holds."""
    return CONTROL.sub("", text.encode("utf-8", "ignore").decode()).strip()


def _text(held: bytes) -> str:
    """UTF-8 if it is, as most programs write it; else Latin-1."""
    held = held[:MOST_BYTES].split(b"\0", 1)[0]
    try:
        return held.decode()
    except UnicodeDecodeError:
        return held.decode("latin-1")


def _exif(held: bytes) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    try:
        entries = tiff.first_page(held) if held else {}
        for tag in (DESCRIPTION, XP_TITLE, XP_KEYWORDS, XP_SUBJECT):
            if tag in entries and entries[tag].count <= MOST_BYTES:
                value = tiff.held(held, entries[tag])
                found[tag] = [_text(value)] if tag == DESCRIPTION else _of_windows(value, tag)
    except Unclear:
        pass
    return found


def _of_windows(value: bytes, tag: int) -> list[str]:
    text = value.decode("utf-16-le", "ignore").split("\0", 1)[0]
    return text.split(";") if tag == XP_KEYWORDS else [text]


def _iptc(held: bytes) -> dict[tuple[int, int], list[str]]:
    fields = list(_datasets(held))
    marked = any(name == CHARSET and value.startswith(UTF_8_MARK) for name, value in fields)
    found: dict[tuple[int, int], list[str]] = {}
    for name, value in fields:
        text = value.decode("utf-8", "ignore") if marked else _text(value)
        found.setdefault(name, []).append(text)
    return found


def _datasets(held: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Record and number of each field with its value, as far as they are whole."""
    position = 0
    while held[position : position + 1] == b"\x1c" and position + 5 <= len(held):
        name = (held[position + 1], held[position + 2])
        length = int.from_bytes(held[position + 3 : position + 5], "big")
        position += 5 + length
        # The highest bit announces a longer length; no text is that long.
        if length & 0x8000 or position > len(held):
            return
        yield name, held[position - length : position]
