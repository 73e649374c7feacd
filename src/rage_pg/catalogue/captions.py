"""Captions of images: every revision, and a person's verdict on those that a model wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_one, fetch_value
from rage_pg.errors import Conflict, Forbidden, NotFound, RageError
from rage_pg.resources import statements
from rage_pg.types import Caption

SQL = statements("captions")

LARGEST_ID = 2**63 - 1


class ToReview(Struct, frozen=True, kw_only=True):
    """A current caption by a model that nobody has looked over."""

    image_id: int
    brand: str
    title: str | None
    caption: str
    language: str | None
    model: str | None
    created_at: datetime


class _Current(Struct, frozen=True):
    revision: int
    replaces: int | None


async def revisions(database: Database, image_id: int) -> list[Caption]:
    """Every caption of an image that is there, the newest first; empty where it never had one."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["revisions"], {"image_id": image_id}, Caption)


async def to_review(database: Database, *, brand: str | None = None, limit: int = 100) -> list[ToReview]:
    """What models wrote and nobody has looked over, in the order of the images. Raises NotFound."""
    async with database.reading() as connection:
        if brand is not None and not await fetch_value(connection, SQL["brand_exists"], {"brand": brand}):
            raise NotFound(f"There is no brand {brand!r}.")
        return await fetch_all(connection, SQL["to_review"], {"brand": brand, "limit": limit}, ToReview)


async def review(
    database: Database,
    *,
    accepted: Sequence[int] = (),
    rejected: Sequence[int] = (),
    by: str | None = None,
) -> None:
    """Decide on the models' captions of these images: on all of them, or on none.

    Accepted, a caption counts as a person's from now on; rejected, what it replaced is current again. Raises
    NotFound, Forbidden, and Conflict for an image whose current caption is not a model's.
    """
    async with database.transaction() as connection:
        # In one order, so that two reviews cannot block each other.
        for image_id in sorted({*accepted, *rejected}):
            current = await _lock(connection, image_id)
            if image_id in accepted:
                await _change(connection, "accept_caption", image_id, by)
            else:
                await _reject(connection, image_id, current, by)


async def _reject(connection: Connection, image_id: int, current: _Current, by: str | None) -> None:
    await _change(connection, "reject_caption", image_id, by)
    values = {"image_id": image_id, "replaces": current.replaces}
    for statement in ("restore_caption", "touch_image", "refresh_documents"):
        await execute(connection, SQL[statement], values)


async def _change(connection: Connection, statement: str, image_id: int, by: str | None) -> None:
    if not await execute(connection, SQL[statement], {"image_id": image_id, "by": by}):
        raise Forbidden(f"Image {image_id} belongs to a brand that you may not change.")


async def _lock(connection: Connection, image_id: int) -> _Current:
    """The model's caption that is current, which nothing changes until the transaction ends."""
    if not 0 < image_id <= LARGEST_ID:
        raise _missing(image_id)
    values = {"image_id": image_id}
    await fetch_value(connection, SQL["lock_brand_of_image"], values)
    current = await fetch_one(connection, SQL["current_by_model"], values, _Current)
    if current is None:
        raise await _refusal(connection, image_id)
    return current


async def _refusal(connection: Connection, image_id: int) -> RageError:
    if await fetch_value(connection, SQL["missing_images"], {"images": [image_id]}) is not None:
        return _missing(image_id)
    return Conflict(f"The current caption of image {image_id} is not by a model.")


def _missing(image_id: int) -> NotFound:
    return NotFound(f"There is no image {image_id}.")
