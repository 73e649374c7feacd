"""The worker: runs jobs until it is told to stop, through every loss of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import psycopg
import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision, RetryStrategy
from procrastinate.worker import Worker
from psycopg import AsyncConnection

from rage_pg.callers import SYSTEM
from rage_pg.cancelling import heed_cancellation
from rage_pg.database import SEARCH_PATH, Database
from rage_pg.errors import DatabaseFull, DatabaseUnavailable
from rage_pg.jobs.queue import INDEX, defer_fill_index
from rage_pg.jobs.recovery import MAX_PROMPT_LOSSES, look_after_lost_jobs
from rage_pg.jobs.stopping import UnderWay, stopping
from rage_pg.jobs.work import Work

log = structlog.get_logger(__name__)

POLL = 0.2
"""Seconds between two looks for jobs. They are not notified of: every login of the server could listen."""

INDEX_POLL = 0.5
"""The same for jobs of the index, for which nobody sits waiting."""

FILLINGS = 4
"""Jobs of the index at once: while one waits for a provider, others embed what has come since."""

INDEX_GRACE = 30.0
"""Seconds that what fills the index has to end; it goes on where it stopped."""

FETCHING = 8
"""Connections for taking jobs up and ending them, at most: each needs one for moments."""

PAUSE = 2.0
"""Seconds before a worker that lost the database tries again."""

LATER = 15.0
"""Seconds before a database whose disk was full is filled again."""


async def run_worker(
    database: Database,
    work: Work,
    *,
    concurrency: int = 2,
    grace: float = 30.0,
    heartbeat: float = 10.0,
    hurry: asyncio.Event | None = None,
) -> NoReturn:
    """Run jobs until cancelled, `concurrency` at once and some of the index beside them; then those under way
    have `grace` seconds to end, or until `hurry` is set: of the index INDEX_GRACE at most. No signal is
    touched.

    A worker that has not been heard of for three times `heartbeat` seconds is lost; its jobs are run again.
    Without the database it waits for its return.
    """
    while True:
        try:
            await _work(database, work, concurrency, grace, heartbeat, hurry)
            log.warning("worker stopped; starting it again")
        except (ConnectorException, psycopg.Error, DatabaseUnavailable) as error:
            log.warning("worker lost the database; trying again", reason=str(error.__cause__ or error))
        heed_cancellation()
        await asyncio.sleep(PAUSE)


async def _work(
    database: Database,
    work: Work,
    concurrency: int,
    grace: float,
    heartbeat: float,
    hurry: asyncio.Event | None,
) -> None:
    app = _app(database, work, connections=min(concurrency, FETCHING) + FILLINGS + 4)
    try:
        # Opened within: a cancellation half-way would leave the pool open, and the loop waiting for it.
        await app.open_async()
        await defer_fill_index(database)
        heed_cancellation()
        under_way = UnderWay()
        workers = _workers(app, under_way, concurrency, grace, heartbeat)
        loops = [look_after_lost_jobs(database, app, heartbeat)]
        if work.call_in is not None:
            loops.append(_keep_calling_in(work.call_in))
        await _until_one_ends(
            [
                *loops,
                *(worker.run() for worker in workers),  # type: ignore[no-untyped-call]
            ],
            stopping(app, workers, under_way, heartbeat=heartbeat, hurry=hurry),
        )
    finally:
        await app.close_async()


def _workers(app: App, under_way: UnderWay, concurrency: int, grace: float, heartbeat: float) -> list[Worker]:
    options: dict[str, Any] = {
        "app": app,
        "delete_jobs": "successful",
        "install_signal_handlers": False,
        "listen_notify": False,
        "update_heartbeat_interval": heartbeat,
        "stalled_worker_timeout": 3 * heartbeat,
        "worker_middleware": [under_way.noting],
    }
    return [
        Worker(
            concurrency=concurrency,
            queues=["default"],
            fetch_job_polling_interval=POLL,
            shutdown_graceful_timeout=grace,
            **options,
        ),
        # A space fills for as long as it takes: whoever asks for a picture does not wait for it.
        Worker(
            concurrency=FILLINGS,
            queues=[INDEX],
            fetch_job_polling_interval=INDEX_POLL,
            shutdown_graceful_timeout=min(grace, INDEX_GRACE),
            **options,
        ),
    ]


async def _until_one_ends(
    work: Sequence[Coroutine[Any, Any, Any]], meanwhile: AbstractAsyncContextManager[None]
) -> None:
    """Run all until one ends or this is cancelled; then the others are told to end, and are waited for."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        async with meanwhile:
            ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _keep_calling_in(call_in: Callable[[], Awaitable[object]]) -> NoReturn:
    """Whoever waits for a provider is taken up when there is room, whichever process made it."""
    while True:
        heed_cancellation()
        await asyncio.sleep(INDEX_POLL)
        try:
            await call_in()
        except Exception as error:
            log.warning("nobody called in; looking again", reason=str(error))


def _app(database: Database, work: Work, connections: int) -> App:
    app = App(
        connector=PsycopgConnector(conninfo=database.url, min_size=1, max_size=connections, configure=_set_up)
    )

    @app.task(name="generate", retry=_ComeBack())
    async def generate(generation_id: str) -> None:
        later = await work.generate(UUID(generation_id))
        if isinstance(later, datetime):
            raise _Later(later)
        await defer_fill_index(database)

    # Lost or failed, it is queued anew by whoever looks after idle batches.
    @app.task(name="accept_batch")
    async def accept_batch(batch_id: str) -> None:
        await work.accept_batch(UUID(batch_id))

    @app.task(name="embed_prompt", retry=RetryStrategy(max_attempts=MAX_PROMPT_LOSSES, wait=5))
    async def embed_prompt(prompt: str, caller_id: str | None = None) -> None:
        await work.embed_prompt(prompt, caller_id)

    # No retry: back in the queue, it could meet another that waits. The next change asks for it anew.
    @app.task(name="fill_index", queue=INDEX)
    async def fill_index() -> None:
        while True:
            try:
                await work.fill_index()
                return
            except DatabaseFull as error:
                # Nothing else would ask for it again once there is room.
                log.warning("the index is not filled; it goes on later", reason=str(error), seconds=LATER)
            heed_cancellation()
            await asyncio.sleep(LATER)

    return app


class _Later(Exception):
    """The generation waits; its job is done again then."""

    def __init__(self, when: datetime) -> None:
        super().__init__(f"waits until {when}")
        self.when = when


class _ComeBack(BaseRetryStrategy):
    """A generation's job runs again when it must wait, its worker must leave or lost the database; all else
    is settled."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, _Later):
            return RetryDecision(retry_at=exception.when)
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision()
        if isinstance(exception, DatabaseUnavailable):
            return RetryDecision(retry_in={"seconds": 5})
        return None


async def _set_up(connection: AsyncConnection) -> None:
    """The library knows its tables by the search path, and the policies let the operator alone see them."""
    await connection.execute(SEARCH_PATH)
    await connection.execute("SELECT set_config('rage.caller', %s, false)", [SYSTEM.setting])
    await connection.commit()
