"""What is said of an image, applied to it: as its new description, or merged into what is known."""

from __future__ import annotations

from msgspec import UNSET

from rage_pg.ingest.metadata import given
from rage_pg.ingest.values import Incoming, Stored
from rage_pg.types import ImageMetadata

FIELDS = ("title", "caption", "caption_language", "kind", "state", "rights", "usable_from", "usable_until")


def describe(image: Stored, file: Incoming, *, overrides: bool, replaces: bool, new: bool = False) -> None:
    """Change `image` by what `file` says. What it does not say stays.

    `overrides`: single values win over stored ones, else they only fill gaps; the state always wins.
    `replaces`: tags and products are exactly those said, else they are added.
    `new`: the bytes are new to the image. Then, and only then, the file's own words fill what is still empty:
    what people cleared or took off later does not come back by the next import of the same file. Its title
    counts more than the file's name. Its keywords become tags only where no tags are said and none are known;
    tags of folders and of the command line come on top of either. What is said to be nothing (null, an empty
    list) is no gap.
    """
    said, caption = file.metadata, image.caption
    if overrides:
        _set(image, said, *FIELDS)
    else:
        _fill(image, said)
    if image.caption != caption:
        image.caption_is_files = False
    if new:
        _fill_from_file(image, file)
    image.title = image.title or file.title
    if image.caption is None:
        image.caption_language = None
    attributes = given(said.attributes) or {}
    image.attributes = image.attributes | attributes if overrides else attributes | image.attributes
    tags = () if replaces and said.tags is not UNSET else image.tags
    image.tags = tuple(sorted({*tags, *(given(said.tags) or ()), *file.added_tags}))
    skus = () if replaces and said.sku is not UNSET else image.skus
    image.skus = tuple(dict.fromkeys((*skus, *(given(said.sku) or ()))))


def _fill_from_file(image: Stored, file: Incoming) -> None:
    said, words = file.metadata, file.words
    if said.title is UNSET:
        image.title = image.title or words.title
    if said.caption is UNSET and image.caption is None and words.description is not None:
        image.caption, image.caption_is_files = words.description, True
        # That of an earlier caption, or of one that was never said.
        image.caption_language = given(said.caption_language)
    if said.tags is UNSET and not image.tags:
        image.tags = words.keywords


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
