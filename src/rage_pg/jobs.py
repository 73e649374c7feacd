"""The work queue: procrastinate's tables in the schema `rage`, three tasks, and the worker that runs them.

    generate        carries a generation of the ledger out
    embed_prompt    embeds a prompt, so that SQL alone can search by it
    fill_index      embeds whatever is missing; at most one waits, and one runs, at a time

What the tasks do is handed in as `Work`. A job whose worker was lost runs again: each task is made for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NoReturn
from uuid import UUID

import psycopg
import structlog
from msgspec import Struct
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision, RetryStrategy
from psycopg import AsyncConnection

from rage_pg import generation, ingest
from rage_pg.config import Limits
from rage_pg.database import SEARCH_PATH, Connection, Database, fetch_value
from rage_pg.errors import DatabaseUnavailable
from rage_pg.resources import statements
from rage_pg.types import ImageMetadata, ImageRecord

SQL = statements("jobs")
log = structlog.get_logger(__name__)

RECOVERY_LOCK = 0x4A4F4253  # "JOBS"
PAUSE = 2.0
"""Seconds before a worker that lost the database tries again."""
MAX_LOSSES = 3
"""A prompt whose embedding ended its worker so often is left alone."""


class Work(Struct, frozen=True, kw_only=True):
    """What the tasks do. Each may be run again after it was cut short."""

    generate: Callable[[UUID], Awaitable[object]]
    embed_prompt: Callable[[str], Awaitable[object]]
    fill_index: Callable[[], Awaitable[object]]


class OutputImages:
    """Stores what generations make, by the one path that writes images."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def decode(self, content: bytes, metadata: ImageMetadata) -> ImageRecord:
        picture = await asyncio.to_thread(ingest.decode, content, self._limits)
        return ImageRecord(
            metadata=metadata,
            sha256=picture.sha256,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            content=picture.content,
            thumbnail=picture.thumbnail,
            origin="generated",
        )

    async def store(self, connection: Connection, records: Sequence[ImageRecord]) -> list[int]:
        items = await ingest.store(connection, records, caption_source="generation")
        return [item.image_id for item in items if item.image_id is not None]


def generation_work(
    database: Database, generators: generation.Generators, limits: Limits
) -> Callable[[UUID], Awaitable[None]]:
    """The `generate` of a Work."""
    images = OutputImages(limits)
    return lambda generation_id: generation.run(database, generators, images, generation_id)


async def defer_generation(connection: Connection, generation_id: UUID) -> int:
    """Queue a generation's job in the transaction of its ledger row; the number of the job."""
    try:
        job = _DEFERRER.configure_task("generate", connection=connection)
        return await job.defer_async(generation_id=str(generation_id))
    except ConnectorException as error:
        _raise_cause(error)


async def defer_fill_index(database: Database) -> None:
    """Have a worker embed what is missing; nothing changes where that waits to be done already."""
    async with database.transaction() as connection:
        # Looked up first: the library knows the violation by the English text of its message.
        if await fetch_value(connection, SQL["is_waiting"], {"queueing_lock": "fill_index"}):
            return
        try:
            with suppress(AlreadyEnqueued):
                # A savepoint: should another be queued at this moment, the transaction must survive it.
                async with connection.transaction():
                    job = _DEFERRER.configure_task(
                        "fill_index", connection=connection, lock="fill_index", queueing_lock="fill_index"
                    )
                    await job.defer_async()
        except ConnectorException as error:
            _raise_cause(error)


async def run_worker(
    database: Database,
    work: Work,
    *,
    concurrency: int = 2,
    grace: float = 30.0,
    heartbeat: float = 10.0,
) -> NoReturn:
    """Run jobs until cancelled; then those under way have `grace` seconds to end. No signal is touched.

    A worker that has not been heard of for three times `heartbeat` seconds is lost; its jobs are run again.
    Without the database it waits for its return.
    """
    while True:
        try:
            await _work(database, work, concurrency, grace, heartbeat)
            log.warning("worker stopped; starting it again")
        except (ConnectorException, psycopg.Error, DatabaseUnavailable) as error:
            log.warning("worker lost the database; trying again", reason=str(error.__cause__ or error))
        await asyncio.sleep(PAUSE)


async def _work(database: Database, work: Work, concurrency: int, grace: float, heartbeat: float) -> None:
    app = _app(database, work, connections=concurrency + 3)
    try:
        # Opened within: a cancellation half-way would leave the pool open, and the loop waiting for it.
        await app.open_async()
        await defer_fill_index(database)
        await _run_jobs(database, app, concurrency, grace, heartbeat)
    finally:
        await app.close_async()


async def _run_jobs(database: Database, app: App, concurrency: int, grace: float, heartbeat: float) -> None:
    watch = asyncio.create_task(_look_after_lost_jobs(database, app, heartbeat))
    try:
        await app.run_worker_async(
            concurrency=concurrency,
            delete_jobs="successful",
            install_signal_handlers=False,
            shutdown_graceful_timeout=grace,
            fetch_job_polling_interval=min(5.0, heartbeat),
            update_heartbeat_interval=heartbeat,
            stalled_worker_timeout=3 * heartbeat,
        )
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


def _app(database: Database, work: Work, connections: int) -> App:
    app = App(
        connector=PsycopgConnector(
            conninfo=database.url, min_size=1, max_size=connections, configure=_set_search_path
        )
    )

    @app.task(name="generate", retry=_ComeBack())
    async def generate(generation_id: str) -> None:
        await work.generate(UUID(generation_id))
        await defer_fill_index(database)

    @app.task(name="embed_prompt", retry=RetryStrategy(max_attempts=MAX_LOSSES, wait=5))
    async def embed_prompt(prompt: str) -> None:
        await work.embed_prompt(prompt)

    # No retry: back in the queue, it could meet another that waits. The next change asks for it anew.
    @app.task(name="fill_index")
    async def fill_index() -> None:
        await work.fill_index()

    return app


class _ComeBack(BaseRetryStrategy):
    """A generation's job runs again when its worker must leave or lost the database; all else is settled."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision()
        if isinstance(exception, DatabaseUnavailable):
            return RetryDecision(retry_in={"seconds": 5})
        return None


async def _look_after_lost_jobs(database: Database, app: App, heartbeat: float) -> None:
    while True:
        try:
            await recover(database, app, 3 * heartbeat)
        except (ConnectorException, DatabaseUnavailable) as error:
            log.warning("lost jobs not looked after", reason=str(error.__cause__ or error))
        await asyncio.sleep(heartbeat)


async def recover(database: Database, app: App, lost_after: float) -> None:
    """Queue the jobs again whose worker has been silent for `lost_after` seconds."""
    refill = False
    async with database.transaction() as connection:
        if not await fetch_value(connection, SQL["try_recovery"], {"lock": RECOVERY_LOCK}):
            return
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=lost_after):
            log.warning("job lost its worker", task=job.task_name, job_id=job.id)
            if job.task_name == "generate" or (job.task_name == "embed_prompt" and job.attempts < MAX_LOSSES):
                await app.job_manager.retry_job(job)
            else:
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
                refill = refill or job.task_name == "fill_index"
    if refill:
        await defer_fill_index(database)


async def _set_search_path(connection: AsyncConnection) -> None:
    await connection.execute(SEARCH_PATH)
    await connection.commit()


def _raise_cause(error: ConnectorException) -> NoReturn:
    """The database's own error, which `Database.transaction` knows how to translate."""
    raise error.__cause__ or error.__context__ or error


_DEFERRER = App(connector=PsycopgConnector())
"""Queues jobs on connections that are given to it; it has none of its own."""
