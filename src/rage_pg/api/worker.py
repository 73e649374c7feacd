"""The worker that may run beside the service, in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import structlog

from rage_pg import generation, index, jobs, search
from rage_pg.callers import SYSTEM, Caller
from rage_pg.errors import SetupError
from rage_pg.generation import Propose, Search
from rage_pg.providers.ports import Encoder
from rage_pg.runtime import Runtime

log = structlog.get_logger(__name__)

DESCRIBED_AT_ONCE = 512
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
async def worker_beside(
    runtime: Runtime, *, started: bool, hurry: asyncio.Event | None = None
) -> AsyncIterator[Worker]:
    """A worker for as long as the context lasts; none if not `started`. At the end it is told to stop, which
    gives the jobs under way time to end, until `hurry` is set."""
    if not started:
        yield Worker(None)
        return
    settings = runtime.settings
    running = jobs.run_worker(
        runtime.database,
        work_of(runtime),
        concurrency=settings.worker_concurrency,
        grace=settings.stop_grace,
        hurry=hurry,
    )
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

    filling = _Filling(runtime)

    database, settings, generators = runtime.database, runtime.settings, runtime.generators
    rules = jobs.rules_of(settings)

    def searches(caller: Caller) -> Search:
        return runtime.acting_for(caller).search

    def proposes(caller: Caller) -> Propose:
        return runtime.acting_for(caller).propose

    means = jobs.means_of(runtime, jobs.defer_generation)

    return jobs.Work(
        generate=jobs.generation_work(
            database, generators, settings.limits, rules, searches, proposes, means
        ),
        accept_batch=jobs.batch_work(database, generators, searches, proposes),
        embed_prompt=embed_prompt,
        fill_index=filling.fill,
        call_in=lambda: generation.call_in(database, rules.limits),
    )


class _Filling:
    """What this process embeds and describes at this moment: a slow provider holds up its own space alone."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._busy: set[object] = set()
        self._asked_again: set[object] = set()
        self._hashed = False
        self._looks = index.Looks()

    async def fill(self) -> None:
        """Embed what is missing in every space that this process is not at already, and describe images."""
        if not self._hashed:
            # What comes in brings its hash along: only what an older version stored has none.
            self._hashed = True
            await index.hash_pictures(self._runtime.database)
        encoders = await self._runtime.kept_up()
        await asyncio.gather(*(self._alone(one.identity, partial(self._embed, one)) for one in encoders))
        await self._alone("captions", self._describe)
        await index.count_words(self._runtime.database)

    async def _alone(self, what: object, work: Callable[[], Awaitable[None]]) -> None:
        """One at a time; who asks meanwhile has it done once more, for it may have looked already."""
        self._asked_again.add(what)
        if what in self._busy:
            return
        self._busy.add(what)
        try:
            while what in self._asked_again:
                self._asked_again.discard(what)
                await work()
        finally:
            self._busy.discard(what)

    async def _embed(self, encoder: Encoder) -> None:
        asked: list[asyncio.Task[None]] = []

        def progress(space: str, count: int) -> None:
            if count >= index.BATCH and not asked:
                # There is more than one batch: another worker may join.
                asked.append(asyncio.create_task(jobs.defer_fill_index(self._runtime.database)))

        await index.fill(self._runtime.database, [encoder], progress, waits=False, looks=self._looks)
        await asyncio.gather(*asked)

    async def _describe(self) -> None:
        """Some images, where a captioner is set; their words are embedded before the next are described."""
        if self._runtime.settings.captioner is None:
            return
        try:
            described = await index.describe(
                self._runtime.database,
                self._runtime.registry.captioner(),
                limit=DESCRIBED_AT_ONCE,
                month=self._runtime.settings.caption_budget,
                looks=self._looks,
            )
        except SetupError as error:
            log.warning("images are not described", reason=str(error))
            return
        if described.stopped:
            log.warning("images are not described", reason=described.stopped)
        if described.described:
            await jobs.defer_fill_index(self._runtime.database)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the worker has stopped", exc_info=error)
