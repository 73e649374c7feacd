"""What may be said of an image: cleaned and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType, structs

from rage_pg.errors import InvalidInput
from rage_pg.texts import check_storable, check_tag, checked_language
from rage_pg.types import ImageMetadata, KeptWords

T = TypeVar("T")

NOTHING_SAID = ImageMetadata()

LONGEST = {
    "external_id": 500,
    "brand": 100,
    "sku": 200,
    "title": 1_000,
    "caption": 20_000,
    "rights": 5_000,
}
"""Characters."""
MOST_ITEMS = 500
MOST_ATTRIBUTES = 100_000
"""Bytes of all attributes as JSON."""


def checked(said: ImageMetadata) -> ImageMetadata:
    """`said` with texts trimmed, blank ones cleared and lists without repetition.

    Raises InvalidInput, naming the field, for what the store could not hold.
    """
    in_order(given(said.usable_from), given(said.usable_until))
    return structs.replace(
        said,
        external_id=_name("external_id", said.external_id),
        brand=_name("brand", said.brand),
        sku=_names("sku", said.sku),
        tags=_tags(said.tags),
        title=_text("title", said.title),
        caption=_text("caption", said.caption),
        caption_language=_language(said.caption_language),
        rights=_text("rights", said.rights),
        attributes=_attributes(said.attributes),
    )


def checked_words(said: KeptWords) -> KeptWords:
    """`checked` for what is said of an output."""
    return structs.replace(
        said, title=_text("title", said.title), caption=_text("caption", said.caption), tags=_tags(said.tags)
    )


def with_defaults(said: ImageMetadata, defaults: ImageMetadata) -> ImageMetadata:
    """`said`, and where it says nothing the defaults; attributes are united. Tags are left to the caller."""
    fields = structs.asdict(defaults) | {
        name: value for name, value in structs.asdict(said).items() if value is not UNSET
    }
    fields["tags"] = said.tags
    if said.attributes is not UNSET and defaults.attributes is not UNSET:
        fields["attributes"] = defaults.attributes | said.attributes
    return ImageMetadata(**fields)


def given(value: T | UnsetType | None) -> T | None:
    """None for what was not said."""
    return None if value is UNSET else value


def in_order(first: date | None, last: date | None) -> None:
    if first and last and first > last:
        raise InvalidInput("usable_from lies after usable_until.", field="usable_from")


def _text(field: str, text: str | UnsetType | None) -> str | UnsetType | None:
    if text is None or text is UNSET:
        return text
    check_storable(field, text)
    text = text.strip()
    if len(text) > LONGEST[field]:
        raise InvalidInput(f"{field} has {len(text):,} characters, at most {LONGEST[field]:,} fit.", field)
    return text or None


def _language(language: str | UnsetType | None) -> str | UnsetType | None:
    return language if language is UNSET else checked_language("caption_language", language)


def _name(field: str, name: str | UnsetType) -> str | UnsetType:
    clean = _text(field, name)
    if clean is None:
        raise InvalidInput(f"{field} is empty.", field=field)
    return clean


def _names(field: str, names: tuple[str, ...] | UnsetType) -> tuple[str, ...] | UnsetType:
    if names is UNSET:
        return UNSET
    _check_number(field, names)
    return tuple(dict.fromkeys(str(_name(field, name)) for name in names))


def _tags(tags: tuple[str, ...] | UnsetType) -> tuple[str, ...] | UnsetType:
    if tags is UNSET:
        return UNSET
    _check_number("tags", tags)
    for tag in tags:
        check_tag(tag)
    return tuple(dict.fromkeys(tag.strip() for tag in tags))


def _check_number(field: str, names: tuple[str, ...]) -> None:
    if len(names) > MOST_ITEMS:
        raise InvalidInput(f"{field} has {len(names):,} entries, at most {MOST_ITEMS:,} fit.", field=field)


def _attributes(attributes: dict[str, Any] | UnsetType) -> dict[str, Any] | UnsetType:
    if attributes is UNSET:
        return UNSET
    for text in _texts(attributes):
        check_storable("attributes", text)
    if any(not name.strip() for name in attributes):
        raise InvalidInput("An attribute has no name.", field="attributes")
    size = len(msgspec.json.encode(attributes))
    if size > MOST_ATTRIBUTES:
        raise InvalidInput(f"attributes have {size:,} bytes, at most {MOST_ATTRIBUTES:,} fit.", "attributes")
    return attributes


def _texts(attributes: dict[str, Any]) -> Iterator[str]:
    """Every text within, names of members included."""
    waiting: list[Any] = [attributes]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += (*value, *value.values())
        elif isinstance(value, list | tuple):
            waiting += value
