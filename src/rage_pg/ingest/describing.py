"""What is said of an image, applied to it: as its new description, or merged into what is known."""

from __future__ import annotations

from msgspec import UNSET

from rage_pg.ingest.metadata import given
from rage_pg.ingest.values import Incoming, Stored
from rage_pg.types import ImageMetadata

FIELDS = ("title", "caption", "caption_language", "kind", "state", "rights", "usable_from", "usable_until")


def describe(image: Stored, file: Incoming, *, overrides: bool, replaces: bool) -> None:
    """Change `image` by what `file` says. What it does not say stays.

    `overrides`: single values win over stored ones, else they only fill gaps; the state always wins.
    `replaces`: tags and products are exactly those said, else they are added.
    """
    said = file.metadata
    if overrides:
        _set(image, said, *FIELDS)
    else:
        _fill(image, said)
    image.title = image.title or file.title
    if image.caption is None:
        image.caption_language = None
    attributes = given(said.attributes) or {}
    image.attributes = image.attributes | attributes if overrides else attributes | image.attributes
    tags = () if replaces and said.tags is not UNSET else image.tags
    image.tags = tuple(sorted({*tags, *(given(said.tags) or ()), *file.added_tags}))
    skus = () if replaces and said.sku is not UNSET else image.skus
    image.skus = tuple(dict.fromkeys((*skus, *(given(said.sku) or ()))))


def _set(image: Stored, said: ImageMetadata, *fields: str) -> None:
    for field in fields:
        value = getattr(said, field)
        if value is not UNSET:
            setattr(image, field, value)


def _fill(image: Stored, said: ImageMetadata) -> None:
    """Only gaps, but for the state: who says one wants the picture used, or not, from now on."""
    _set(image, said, "state")
    # The language of another caption tells nothing of the one that is kept.
    if image.caption is None or (image.caption_language is None and said.caption in (UNSET, image.caption)):
        _set(image, said, "caption_language")
    _set(image, said, *(field for field in ("title", "caption", "rights") if getattr(image, field) is None))
    if image.kind == "other":
        _set(image, said, "kind")
    if image.usable_from is None and image.usable_until is None:
        _set(image, said, "usable_from", "usable_until")
