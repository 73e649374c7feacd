"""Carries a batch out within this process, from its FILE or its id, and reads how it stands then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from rage_pg.cli.batch_file import BatchFile
from rage_pg.cli.batch_files import Files
from rage_pg.cli.batch_items import Items, Making
from rage_pg.cli.output import bars

if TYPE_CHECKING:
    from rage_pg.generation.batches import Batch, ItemState, Outcome
    from rage_pg.runtime import Runtime


class Ask(Struct, frozen=True, kw_only=True):
    """A batch to begin, or the id of one to go on with, and where its pictures go."""

    what: BatchFile | UUID
    idempotency_key: str | None = None
    budget: Decimal | None = None
    retry: tuple[Outcome, ...] = ()
    folder: Path | None
    at_once: int


class Ran(Struct, frozen=True, kw_only=True):
    batch: Batch
    items: tuple[ItemState, ...]
    files: dict[int, list[str]]
    """By the position of the item."""


async def ran(runtime: Runtime, ask: Ask, hurry: asyncio.Event) -> Ran:
    """Carry the batch out as far as it goes, and read how it stands then. Raises RageError.

    Cancelled, it lets what is under way end, until `hurry` is set.
    """
    from rage_pg import jobs
    from rage_pg.generation import batches

    batch_id = await _begun(runtime, ask)
    files = Files(runtime.database, ask.folder)
    async with jobs.alone(runtime.database, batch_id) as claim:
        await batches.resume(runtime.database, batch_id, budget_usd=ask.budget, retry=ask.retry)
        with bars() as shown:
            making = Making(at_once=ask.at_once, folder=ask.folder, hurry=hurry)
            await Items(runtime, batch_id, claim, files, shown, making).make()
    await jobs.defer_fill_index(runtime.database)
    return Ran(
        batch=await batches.get_batch(runtime.database, batch_id),
        items=await _all_items(runtime, batch_id),
        files=files.written,
    )


async def _begun(runtime: Runtime, ask: Ask) -> UUID:
    from rage_pg.generation import batches

    if isinstance(ask.what, UUID):
        return (await batches.get_batch(runtime.database, ask.what)).id
    key = ask.idempotency_key or ask.what.key
    return await batches.put(
        runtime.database,
        runtime.generators,
        ask.what.request,
        budget_usd=ask.budget,
        idempotency_key=key,
    )


async def _all_items(runtime: Runtime, batch_id: UUID) -> tuple[ItemState, ...]:
    from rage_pg.generation import batches

    items: list[ItemState] = []
    cursor: str | None = None
    while True:
        page = await batches.page(runtime.database, batch_id, cursor=cursor, limit=200)
        items += page.items
        if (cursor := page.cursor) is None:
            return tuple(items)


def not_made(items: Sequence[ItemState]) -> list[ItemState]:
    return [item for item in items if item.status != "succeeded"]
