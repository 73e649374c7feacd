"""The queue and its worker: what is asked gets done, once, whatever becomes of the worker."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest

from rage_pg import generation, jobs
from rage_pg.api.worker import _Filling
from rage_pg.callers import SYSTEM
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.jobs import worker
from rage_pg.providers.local import LocalGenerator
from rage_pg.runtime import Runtime
from tests.generating import FakeGenerator, ask, only, rows, value
from tests.store import add
from tests.working import change_jobs, work, working

FILLS = "SELECT count(*) FROM rage.procrastinate_jobs WHERE task_name = 'fill_index'"


class Seen:
    """What a task was called with; the worker can be made to wait in it."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.called = asyncio.Event()
        self.release = asyncio.Event()
        self.release.set()

    async def __call__(self, *arguments: Any) -> None:
        self.calls.append(arguments)
        self.called.set()
        await self.release.wait()


async def test_the_worker_makes_what_was_asked_and_has_it_indexed(database: Database) -> None:
    fills = Seen()
    generate = jobs.generation_work(database, only(LocalGenerator()), Limits())
    asked = await ask(database, LocalGenerator(), await add(database), await add(database))
    async with working(database, work(generate=generate, fill_index=fills)):
        made = await generation.wait_for(database, asked.id, 30)
        await asyncio.wait_for(fills.called.wait(), 10)
    assert (made.status, len(made.outputs)) == ("succeeded", 1)
    assert await value(database, "SELECT count(*) FROM rage.procrastinate_jobs WHERE status = 'failed'") == 0


async def test_sql_asks_for_a_prompt_to_be_embedded(database: Database) -> None:
    prompts = Seen()
    await rows(database, "SELECT rage_v1.request_prompt_vector('  a red lamp ')")
    async with working(database, work(embed_prompt=prompts)):
        await asyncio.wait_for(prompts.called.wait(), 10)
    assert prompts.calls == [("a red lamp", None)]


async def test_at_most_one_filling_of_the_index_waits(database: Database) -> None:
    await asyncio.gather(*(jobs.defer_fill_index(database) for _ in range(8)))
    await jobs.defer_fill_index(database)
    assert await value(database, FILLS) == 1


async def test_a_filling_asked_for_while_another_is_being_queued_is_that_one(database: Database) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with database.acting_for(SYSTEM).transaction() as connection:
        await jobs.defer_fill_index(database.acting_for(SYSTEM).within(connection))
        second = asyncio.create_task(jobs.defer_fill_index(database))
        while True:
            if await value(database, waiting) or second.done():
                break
            await asyncio.sleep(0.01)
    await second
    assert await value(database, FILLS) == 1


async def test_a_change_during_a_filling_gets_one_of_its_own_at_once(database: Database) -> None:
    fills = Seen()
    fills.release.clear()
    async with working(database, work(fill_index=fills)):
        await asyncio.wait_for(fills.called.wait(), 10)
        fills.called.clear()
        await jobs.defer_fill_index(database)
        await asyncio.wait_for(fills.called.wait(), 10)
        fills.release.set()
    assert len(fills.calls) == 2


async def test_who_asks_for_a_picture_does_not_wait_for_the_index(database: Database) -> None:
    fills = Seen()
    fills.release.clear()
    generate = jobs.generation_work(database, only(LocalGenerator()), Limits())
    async with working(database, work(generate=generate, fill_index=fills)):
        await asyncio.wait_for(fills.called.wait(), 10)
        asked = await ask(database, LocalGenerator(), await add(database), await add(database))
        assert (await generation.wait_for(database, asked.id, 30)).status == "succeeded"
        fills.release.set()


async def test_what_is_asked_for_while_it_is_done_is_done_once_more() -> None:
    filling, done = _Filling(cast("Runtime", None)), Seen()
    done.release.clear()
    first = asyncio.create_task(filling._alone("a space", done))
    await done.called.wait()
    await asyncio.gather(*(filling._alone("a space", done) for _ in range(3)))
    assert len(done.calls) == 1
    done.release.set()
    await first
    assert len(done.calls) == 2


