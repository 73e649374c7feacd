"""Finds work that nobody does any more, and queues it again.

A job is lost with its worker, and a generation that it was taking up has lost one more. A generation is
forsaken when it has not ended and its job has failed or is gone. Whether it may start anew is decided where a
worker takes it up. A refinement is idle when no job is left that would go on with it. A batch is idle when it
has items left, and none under way whose end would begin the next.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from uuid import UUID

import structlog
from msgspec import Struct
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from rage_pg import generation
from rage_pg.cancelling import heed_cancellation
from rage_pg.database import Connection, Database, execute, fetch_all, fetch_value
from rage_pg.errors import DatabaseUnavailable
from rage_pg.jobs.queue import defer_batch, defer_fill_index, defer_generation
from rage_pg.resources import statements

SQL = statements("jobs")
REFINING = statements("refining")
log = structlog.get_logger(__name__)

LOCK = 0x4A4F4253  # "JOBS"
MAX_PROMPT_LOSSES = 3
"""A prompt whose embedding ended its worker so often is left alone."""
REFILL_EVERY = 300.0
MAX_WAIT = 3_600.0
"""Seconds; a job that fails each time waits longer each time, up to this."""


class _Idle(Struct, frozen=True):
    batch_id: UUID


class _Forsaken(Struct, frozen=True):
    generation_id: UUID
    failed_job_id: int | None
    failures: int


async def look_after_lost_jobs(database: Database, app: App, heartbeat: float) -> NoReturn:
    """Recover every `heartbeat` seconds. A round that fails must not be the last.

    Once in REFILL_EVERY seconds it has the index filled: what a provider could not do before, it may do now.
    """
    filled = time.monotonic()
    while True:
        try:
            await recover(database, app, 3 * heartbeat)
            if time.monotonic() - filled > REFILL_EVERY:
                await defer_fill_index(database)
                filled = time.monotonic()
        except (ConnectorException, DatabaseUnavailable) as error:
            log.warning("lost jobs not looked after", reason=str(error.__cause__ or error))
        except Exception as error:
            log.error("lost jobs not looked after", exc_info=error)
        heed_cancellation()
        await asyncio.sleep(heartbeat)


async def recover(database: Database, app: App, lost_after: float) -> None:
    """Queue again what was lost: the jobs whose worker has been silent for `lost_after` seconds, and more."""
    async with database.transaction() as connection:
        if not await fetch_value(connection, SQL["try_recovery"], {"lock": LOCK}):
            return
        refill = await _requeue_lost(database, app, lost_after)
        await _requeue(connection, app, lost_after, SQL["get_forsaken"])
        # Its generation has ended, but not what is judged of it.
        await _requeue(connection, app, lost_after, REFINING["get_idle"])
        for idle in await fetch_all(connection, SQL["get_idle_batches"], {}, _Idle):
            await defer_batch(connection, idle.batch_id)
        await execute(connection, SQL["close_lost_calls"], {})
    if refill:
        await defer_fill_index(database)


async def _requeue_lost(database: Database, app: App, lost_after: float) -> bool:
    """Whether a filling of the index was lost: it cannot be queued again, another may wait already."""
    refill = False
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=lost_after):
        log.warning("job lost its worker", task=job.task_name, job_id=job.id)
        if job.task_name == "generate":
            await _note_loss(database, job)
            await app.job_manager.retry_job(job)
        elif job.task_name == "embed_prompt" and job.attempts < MAX_PROMPT_LOSSES:
            await app.job_manager.retry_job(job)
        else:
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
            refill = refill or job.task_name == "fill_index"
    return refill


async def _note_loss(database: Database, job: Job) -> None:
    """Committed before the job is queued again: whoever takes it up next must know of it."""
    if job.id is not None:
        await generation.note_lost_start(database, UUID(str(job.task_kwargs["generation_id"])), job.id)


async def _requeue(connection: Connection, app: App, lost_after: float, forsaken: str) -> None:
    for one in await fetch_all(connection, forsaken, {}, _Forsaken):
        log.warning("generation has no job; queueing it again", generation_id=str(one.generation_id))
        if one.failed_job_id is not None:
            wait = timedelta(seconds=min(lost_after * one.failures, MAX_WAIT))
            await app.job_manager.retry_job_by_id_async(one.failed_job_id, datetime.now(UTC) + wait)
        else:
            job_id = await defer_generation(connection, one.generation_id)
            values = {"generation_id": one.generation_id, "job_id": job_id}
            await execute(connection, SQL["set_job"], values)
