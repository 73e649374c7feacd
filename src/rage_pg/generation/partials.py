"""Partial images: kept while a generation runs, for whoever follows it, in this process or another.

They are never images of the store, and go with the end of the attempt, in its transaction.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from rage_pg.cancelling import heed_cancellation
from rage_pg.database import Database, execute, fetch_one
from rage_pg.errors import NotFound, RageError
from rage_pg.generation.take_up import Task, locked_task
from rage_pg.providers.ports import GeneratedImage
from rage_pg.resources import statements
from rage_pg.types import Content

SQL = statements("generation")
log = structlog.get_logger(__name__)

MAX_BYTES = 50 * 1024 * 1024
PATIENCE = 5.0
"""Seconds that writing one may take: meanwhile the answer, which is paid for, is not read."""


class Partials:
    """Takes the partial images of one attempt. One that cannot be kept is let go: it never ends the call."""

    def __init__(self, database: Database, task: Task, most: int) -> None:
        self._database = database
        self._task = task
        self._most = most
        self._taken = 0

    async def __call__(self, picture: GeneratedImage) -> None:
        if self._taken >= self._most or len(picture.content) > MAX_BYTES:
            return
        self._taken += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await self._keep(picture)
        except (RageError, TimeoutError) as error:
            log.warning(
                "partial image not kept",
                generation_id=str(self._task.generation_id),
                reason=str(error) or "it took too long",
            )
        except Exception as error:
            log.error("partial image not kept", generation_id=str(self._task.generation_id), exc_info=error)
        heed_cancellation()

    async def _keep(self, picture: GeneratedImage) -> None:
        """With the event that tells of it; none of an attempt that is over or was overtaken."""
        task = self._task
        async with self._database.transaction() as connection:
            current = await locked_task(connection, task.generation_id)
            if current is None or current.started_at != task.started_at or current.status != "running":
                return
            values = {
                "generation_id": task.generation_id,
                "number": self._taken,
                "media_type": picture.media_type,
                "content": picture.content,
            }
            await execute(connection, SQL["add_partial"], values)


async def partial_image(database: Database, generation_id: UUID, event_id: int) -> Content:
    """The bytes of the partial image that an event told of. Raises NotFound, also once they are gone."""
    values = {"generation_id": generation_id, "event_id": event_id}
    async with database.reading() as connection:
        found = await fetch_one(connection, SQL["get_partial"], values, Content)
    if found is None:
        fault = f"Generation {generation_id} has no partial image {event_id}"
        raise NotFound(f"{fault}: they go when it ends, and its outputs take their place.")
    return found
