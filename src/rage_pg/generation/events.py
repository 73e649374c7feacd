"""The progress of a generation: what happened so far, what happens next, and waiting for its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from rage_pg.cancelling import heed_cancellation
from rage_pg.database import Database, fetch_all, fetch_value
from rage_pg.errors import DatabaseUnavailable
from rage_pg.generation.ledger import FINAL, missing, read
from rage_pg.resources import statements
from rage_pg.types import Generation, Status

SQL = statements("generation")
REFINING = statements("refining")

POLL = 0.25
"""Seconds between two looks. A NOTIFY would take a lock of the whole server at every commit."""


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to a generation; `id` counts from 1, `name` is the status that it reached.

    Also `waiting`, of one that is queued again: `data` says for what (`reason`: retry, pause, concurrency,
    rate or line), by which `code` of the provider, and how many seconds (`retry_in`) where that is known;
    `cancelling`: called off while it runs; `partial_image`: which (`number`) is there, and where (`url`).
    Of one that is refined also, after its own end: `judged` (`verdict`, `missing`), `refining` (the next
    picture: `generation_id`, `round`, `references`) and at last `refined` (`ended_by`, `result_id`).
    """

    id: int
    name: str
    data: dict[str, Any]
    created_at: datetime


async def events(database: Database, generation_id: UUID, after: int = 0) -> list[Event]:
    """What happened since the event `after`. Raises NotFound."""
    return (await _look(database, generation_id, after))[1]


async def follow(database: Database, generation_id: UUID, after: int = 0) -> AsyncIterator[Event]:
    """Every event since `after` as it happens, until the generation is over. Raises NotFound.

    Who comes late is told only of those partial images that are still there.
    Where the database goes away, the events go on when it is back.
    """
    while True:
        # The pool logs that the database is away, and waits for it.
        with suppress(DatabaseUnavailable):
            is_over, happened = await _look(database, generation_id, after)
            for event in happened:
                yield event
                after = event.id
            if is_over:
                return
        heed_cancellation()
        await asyncio.sleep(POLL)


async def wait_for(database: Database, generation_id: UUID, seconds: float) -> Generation:
    """The generation once it is over, or as it stands after `seconds`. Raises NotFound."""
    end = time.monotonic() + seconds
    while True:
        async with database.transaction() as connection:
            generation = await read(connection, generation_id)
        left = end - time.monotonic()
        if generation.is_over or left <= 0:
            return generation
        await asyncio.sleep(min(POLL, left))


async def _look(database: Database, generation_id: UUID, after: int) -> tuple[bool, list[Event]]:
    values = {"generation_id": generation_id, "after": after}
    async with database.transaction() as connection:
        # The status first: an end that comes between the two reads is then seen next time, with its event.
        status: Status | None = await fetch_value(connection, SQL["get_status"], values)
        if status is None:
            raise missing(generation_id)
        goes_on = status not in FINAL or await fetch_value(connection, REFINING["is_open"], values)
        return not goes_on, await fetch_all(connection, SQL["get_events"], values, Event)
