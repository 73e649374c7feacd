"""Reads batches: how one stands, its items, and what is still to be done with them."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from rage_pg.database import Database, fetch_all, fetch_one
from rage_pg.errors import InvalidInput
from rage_pg.generation.batches.ending import missing
from rage_pg.generation.batches.values import Batch, BatchPage, ItemState
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
        found = await fetch_one(connection, SQL["get_batch"], {"batch_id": batch_id}, Batch)
    if found is None:
        raise missing(batch_id)
    return found


async def page(
    database: Database, batch_id: UUID, *, cursor: str | None = None, limit: int = 50
) -> BatchPage:
    """A batch with some of its items, in their order. Raises NotFound, InvalidInput."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"limit must be 1 to {MAX_LIMIT}, not {limit}.", field="limit")
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
