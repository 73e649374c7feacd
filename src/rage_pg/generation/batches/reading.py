"""Reads batches: how one stands, its items, and what is still to be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.cursors import Place, decoded, encoded
from rage_pg.database import Database, fetch_all, fetch_one
from rage_pg.errors import InvalidInput
from rage_pg.generation.batches.ending import missing
from rage_pg.generation.batches.values import Batch, BatchList, BatchPage, ItemState
from rage_pg.resources import statements

SQL = statements("batches")

MAX_LIMIT = 200
LONGEST_CURSOR = 9


class MadeItem(Struct, frozen=True, kw_only=True):
    """An item that became a generation."""

    position: int
    key: str
    generation_id: UUID


class _Id(Struct, frozen=True):
    generation_id: UUID


async def get_batch(database: Database, batch_id: UUID) -> Batch:
    """How a batch stands. Raises NotFound."""
    async with database.reading() as connection:
        found = await fetch_one(connection, SQL["get_batches"], {"batch_ids": [batch_id]}, Batch)
    if found is None:
        raise missing(batch_id)
    return found


async def listing(
    database: Database,
    *,
    brand: str | None = None,
    labels: Mapping[str, str] | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> BatchList:
    """Batches that pass every filter given, newest first, each with how it stands. Raises InvalidInput.

    `labels` are those of the batch, all required. What is asked for after the first page does not shift the
    next.
    """
    _check_limit(limit)
    after = None if cursor is None else decoded(cursor)
    values = {
        "brand": brand,
        "labels": Jsonb(dict(labels)) if labels else None,
        "before": after and after.created_at,
        "before_id": after and after.id,
        "limit": limit + 1,
    }
    async with database.reading() as connection:
        places = await fetch_all(connection, SQL["list_batches"], values, Place)
        ids = [place.id for place in places[:limit]]
        items = await fetch_all(connection, SQL["get_batches"], {"batch_ids": ids}, Batch)
    more = len(places) > limit
    return BatchList(items=tuple(items), cursor=encoded(places[limit - 1]) if more else None)


async def page(
    database: Database, batch_id: UUID, *, cursor: str | None = None, limit: int = 50
) -> BatchPage:
    """A batch with some of its items, in their order. Raises NotFound, InvalidInput."""
    _check_limit(limit)
    after = cursor or "0"
    if not (after.isascii() and after.isdecimal() and len(after) <= LONGEST_CURSOR):
        raise InvalidInput("The cursor is not one that this list gave out.", field="cursor")
    batch = await get_batch(database, batch_id)
    values = {"batch_id": batch_id, "after": int(after), "limit": limit + 1}
    async with database.reading() as connection:
        items = await fetch_all(connection, SQL["get_items"], values, ItemState)
    more = len(items) > limit
    return BatchPage(
        batch=batch, items=tuple(items[:limit]), cursor=str(items[limit - 1].position) if more else None
    )


async def open_generations(database: Database, batch_id: UUID) -> list[UUID]:
    """The generations of a batch that have not ended, oldest first."""
    async with database.reading() as connection:
        found = await fetch_all(connection, SQL["get_open"], {"batch_id": batch_id}, _Id)
    return [one.generation_id for one in found]


async def made_items(database: Database, batch_id: UUID) -> list[MadeItem]:
    """Its items whose pictures are there, in order."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["get_made"], {"batch_id": batch_id}, MadeItem)


async def item_of(database: Database, generation_id: UUID) -> MadeItem | None:
    """The item that a generation is of; None where it was freed of it, or never was of one."""
    values = {"generation_id": generation_id}
    async with database.reading() as connection:
        return await fetch_one(connection, SQL["get_item_of"], values, MadeItem)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"limit must be 1 to {MAX_LIMIT}, not {limit}.", field="limit")
