"""The things that a prompt may name, and how well an image serves one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from rage_pg.types import Kind


class Wanted(Struct, frozen=True, kw_only=True):
    """A thing that a prompt names. `embedded`: whose vector is compared. `words`: any may name it."""

    text: str
    embedded: str
    words: tuple[str, ...]
    start: int
    end: int


class Shown(Struct, frozen=True, kw_only=True):
    """What is known of an image. `similarity`: to each thing, by its number; None without a vector."""

    image_id: int
    title: str | None
    caption: str | None
    tags: tuple[str, ...]
    skus: tuple[str, ...]
    brand: str
    kind: Kind
    similarity: tuple[float | None, ...]
    relevance: float


FILLERS = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "the",
        "to",
        "with",
    ]
)


def wanted(prompt: str, language: str | None = None) -> list[Wanted]:
    """Each word of a prompt that is no filler."""
    found: dict[str, Wanted] = {}
    for match in re.finditer(r"[^\W_]+(?:-[^\W_]+)*", prompt):
        word = match.group().casefold()
        if word not in FILLERS:
            found.setdefault(
                word,
                Wanted(
                    text=match.group(),
                    embedded=f"A {word}.",
                    words=(word,),
                    start=match.start(),
                    end=match.end(),
                ),
            )
    return list(found.values())


def service(wanted: Wanted, number: int, shown: Shown) -> float:
    """1 where the image's words name the thing."""
    said = " ".join(
        filter(None, (shown.title, shown.caption, shown.brand, *shown.tags, *shown.skus))
    ).casefold()
    tokens: Sequence[str] = re.findall(r"[^\W_]+(?:-[^\W_]+)*", said)
    return float(
        any(token.removesuffix("s") == word.removesuffix("s") for token in tokens for word in wanted.words)
    )
