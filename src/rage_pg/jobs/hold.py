"""A generation that this process carries out itself, and that workers get should the process be killed.

Ledger and job are written as everywhere, but the job is held back: a worker would carry the generation out
again, and with its settings in place of ours. The hold is short, and renewed while this process lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn
from uuid import UUID

import structlog

from rage_pg import generation
from rage_pg.cancelling import heed_cancellation
from rage_pg.database import Connection, Database, execute, fetch_value
from rage_pg.errors import RageError
from rage_pg.jobs.queue import defer_generation, defer_of_many
from rage_pg.resources import statements

SQL = statements("jobs")
log = structlog.get_logger(__name__)

LEASE = 60.0
"""Seconds that a hold lasts; it is renewed four times in them."""


class Hold:
    """The job of one generation at a time, out of the workers' reach."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, Any] | None = None
        self._former: list[dict[str, Any]] = []
        """Jobs of generations that have ended, and that others followed."""

    async def defer(self, connection: Connection, generation_id: UUID) -> int:
        """Queue the job of a generation and hold it from its first moment on; the number of the job."""
        return await self._held_from(
            connection, generation_id, await defer_generation(connection, generation_id)
        )

    async def defer_of_many(self, connection: Connection, generation_id: UUID) -> int:
        """The same for one of a batch: should workers get it, it gives way to others."""
        return await self._held_from(
            connection, generation_id, await defer_of_many(connection, generation_id)
        )

    async def _held_from(self, connection: Connection, generation_id: UUID, job_id: int) -> int:
        if self._held is not None:
            self._former.append(self._held)
        self._held = {"job_id": job_id, "generation_id": generation_id, "seconds": LEASE}
        await execute(connection, SQL["hold_job"], self._held)
        return job_id

    async def take(self, generation_id: UUID) -> bool:
        """Hold the job of a generation queued before; False where a worker has it, or there is none."""
        async with self._database.transaction() as connection:
            job_id = await fetch_value(connection, SQL["get_job"], {"generation_id": generation_id})
            held = {"job_id": job_id, "generation_id": generation_id, "seconds": LEASE}
            if job_id is None or await execute(connection, SQL["hold_job"], held) != 1:
                return False
        self._held = held
        return True

    @property
    def generation_id(self) -> UUID | None:
        """Whose job it holds, or tried to."""
        return None if self._held is None else self._held["generation_id"]

    async def renew(self) -> bool:
        """Hold the job for another LEASE; False where there is none, or a worker has it by now."""
        if self._held is None:
            return False
        async with self._database.transaction() as connection:
            return await execute(connection, SQL["hold_job"], self._held) == 1

    async def keep_renewing(self) -> NoReturn:
        while True:
            heed_cancellation()
            await asyncio.sleep(LEASE / 4)
            try:
                await self.renew()
            except RageError as error:
                log.warning("hold of a job not renewed; trying again", reason=str(error))

    async def call_off(self) -> None:
        """Cancel the generation, should nobody have begun it."""
        if self._held is not None:
            with suppress(RageError):
                await generation.cancel(self._database, self._held["generation_id"], unless_begun=True)

    async def let_go(self) -> None:
        """Drop the job of a generation that has ended; leave any other to the workers, now."""
        if self._held is None:
            return
        try:
            async with self._database.transaction() as connection:
                for held in (*self._former, self._held):
                    await execute(connection, SQL["drop_job"], held)
                    await execute(connection, SQL["release_job"], held)
        except RageError as error:
            log.warning("job not let go; workers get it when the hold ends", reason=str(error))


@asynccontextmanager
async def holding(database: Database) -> AsyncIterator[Hold]:
    """A hold for as long as the body runs. A body that fails or is cancelled calls its generation off."""
    hold = Hold(database)
    renewal = asyncio.create_task(hold.keep_renewing())
    try:
        yield hold
    except BaseException:
        await hold.call_off()
        raise
    finally:
        renewal.cancel()
        await asyncio.gather(renewal, return_exceptions=True)
        await hold.let_go()