async def test_a_worker_killed_during_a_paid_call_leaves_it_unknown_and_nobody_calls_again(
    database: Database,
) -> None:
    asked = await ask(database, FakeGenerator(), await add(database))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.lost_worker", database.url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"calling\n"
    process.kill()
    await process.wait()
    assert (await generation.wait_for(database, asked.id, 0)).status == "running"

    second = FakeGenerator()
    async with working(database, work(generate=jobs.generation_work(database, only(second), Limits()))):
        made = await generation.wait_for(database, asked.id, 20)
    assert made.status == "unknown"
    assert second.calls == []
    assert await value(database, "SELECT array_agg(status) FROM rage.paid_calls") == ["unknown"]


async def test_jobs_of_a_lost_worker_run_again(database: Database) -> None:
    prompts, fills = Seen(), Seen()
    await rows(database, "SELECT rage_v1.request_prompt_vector('a lamp')")
    await jobs.defer_fill_index(database)
    taken = """WITH lost AS (
                   INSERT INTO rage.procrastinate_workers (last_heartbeat)
                   VALUES (now() - interval '1 hour') RETURNING id)
               UPDATE rage.procrastinate_jobs SET status = 'doing', worker_id = lost.id FROM lost"""
    await change_jobs(database, taken)
    async with working(database, work(embed_prompt=prompts, fill_index=fills)):
        await asyncio.wait_for(prompts.called.wait(), 10)
        await asyncio.wait_for(fills.called.wait(), 10)
    assert prompts.calls == [("a lamp", None)]


async def test_a_stopping_worker_lets_its_job_end(database: Database) -> None:
    generator = FakeGenerator()
    generator.release.clear()
    asked = await ask(database, generator, await add(database))
    generate = jobs.generation_work(database, only(generator), Limits())
    async with working(database, work(generate=generate)) as worker:
        await asyncio.wait_for(generator.called.wait(), 10)
        worker.cancel()
        generator.release.set()
        with pytest.raises(asyncio.CancelledError):
            await worker
    assert (await generation.wait_for(database, asked.id, 0)).status == "succeeded"


async def test_past_its_grace_a_stopping_worker_gives_the_job_to_the_next(database: Database) -> None:
    first = FakeGenerator("local", charges=False)
    first.release.clear()
    asked = await ask(database, first, await add(database))
    async with working(
        database, work(generate=jobs.generation_work(database, only(first), Limits())), grace=0.05
    ):
        await asyncio.wait_for(first.called.wait(), 10)
    assert (await generation.wait_for(database, asked.id, 0)).status == "queued"
    second = FakeGenerator("local", charges=False)
    async with working(database, work(generate=jobs.generation_work(database, only(second), Limits()))):
        made = await generation.wait_for(database, asked.id, 20)
    assert (made.status, len(second.calls)) == ("succeeded", 1)


async def test_the_worker_outlives_the_loss_of_every_connection(
    database: Database, server_18: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PAUSE", 0.05)
    generator = FakeGenerator()
    tasks = work(generate=jobs.generation_work(database, only(generator), Limits()))
    image_id = await add(database)
    async with working(database, tasks):
        first = await ask(database, generator, image_id)
        assert (await generation.wait_for(database, first.id, 20)).status == "succeeded"
        async with await psycopg.AsyncConnection.connect(server_18, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [psycopg.conninfo.conninfo_to_dict(database.url)["dbname"]],
            )
        second = await ask(database, generator, image_id)
        assert (await generation.wait_for(database, second.id, 20)).status == "succeeded"


async def test_a_task_that_fails_stops_nothing(database: Database) -> None:
    async def fail(generation_id: UUID) -> None:
        raise RuntimeError("a fault of ours")

    prompts = Seen()
    await ask(database, FakeGenerator(), await add(database))
    await rows(database, "SELECT rage_v1.request_prompt_vector('a lamp')")
    async with working(database, work(generate=fail, embed_prompt=prompts)):
        await asyncio.wait_for(prompts.called.wait(), 10)
