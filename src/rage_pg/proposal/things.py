"""What a prompt wants to be shown, and what is known of an image that may show it."""

from __future__ import annotations

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
