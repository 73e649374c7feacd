"""How a worker stops: what is under way goes on for its grace, and others hear that it lives meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker

from rage_pg.cancelling import heed_cancellation

log = structlog.get_logger(__name__)

DROP_EVERY = 5.0


class UnderWay:
    """The jobs that this process does at this moment."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def noting(self, do: Callable[[], Awaitable[Any]], *_: object) -> Any:
        """A middleware around every job."""
        task = asyncio.current_task()
        if task is None:
            return await do()
        self._tasks.add(task)
        try:
            return await do()
        finally:
            self._tasks.discard(task)

    def drop(self) -> None:
        """Cancel them all: each writes down what becomes of it."""
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def stopping(
    app: App, workers: Sequence[Worker], under_way: UnderWay, *, heartbeat: float, hurry: asyncio.Event | None
) -> AsyncIterator[None]:
    """While the workers end: the library beats no more then, and their jobs would be taken for lost.

    Once `hurry` is set nothing is waited for.
    """
    tasks = [asyncio.create_task(_keep_beating(app, workers, heartbeat))]
    if hurry is not None:
        tasks.append(asyncio.create_task(_drop_in_a_hurry(under_way, hurry)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_beating(app: App, workers: Sequence[Worker], heartbeat: float) -> None:
    while True:
        heed_cancellation()
        for worker in workers:
            if worker.worker_id is not None:
                try:
                    await app.job_manager.update_heartbeat(worker.worker_id)
                except ConnectorException as error:
                    log.warning("no sign of life given", reason=str(error.__cause__ or error))
        await asyncio.sleep(heartbeat)


async def _drop_in_a_hurry(under_way: UnderWay, hurry: asyncio.Event) -> None:
    await hurry.wait()
    log.warning("told to stop again; what is under way is dropped")
    while True:
        under_way.drop()
        # A wait for the database may have lost it.
        await asyncio.sleep(DROP_EVERY)
