"""A batch that one process carries out by itself, for as long as it lives: workers begin no item of it.

The claim is a lock of a session of its own: with the process it is gone, however that ends, and the next one
knows that nobody is at what it finds begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from psycopg import AsyncConnection

from rage_pg.database import Database, translated
from rage_pg.errors import Conflict
from rage_pg.resources import statements

SQL = statements("batches")

TRIES = 20
PAUSE = 0.25
"""Seconds between tries: the server may not have noticed yet that a killed process is gone."""


@asynccontextmanager
async def alone(database: Database, batch_id: UUID) -> AsyncIterator[None]:
    """Raises Conflict where another living process has the batch."""
    with translated():
        session = await AsyncConnection.connect(database.url, autocommit=True, application_name="rage-pg")
    async with session:
        for _ in range(TRIES):
            with translated():
                cursor = await session.execute(SQL["begin_alone"].encode(), {"batch_id": batch_id})
                row = await cursor.fetchone()
            if row is not None and row[0]:
                break
            await asyncio.sleep(PAUSE)
        else:
            raise Conflict(f"Another process is carrying out the batch {batch_id}; let it end, or stop it.")
        yield
