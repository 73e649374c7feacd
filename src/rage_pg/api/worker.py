"""The worker that may run beside the service, in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from rage_pg import index, jobs, search
from rage_pg.callers import SYSTEM, Caller
from rage_pg.errors import SetupError
from rage_pg.runtime import Runtime

log = structlog.get_logger(__name__)

DESCRIBED_AT_ONCE = 64
"""Images that are described before their words are embedded, and the next ones described."""


class Worker:
    """Whether a worker was started in this process, and whether it still runs."""

    def __init__(self, task: asyncio.Task[None] | None) -> None:
        self._task = task

    @property
    def started(self) -> bool:
        return self._task is not None

    @property
    def died(self) -> bool:
        return self._task is not None and self._task.done()


@asynccontextmanager
async def worker_beside(runtime: Runtime, *, started: bool) -> AsyncIterator[Worker]:
    """A worker for as long as the context lasts; none if not `started`. At the end it is told to stop, which
    gives the jobs under way time to end."""
    if not started:
        yield Worker(None)
        return
    running = jobs.run_worker(runtime.database, work_of(runtime))
    task: asyncio.Task[None] = asyncio.create_task(running, name="worker")
    task.add_done_callback(_report)
    try:
        yield Worker(task)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


def work_of(runtime: Runtime) -> jobs.Work:
    """What the jobs do, with the providers of this runtime."""

    async def embed_prompt(prompt: str, caller_id: str | None) -> int:
        caller = SYSTEM if caller_id is None else Caller(setting=caller_id)
        encoders = runtime.encoders.prompt_encoder
        return await search.embed_prompt(runtime.database.acting_for(caller), encoders, prompt)

    looked: list[int] = []

    async def fill_index() -> list[index.Filled]:
        # What comes in brings its hash along: only what an older version stored has none, and once is enough.
        if not looked:
            looked.append(await index.hash_pictures(runtime.database))
        async with _help_asked_for(runtime) as progress:
            filled = await index.fill(runtime.database, await runtime.kept_up(), progress)
        if await _described(runtime):
            await jobs.defer_fill_index(runtime.database)
        await index.count_words(runtime.database)
        return filled

    return jobs.Work(
        generate=jobs.generation_work(runtime.database, runtime.generators, runtime.settings.limits),
        embed_prompt=embed_prompt,
        fill_index=fill_index,
    )


async def _described(runtime: Runtime) -> bool:
    """Have some images described, where a captioner is set; whether there are new words to embed."""
    if runtime.settings.captioner is None:
        return False
    try:
        described = await index.describe(
            runtime.database,
            runtime.registry.captioner(),
            limit=DESCRIBED_AT_ONCE,
            month=runtime.settings.caption_budget,
        )
    except SetupError as error:
        log.warning("images are not described", reason=str(error))
        return False
    if described.stopped:
        log.warning("images are not described", reason=described.stopped)
    return described.described > 0


@asynccontextmanager
async def _help_asked_for(runtime: Runtime) -> AsyncIterator[index.Progress]:
    """Where there is more than one batch to embed, another worker is asked to join."""
    asked: list[asyncio.Task[None]] = []

    def progress(space: str, count: int) -> None:
        if count >= index.BATCH and not asked:
            asked.append(asyncio.create_task(jobs.defer_fill_index(runtime.database)))

    try:
        yield progress
    finally:
        await asyncio.gather(*asked)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the worker has stopped", exc_info=error)
