"""What counts as a loss of a generation: a start of which only its lost worker could tell."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rage_pg import generation, jobs
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.generation.take_up import Task, begin, give_back, locked_task
from rage_pg.jobs import recovery, worker
from rage_pg.types import Generation
from tests.generating import FakeGenerator, ask, names, only, take_up, value
from tests.store import add
from tests.working import UNHURRIED, change_jobs, work, working

START = """
WITH lost AS (
    INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id
)
UPDATE procrastinate_jobs SET status = 'doing', worker_id = lost.id FROM lost
"""
WAITING = "SELECT status FROM rage.procrastinate_jobs WHERE task_name = 'generate'"


@pytest.fixture
async def asked(database: Database) -> Generation:
    return await ask(database, FakeGenerator(), await add(database))


async def find(database: Database) -> None:
    """Look after lost jobs once."""
    app = worker._app(database, work(), connections=2)
    async with app.open_async():
        await recovery.recover(database, app, 30)


async def test_each_start_that_left_nothing_counts_once(database: Database, asked: Generation) -> None:
    for _ in range(2):
        await change_jobs(database, START)
        job_id = await value(database, "SELECT id FROM rage.procrastinate_jobs WHERE status = 'doing'")
        await generation.note_lost_start(database, asked.id, job_id)
        await find(database)
        assert await value(database, WAITING) == "todo"
        await generation.note_lost_start(database, asked.id, job_id)
    assert await names(database, asked) == ["queued", "running", "running"]
    async with database.transaction() as connection:
        task = await locked_task(connection, asked.id)
    assert task is not None
    assert (task.status, task.losses) == ("queued", 2)


async def taken(database: Database, asked: Generation) -> list[str]:
    assert isinstance(await take_up(database, asked.id), Task)
    return ["queued", "running"]


async def given_back(database: Database, asked: Generation) -> list[str]:
    task = await take_up(database, asked.id)
    assert isinstance(task, Task)
    await give_back(database, task)
    return ["queued", "running", "queued"]


async def called_off(database: Database, asked: Generation) -> list[str]:
    await generation.cancel(database, asked.id)
    return ["queued", "cancelled"]


@pytest.mark.parametrize("leave", [taken, given_back, called_off])
async def test_what_the_ledger_tells_of_is_not_told_again(
    database: Database, asked: Generation, leave: Callable[..., Awaitable[list[str]]]
) -> None:
    await change_jobs(database, START)
    left = await leave(database, asked)
    await find(database)
    assert (await names(database, asked), await value(database, WAITING)) == (left, "todo")


async def test_one_that_somebody_is_at_has_not_lost_its_worker(database: Database, asked: Generation) -> None:
    """Its process stands still, and gives no sign of life."""
    await change_jobs(database, START)
    async with database.transaction() as connection:
        assert await locked_task(connection, asked.id)
        await find(database)
    assert (await names(database, asked), await value(database, WAITING)) == (["queued"], "todo")


async def test_a_worker_told_to_stop_while_it_loads_is_no_loss(
    database: Database, asked: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator, standing = FakeGenerator(), asyncio.Event()
    tasks = work(generate=jobs.generation_work(database, only(generator), Limits()))

    async def stalled(*arguments: Any) -> None:
        await begin(*arguments)
        standing.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as slowed:
        slowed.setattr(sys.modules["rage_pg.generation.run"], "begin", stalled)
        async with working(database, tasks, grace=0.05, heartbeat=UNHURRIED):
            await asyncio.wait_for(standing.wait(), 20)
    assert await value(database, WAITING) == "todo"
    async with working(database, tasks, heartbeat=UNHURRIED):
        made = await generation.wait_for(database, asked.id, 20)
    assert (made.status, await names(database, made)) == ("succeeded", ["queued", "running", "succeeded"])
