"""A worker for as long as a test needs it, and tasks for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from rage_pg import jobs
from rage_pg.database import Database
from tests.generating import rows


async def nothing(*_: object) -> None:
    pass


def work(**tasks: Callable[..., Any]) -> jobs.Work:
    return jobs.Work(
        **{
            "generate": nothing,
            "accept_batch": nothing,
            "embed_prompt": nothing,
            "fill_index": nothing,
            **tasks,
        }
    )


UNHURRIED = 3.0
"""Heartbeat of workers that must not be taken for lost, however busy the machine is."""


@asynccontextmanager
async def working(
    database: Database, tasks: jobs.Work, *, grace: float = 5.0, heartbeat: float = 0.2
) -> AsyncIterator[asyncio.Task[Any]]:
    worker = asyncio.create_task(jobs.run_worker(database, tasks, grace=grace, heartbeat=heartbeat))
    try:
        yield worker
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def change_jobs(database: Database, change: str) -> None:
    """Let something happen to every job; the queue's triggers find its tables by the search path."""
    await rows(database, f"SET search_path = rage; {change}")


class Deaf:
    """Loses the first cancellation, as a wait of Python 3.11 may."""

    def __init__(self) -> None:
        self.called = asyncio.Event()

    async def __call__(self, *_: object) -> bool:
        if not self.called.is_set():
            self.called.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return False


async def ends_by_one_cancellation(task: asyncio.Task[Any]) -> bool:
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return bool(done)
