"""Puts jobs into the queue, each in the transaction of what it belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn
from uuid import UUID

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from rage_pg.callers import SYSTEM
from rage_pg.database import Connection, Database, execute, fetch_value
from rage_pg.resources import statements

SQL = statements("jobs")

INDEX = "index"
"""The queue of what fills spaces: it may take hours, and nothing else waits for it."""
FILLING = 0x46494C4C  # "FILL"


OF_MANY = -1
"""Priority of what is one of many: who asked for a single picture is served first."""


async def defer_generation(connection: Connection, generation_id: UUID, *, priority: int = 0) -> int:
    """Queue a generation's job in the transaction of its ledger row; the number of the job."""
    try:
        async with _as_operator(connection):
            job = _DEFERRER.configure_task("generate", connection=connection, priority=priority)
            return await job.defer_async(generation_id=str(generation_id))
    except ConnectorException as error:
        _raise_cause(error)


async def defer_of_many(connection: Connection, generation_id: UUID) -> int:
    """Queue the job of a generation that is one of a batch."""
    return await defer_generation(connection, generation_id, priority=OF_MANY)


async def defer_batch(connection: Connection, batch_id: UUID) -> int:
    """Have a worker begin a batch, or go on with it; more than one such job does no harm."""
    try:
        async with _as_operator(connection):
            job = _DEFERRER.configure_task("accept_batch", connection=connection)
            return await job.defer_async(batch_id=str(batch_id))
    except ConnectorException as error:
        _raise_cause(error)


async def defer_fill_index(database: Database) -> None:
    """Have a worker embed what is missing; nothing changes where that waits to be done already."""
    async with database.acting_for(SYSTEM).transaction() as connection:
        # One at a time, and looked up first: of a second one in the queue the library makes an error that
        # it knows by a detail of the message, which Postgres withholds where policies guard the table.
        await execute(connection, SQL["take_turn"], {"lock": FILLING})
        if await fetch_value(connection, SQL["is_waiting"], {"queueing_lock": "fill_index"}):
            return
        try:
            job = _DEFERRER.configure_task(
                "fill_index", connection=connection, queue=INDEX, queueing_lock="fill_index"
            )
            await job.defer_async()
        except ConnectorException as error:
            _raise_cause(error)


@asynccontextmanager
async def _as_operator(connection: Connection) -> AsyncIterator[None]:
    """Jobs are the operator's, whoever they are done for; what fails here takes its transaction with it."""
    asked_by = await fetch_value(connection, SQL["become"], {"caller": SYSTEM.setting})
    yield
    await execute(connection, SQL["become"], {"caller": asked_by})


def _raise_cause(error: ConnectorException) -> NoReturn:
    """The database's own error, which `Database.transaction` knows how to translate."""
    raise error.__cause__ or error.__context__ or error


_DEFERRER = App(connector=PsycopgConnector())
"""Queues jobs on connections that are given to it; it has none of its own."""
