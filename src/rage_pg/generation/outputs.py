"""Calling a generation off."""

from __future__ import annotations

from uuid import UUID

from rage_pg.database import Database, execute, fetch_value
from rage_pg.errors import Conflict
from rage_pg.generation.ledger import add_event, missing, read
from rage_pg.resources import statements
from rage_pg.types import Generation, Status

SQL = statements("generation")


async def cancel(database: Database, generation_id: UUID) -> Generation:
    """Call off a generation that no worker has taken up; its job will find nothing to do.

    Raises NotFound, and Conflict once it is running or has ended.
    """
    async with database.transaction() as connection:
        values = {"generation_id": generation_id}
        status: Status | None = await fetch_value(connection, SQL["lock_status"], values)
        if status is None:
            raise missing(generation_id)
        if status != "queued":
            raise Conflict(f"The generation is {status}; only a queued one can be cancelled.")
        await execute(connection, SQL["cancel"], values)
        await add_event(connection, generation_id, "cancelled")
        return await read(connection, generation_id)
