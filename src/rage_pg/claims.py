"""Names that one request at a time may hold, over all processes that work on a database.

They are locks of one session beside the pool: what is done under one may take long, and needs connections of
the pool. With the process or its session they are gone: what must never happen twice needs a constraint, too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import WeakValueDictionary

import psycopg
from psycopg import AsyncConnection

from rage_pg.errors import Conflict

LOOK = 0.1
"""Seconds between looks whether another process has let go."""
PATIENCE = 60.0
"""Seconds."""
LONGEST_CONNECT = 10

TRY = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
LET_GO = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"
SOON_GONE = """
SELECT set_config('tcp_keepalives_idle', '20', false), set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false)
"""
"""The server is to notice within a minute that a whole machine is gone."""


class Claims:
    """Those of one process; its session begins with the first."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: AsyncConnection | None = None
        self._beginning = asyncio.Lock()
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def held(self, name: str, *, wait: bool) -> AsyncIterator[bool]:
        """Whether it is held: always, after a `wait`; else not where another has it.

        Raises Conflict where another process does for too long, and what psycopg does.
        """
        # Of one session every lock can be had again: who waits within this process waits here.
        here = self._here.setdefault(name, asyncio.Lock())
        if here.locked() and not wait:
            yield False
            return
        async with here:
            taken: bool | None = None
            try:
                taken = await self._take(name, wait=wait)
                yield taken
            finally:
                # Also of whoever was cancelled, and may have had it.
                if taken is not False:
                    await asyncio.shield(self._let_go(name))

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(psycopg.Error):
                await session.close()

    async def _take(self, name: str, *, wait: bool) -> bool:
        until = time.monotonic() + PATIENCE
        while not await self._is_taken(name):
            if not wait:
                return False
            if time.monotonic() > until:
                raise Conflict("Another request that would do the same is still under way; try again later.")
            await asyncio.sleep(LOOK)
        return True

    async def _is_taken(self, name: str) -> bool:
        try:
            return await self._try(name)
        except psycopg.OperationalError:
            # Lost while nobody asked anything of it: another one will do.
            return await self._try(name)

    async def _try(self, name: str) -> bool:
        cursor = await (await self._begun()).execute(TRY, [name])
        row = await cursor.fetchone()
        return row is not None and bool(row[0])

    async def _begun(self) -> AsyncConnection:
        async with self._beginning:
            if self._session is None or self._session.closed:
                session = await AsyncConnection.connect(
                    self._url, autocommit=True, application_name="rage-pg", connect_timeout=LONGEST_CONNECT
                )
                await session.execute(SOON_GONE)
                self._session = session
            return self._session

    async def _let_go(self, name: str) -> None:
        # With a session that was lost its locks are gone.
        with suppress(psycopg.Error):
            if self._session is not None:
                await self._session.execute(LET_GO, [name])
