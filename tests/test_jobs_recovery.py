"""Generations that no job would end: they are found, and end, however their job got lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from rage_pg import generation, jobs
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.jobs import recovery, worker
from tests.generating import FakeGenerator, ask, carry_out, names, only, paid, rows, value
from tests.store import add
from tests.working import Deaf, change_jobs, ends_by_one_cancellation, work, working

JOBS = "SELECT count(*) FROM rage.procrastinate_jobs WHERE task_name = 'generate'"
LOSE_JOB = "DELETE FROM procrastinate_jobs"
FAIL_JOB = "UPDATE procrastinate_jobs SET status = 'failed', attempts = attempts + 1"


def carrying_out(database: Database, generator: FakeGenerator) -> jobs.Work:
    return work(generate=jobs.generation_work(database, only(generator), Limits()))


@pytest.mark.parametrize("accident", [LOSE_JOB, FAIL_JOB], ids=["gone", "failed"])
async def test_a_queued_generation_whose_job_is_lost_is_made(database: Database, accident: str) -> None:
    generator = FakeGenerator()
    asked = await ask(database, generator, await add(database))
    await change_jobs(database, accident)
    async with working(database, carrying_out(database, generator)):
        made = await generation.wait_for(database, asked.id, 20)
    assert (made.status, len(generator.calls)) == ("succeeded", 1)
    assert await value(database, JOBS) == 0


@pytest.mark.parametrize("accident", [LOSE_JOB, FAIL_JOB], ids=["gone", "failed"])
async def test_a_paid_call_whose_job_is_lost_ends_unknown_and_is_not_repeated(
    database: Database, accident: str
) -> None:
    asked = await ask(database, FakeGenerator(), await add(database))
    first, second = FakeGenerator(), FakeGenerator()
    first.release.clear()
    lost = asyncio.create_task(carry_out(database, first, asked.id))
    await first.called.wait()
    await change_jobs(database, accident)
    async with working(database, carrying_out(database, second)):
        made = await generation.wait_for(database, asked.id, 20)
    assert (made.status, second.calls) == ("unknown", [])
    assert [row["status"] for row in await paid(database)] == ["unknown"]
    first.release.set()
    assert (await lost).status == "succeeded"


async def test_a_running_generation_without_a_paid_call_whose_job_is_lost_starts_anew(
    database: Database,
) -> None:
    first, second = FakeGenerator("local", charges=False), FakeGenerator("local", charges=False)
    asked = await ask(database, first, await add(database))
    first.release.clear()
    lost = asyncio.create_task(carry_out(database, first, asked.id))
    await first.called.wait()
    await change_jobs(database, LOSE_JOB)
    async with working(database, carrying_out(database, second)):
        made = await generation.wait_for(database, asked.id, 20)
    assert (made.status, len(second.calls)) == ("succeeded", 1)
    first.release.set()
    assert await lost == made
    assert await names(database, made) == ["queued", "running", "running", "succeeded"]


async def test_a_job_that_failed_by_a_fault_of_ours_is_tried_again(database: Database) -> None:
    generator = FakeGenerator()
    asked = await ask(database, generator, await add(database))
    generate = jobs.generation_work(database, only(generator), Limits())
    failures: list[UUID] = []

    async def fail_once(generation_id: UUID) -> None:
        if not failures:
            failures.append(generation_id)
            raise RuntimeError("a fault of ours")
        await generate(generation_id)

    async with working(database, work(generate=fail_once)):
        made = await generation.wait_for(database, asked.id, 20)
    assert (made.status, failures) == ("succeeded", [asked.id])


async def test_a_job_that_fails_each_time_waits_longer_each_time(database: Database) -> None:
    await ask(database, FakeGenerator(), await add(database))
    await change_jobs(database, FAIL_JOB.replace("attempts + 1", "7"))
    app = worker._app(database, work(), connections=2)
    async with app.open_async():
        await recovery.recover(database, app, 30)
    wait = "SELECT extract(epoch FROM scheduled_at - now()) FROM rage.procrastinate_jobs"
    assert await value(database, wait) == pytest.approx(210, abs=20)


async def test_jobs_of_generations_that_have_a_job_or_have_ended_stay_as_they_are(database: Database) -> None:
    generator = FakeGenerator()
    image_id = await add(database)
    await ask(database, generator, image_id)
    await change_jobs(database, FAIL_JOB)
    await rows(database, "UPDATE rage.generations SET status = 'cancelled', finished_at = now()")
    await ask(database, generator, image_id)
    before = await rows(database, "SELECT * FROM rage.procrastinate_jobs ORDER BY id")
    app = worker._app(database, work(), connections=2)
    async with app.open_async():
        await recovery.recover(database, app, 30)
    assert await rows(database, "SELECT * FROM rage.procrastinate_jobs ORDER BY id") == before


async def test_recovery_goes_on_after_an_error_of_any_kind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    recover: Callable[..., Awaitable[None]] = recovery.recover
    rounds: list[Any] = []

    async def odd_at_first(*arguments: Any) -> None:
        rounds.append(arguments)
        if len(rounds) == 1:
            raise ValueError("an odd error")
        await recover(*arguments)

    monkeypatch.setattr(recovery, "recover", odd_at_first)
    generator = FakeGenerator()
    asked = await ask(database, generator, await add(database))
    await change_jobs(database, LOSE_JOB)
    async with working(database, carrying_out(database, generator)):
        assert (await generation.wait_for(database, asked.id, 20)).status == "succeeded"


async def test_a_worker_stops_though_its_recovery_did_not_hear_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = Deaf()
    monkeypatch.setattr(recovery, "recover", deaf)
    task = asyncio.create_task(jobs.run_worker(database, work()))
    await deaf.called.wait()
    assert await ends_by_one_cancellation(task)


async def test_a_worker_stops_though_its_start_did_not_hear_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = Deaf()
    monkeypatch.setattr(worker, "defer_fill_index", deaf)
    task = asyncio.create_task(jobs.run_worker(database, work()))
    await deaf.called.wait()
    assert await ends_by_one_cancellation(task)
