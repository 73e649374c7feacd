"""What a picture's file says of itself: EXIF, IPTC, XMP and the texts of a PNG, read with bounds.

Of several that say the same thing, XMP counts before IPTC, and IPTC before EXIF, as programs do that write
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct
from PIL import ExifTags, Image

from rage_pg.ingest.metadata import LONGEST
from rage_pg.ingest.xmp import xmp_texts
from rage_pg.texts import CONTROL, is_tag

MOST_BYTES = 1_000_000
"""Of EXIF, IPTC or XMP; of what is larger nothing is read."""
MOST_KEYWORDS = 50
UTF_8_MARK = b"\x1b%G"
HEADLINE, OBJECT_NAME, CAPTION, KEYWORD, CHARSET = (2, 105), (2, 5), (2, 120), (2, 25), (1, 90)
XP_TITLE, XP_KEYWORDS, XP_SUBJECT = 0x9C9B, 0x9C9E, 0x9C9F
PHOTOSHOP_IPTC = 0x0404
TIFF_IPTC, TIFF_XMP = 33723, 700
BOILERPLATE = re.compile(
    r"(olympus|minolta|konica minolta|kodak|samsung|casio|fujifilm|ricoh|vivitar)?"
    r"( ?(digital|still|camera|pictures?)){1,5}"
    r"|sony dsc|dcf.?10|dig|dscn?\d*|exif_jpeg_picture|jpeg|image|untitled|default|no title|unknown"
    r"|(created|made|edited|processed|generated) (with|by|using) .*|creator: gd-jpeg.*|lead technologies.*"
    r"|file written by adobe photoshop.*|adobe photoshop.*|ascii",
    re.IGNORECASE | re.DOTALL,
)
"""What cameras and programs write without having seen the picture."""


class OwnWords(Struct, frozen=True, kw_only=True):
    """What a file says of its picture: texts that the store can hold, keywords that can be tags."""

    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()


SILENT = OwnWords()


def own_words(picture: Image.Image) -> OwnWords:
    """Read from an opened picture, decoded or not. Never raises: damaged words are none."""
    xmp = _tried(lambda: xmp_texts(_xmp(picture)), {})
    iptc = _tried(lambda: _iptc(picture), {})
    exif = _tried(lambda: _exif(picture), {})
    texts = _tried(lambda: _png_texts(picture), {})
    keywords = (*xmp.get("subject", ()), *iptc.get(KEYWORD, ()), *exif.get("keywords", ()))
    return OwnWords(
        title=_first(
            "title",
            [
                xmp.get("title"),
                iptc.get(HEADLINE),
                iptc.get(OBJECT_NAME),
                exif.get("title"),
                texts.get("title"),
            ],
        ),
        description=_first(
            "caption",
            [
                xmp.get("description"),
                iptc.get(CAPTION),
                exif.get("description"),
                exif.get("subject"),
                texts.get("description"),
            ],
        ),
        keywords=_tags(keywords),
    )


def _tried(read: Callable[[], dict[Any, list[str]]], otherwise: dict[Any, list[str]]) -> dict[Any, list[str]]:
    try:
        return read()
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception:
        return otherwise


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


def _xmp(picture: Image.Image) -> bytes:
    found = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
    if not found and hasattr(picture, "tag_v2"):
        found = picture.tag_v2.get(TIFF_XMP, b"")
    held = found.encode() if isinstance(found, str) else bytes(found)
    return held if len(held) <= MOST_BYTES else b""


def _exif(picture: Image.Image) -> dict[Any, list[str]]:
    if len(picture.info.get("exif") or b"") > MOST_BYTES:
        return {}
    exif = picture.getexif() if picture.format != "PNG" or "exif" in picture.info else Image.Exif()
    found: dict[Any, list[str]] = {}
    description = exif.get(ExifTags.Base.ImageDescription)
    if isinstance(description, str):
        # Pillow reads it as Latin-1, most programs write UTF-8.
        found["description"] = [_text(description.encode("latin-1", "replace"))]
    for name, tag in (("title", XP_TITLE), ("subject", XP_SUBJECT), ("keywords", XP_KEYWORDS)):
        held = exif.get(tag)
        if held is not None:
            text = bytes(held)[:MOST_BYTES].decode("utf-16-le", "ignore").split("\0", 1)[0]
            found[name] = text.split(";") if name == "keywords" else [text]
    return found


def _iptc(picture: Image.Image) -> dict[Any, list[str]]:
    held = picture.info.get("photoshop", {}).get(PHOTOSHOP_IPTC, b"")
    if not held and hasattr(picture, "tag_v2"):
        held = picture.tag_v2.get(TIFF_IPTC, b"")
    fields = list(_datasets(bytes(held))) if len(held) <= MOST_BYTES else []
    marked = any(name == CHARSET and value.startswith(UTF_8_MARK) for name, value in fields)
    found: dict[Any, list[str]] = {}
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


def _png_texts(picture: Image.Image) -> dict[Any, list[str]]:
    names = ("title", "description")
    return {
        name.lower(): [value]
        for name, value in picture.info.items()
        if isinstance(name, str) and name.lower() in names and isinstance(value, str)
    }
