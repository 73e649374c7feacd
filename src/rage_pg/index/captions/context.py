"""What a captioner is told of a picture: its brand's language and names, and what is known of it; bounded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from rage_pg.database import Connection, fetch_only
from rage_pg.providers.ports import CaptionContext
from rage_pg.resources import statements

SQL = statements("captions")

STANDARD_LANGUAGE = "en"
"""Where a brand has none: documents without one are read as English too."""
MOST_NAMES = 60
LONGEST_NAME = 80
LONGEST_LIST = 1_500
"""Characters of one list: the whole vocabulary stays a small part of a request."""


class Vocabulary(Struct, frozen=True):
    """How a brand calls things, the most used first."""

    language: str | None
    products: tuple[str, ...]
    skus: tuple[str, ...]
    tags: tuple[str, ...]


class Picture(Struct, frozen=True):
    """The bytes of an image, and its own words."""

    content: bytes | None
    thumbnail: bytes
    title: str | None
    tags: tuple[str, ...]
    skus: tuple[str, ...]


async def vocabulary_of(connection: Connection, brand_id: int) -> Vocabulary:
    values = {"brand_id": brand_id, "most": MOST_NAMES}
    return await fetch_only(connection, SQL["get_vocabulary"], values, Vocabulary)


def context_of(vocabulary: Vocabulary, picture: Picture) -> CaptionContext:
    words: dict[str, Any] = {
        "title_of_this_picture": _bounded([picture.title] if picture.title else ()),
        "tags_of_this_picture": _bounded(picture.tags),
        "skus_of_this_picture": _bounded(picture.skus),
        "products": _bounded(vocabulary.products),
        "skus": _bounded(vocabulary.skus),
        "tags": _bounded(vocabulary.tags),
    }
    return CaptionContext(language=vocabulary.language or STANDARD_LANGUAGE, vocabulary=words)


def _bounded(names: Iterable[str]) -> tuple[str, ...]:
    kept: list[str] = []
    room = LONGEST_LIST
    for name in names:
        shortened = name[:LONGEST_NAME]
        room -= len(shortened)
        if room < 0 or len(kept) == MOST_NAMES:
            break
        kept.append(shortened)
    return tuple(kept)
