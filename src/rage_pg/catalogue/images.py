"""Single images and lists of them: read, count by facet, hide, erase."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from rage_pg.database import Database, execute, fetch_all, fetch_one
from rage_pg.errors import Forbidden, InvalidInput, NotFound
from rage_pg.queries import FacetRow, facets_of, filter_values
from rage_pg.resources import statements
from rage_pg.types import Content, Facets, Filters, Image, Page

SQL = statements("catalogue")

LARGEST_PAGE = 200

ERASURE = (
    "erase_vectors",
    "erase_words",
    "erase_captions",
    "erase_descriptions",
    "erase_caption_tries",
    "erase_tags",
    "erase_identifiers",
    "erase_products",
    "erase_places",
    "erase_contents",
)
"""What goes with an erased image, in this order: contents are looked at once nobody else can show them."""


class _Cursor(Struct, frozen=True, array_like=True):
    """Where a page ended: the sort that it belongs to, and the last row's key and id."""

    sort: str
    key: str
    image_id: int


class _Listed(Struct, frozen=True):
    image: Image
    sort_key: str


async def get(database: Database, image_id: int) -> Image:
    """One image. Raises NotFound, for a deleted one as well."""
    async with database.reading() as connection:
        image = await fetch_one(connection, SQL["get_image"], {"image_id": _id(image_id)}, Image)
    if image is None:
        raise NotFound(f"There is no image {image_id}.")
    return image


async def get_many(database: Database, image_ids: Sequence[int]) -> list[Image]:
    """The images of these ids, in their order; what does not exist is left out."""
    values = {"image_ids": [_id(image_id) for image_id in image_ids]}
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["get_images"], values, Image)


async def listing(
    database: Database,
    filters: Filters,
    *,
    q: str | None = None,
    sort: str = "-created_at",
    cursor: str | None = None,
    limit: int = 50,
    look_alike: int | None = None,
) -> Page:
    """One page of the images that pass a filter, drafts and retired ones included unless states are named.

    `q` must be found in title, caption, tags or SKUs (websearch syntax). `cursor` continues a page of the
    same sort, stable under inserts. `look_alike` confines to what looks like that image, itself left out.
    Raises InvalidInput, and NotFound for an image to look like that is not there.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput(f"limit must be from 1 to {LARGEST_PAGE}, not {limit}.", field="limit")
    after = _decode(cursor, sort) if cursor else None
    values = {
        **filter_values(filters),
        "q": q or None,
        "sort": sort,
        "after_key": after.key if after else None,
        "after_id": after.image_id if after else None,
        "limit": limit + 1,
        "look_alike": look_alike,
    }
    if look_alike is not None:
        await get(database, look_alike)
    async with database.reading() as connection:
        rows = await fetch_all(connection, SQL["list_images"], values, _Listed)
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return Page(
        items=tuple(row.image for row in rows[:limit]),
        cursor=_encode(_Cursor(sort, last.sort_key, last.image.id)) if last else None,
    )


async def facets(database: Database, filters: Filters, *, q: str | None = None) -> Facets:
    """How many images that pass a filter carry which tag, brand, kind and attribute value."""
    async with database.reading() as connection:
        rows = await fetch_all(
            connection, SQL["facets"], {**filter_values(filters), "q": q or None}, FacetRow
        )
    return facets_of(rows)


async def content(database: Database, image_id: int, *, version: int | None = None) -> Content:
    """The original bytes of the current version, or of an older one. Raises NotFound."""
    return await _bytes(database, "get_content", {"image_id": _id(image_id), "version": version})


async def thumbnail(database: Database, image_id: int) -> Content:
    """A WebP of at most 512 pixels a side, free of metadata. Raises NotFound."""
    return await _bytes(database, "get_thumbnail", {"image_id": _id(image_id)})


async def delete(database: Database, image_id: int, *, erase: bool = False) -> None:
    """Hide an image, or with `erase` remove its bytes, words, keys and vectors for good.

    The row, retired, and the hash stay, so that history stays whole. Bytes that another image shows stay too.
    Raises NotFound and Forbidden.
    """
    values = {"image_id": _id(image_id)}
    async with database.transaction() as connection:
        touched = await execute(connection, SQL["erase_image" if erase else "delete_image"], values)
        if not touched:
            if await fetch_one(connection, SQL["get_image"], values, Image) is not None:
                raise Forbidden(f"Image {image_id} belongs to a brand that you may not change.")
            raise NotFound(f"There is no image {image_id}.")
        if erase:
            for statement in ERASURE:
                await execute(connection, SQL[statement], values)


async def _bytes(database: Database, statement: str, values: dict[str, Any]) -> Content:
    async with database.reading() as connection:
        found = await fetch_one(connection, SQL[statement], values, Content)
    if found is None:
        raise NotFound(f"There is no picture of image {values['image_id']}.")
    return found


def _id(image_id: int) -> int:
    """An id that a bigint cannot hold names no image."""
    if not 0 < image_id < 2**63:
        raise NotFound(f"There is no image {image_id}.")
    return image_id


def _encode(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _decode(text: str, sort: str) -> _Cursor:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        cursor = msgspec.json.decode(raw, type=_Cursor)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise InvalidInput("This cursor is not one of ours.", field="cursor") from None
    if cursor.sort != sort:
        raise InvalidInput(f"This cursor belongs to a list sorted by {cursor.sort}.", field="cursor")
    return cursor
