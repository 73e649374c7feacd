"""A batch that one process carries out by itself, for as long as it lives: workers begin no item of it.

The claim is a lock of a session of its own: with the process it is gone, however that ends, and the next one
knows that nobody is at what it finds begun. With the server the session is gone too: whoever has the batch
asks before it begins anything whether it still has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection

from rage_pg.database import Database, translated
from rage_pg.errors import Conflict
from rage_pg.resources import statements

SQL = statements("batches")
log = structlog.get_logger(__name__)

TRIES = 20
PAUSE = 0.25
"""Seconds between tries: the server may not have noticed yet that a killed process is gone."""
LONGEST_CONNECT = 10
"""Seconds."""


class TakenOver(Conflict):
    """Another process has the batch by now."""


class Claim:
    """A batch in the hands of this process."""

    def __init__(self, database: Database, batch_id: UUID) -> None:
        self._database = database
        self._batch_id = batch_id
        self._session: AsyncConnection | None = None
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Raises Conflict where another living process has the batch."""
        if not await self._taken():
            raise Conflict(
                f"Another process is carrying out the batch {self._batch_id}; let it end, or stop it."
            )

    async def keep(self) -> bool:
        """Make sure of the claim; whether it was lost with its session, and is taken again.

        Raises TakenOver where another process was quicker, and DatabaseUnavailable.
        """
        async with self._turn:
            if await self._lives():
                return False
            await self.give_up()
            if not await self._taken():
                raise TakenOver(
                    f"The connection to the database was lost, and another process carries out the batch "
                    f"{self._batch_id} by now; what was under way here has ended. Let that process end."
                )
            log.warning(
                "claim of a batch was lost with its session; taken again", batch_id=str(self._batch_id)
            )
            return True

    async def give_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(psycopg.Error):
                await session.close()

    async def _lives(self) -> bool:
        if self._session is None:
            return False
        try:
            await self._session.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    async def _taken(self) -> bool:
        """Whether the lock was to be had; only then the session is kept."""
        with translated():
            session = await AsyncConnection.connect(
                self._database.url,
                autocommit=True,
                application_name="rage-pg",
                connect_timeout=LONGEST_CONNECT,
            )
            try:
                if await self._locked(session):
                    self._session = session
            finally:
                if self._session is not session:
                    await session.close()
        return self._session is session

    async def _locked(self, session: AsyncConnection) -> bool:
        for _ in range(TRIES):
            cursor = await session.execute(SQL["begin_alone"].encode(), {"batch_id": self._batch_id})
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return True
            await asyncio.sleep(PAUSE)
        return False


@asynccontextmanager
async def alone(database: Database, batch_id: UUID) -> AsyncIterator[Claim]:
    """Raises Conflict where another living process has the batch."""
    claim = Claim(database, batch_id)
    try:
        await claim.take()
        yield claim
    finally:
        await claim.give_up()
