"""Generations that a process carries out itself: workers keep off while it lives, and only then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rage_pg import generation, jobs
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.errors import DatabaseUnavailable
from rage_pg.jobs import hold as module
from rage_pg.types import Generation, GenerationRequest, ReferenceRequest
from tests.generating import FakeGenerator, carry_out, only, value
from tests.store import add
from tests.working import Deaf, change_jobs, ends_by_one_cancellation, work, working

HELD = "SELECT extract(epoch FROM scheduled_at - now()) FROM rage.procrastinate_jobs ORDER BY id DESC LIMIT 1"
LAPSE = "UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 hour'"
JOBS = "SELECT count(*) FROM rage.procrastinate_jobs WHERE task_name = 'generate'"


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


@pytest.fixture
async def request_of_one(database: Database) -> GenerationRequest:
    return GenerationRequest(prompt="Soap", references=(ReferenceRequest(image_id=await add(database)),))


async def accept(
    database: Database, generator: FakeGenerator, request: GenerationRequest, hold: jobs.Hold
) -> Generation:
    return await generation.accept(database, only(generator), request, defer=hold.defer)


async def test_a_hold_is_short_and_renewed(
    database: Database,
    generator: FakeGenerator,
    request_of_one: GenerationRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renewed = asyncio.Event()
    renew = jobs.Hold.renew

    async def tell(hold: jobs.Hold) -> bool:
        held = await renew(hold)
        renewed.set()
        return held

    monkeypatch.setattr(jobs.Hold, "renew", tell)
    async with jobs.holding(database) as hold:
        await accept(database, generator, request_of_one, hold)
        assert 0 < await value(database, HELD) <= 60
    monkeypatch.setattr(module, "LEASE", 0.2)
    async with jobs.holding(database) as hold:
        await accept(database, generator, request_of_one, hold)
        await change_jobs(database, LAPSE)
        renewed.clear()
        await asyncio.wait_for(renewed.wait(), 10)
        assert await value(database, HELD) > -60


async def test_a_failed_renewal_is_tried_again(
    database: Database,
    generator: FakeGenerator,
    request_of_one: GenerationRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LEASE", 0.02)
    tried: list[Any] = []
    again = asyncio.Event()

    async def fail(hold: jobs.Hold) -> bool:
        tried.append(hold)
        if len(tried) > 1:
            again.set()
        raise DatabaseUnavailable("The database cannot be reached.")

    monkeypatch.setattr(jobs.Hold, "renew", fail)
    async with jobs.holding(database) as hold:
        await accept(database, generator, request_of_one, hold)
        await asyncio.wait_for(again.wait(), 10)


async def test_the_job_of_a_generation_that_has_ended_is_dropped(
    database: Database, generator: FakeGenerator, request_of_one: GenerationRequest
) -> None:
    async with jobs.holding(database) as hold:
        asked = await accept(database, generator, request_of_one, hold)
        assert await hold.renew()
        made = await carry_out(database, generator, asked.id)
    assert (made.status, await value(database, JOBS)) == ("succeeded", 0)


async def test_what_failed_before_it_was_begun_is_called_off(
    database: Database, generator: FakeGenerator, request_of_one: GenerationRequest
) -> None:
    async def fail() -> None:
        async with jobs.holding(database) as hold:
            await accept(database, generator, request_of_one, hold)
            raise RuntimeError("anything")

    with pytest.raises(RuntimeError, match="anything"):
        await fail()
    assert await value(database, "SELECT status FROM rage.generations") == "cancelled"
    assert await value(database, JOBS) == 0


async def test_what_was_begun_and_has_not_ended_goes_to_the_workers_at_once(
    database: Database, request_of_one: GenerationRequest
) -> None:
    first, second = FakeGenerator("local", charges=False), FakeGenerator("local", charges=False)

    async def fail() -> None:
        async with jobs.holding(database) as hold:
            asked = await accept(database, first, request_of_one, hold)
            first.error = DatabaseUnavailable("The database cannot be reached.")
            await carry_out(database, first, asked.id)

    with pytest.raises(DatabaseUnavailable):
        await fail()
    generate = jobs.generation_work(database, only(second), Limits())
    asked_id = await value(database, "SELECT generation_id FROM rage.generations")
    async with working(database, work(generate=generate)):
        made = await generation.wait_for(database, asked_id, 20)
    assert (made.status, len(second.calls)) == ("succeeded", 1)


async def test_a_process_that_stood_still_finds_its_hold_taken_and_a_worker_at_it(
    database: Database, generator: FakeGenerator, request_of_one: GenerationRequest
) -> None:
    generator.release.clear()
    generate = jobs.generation_work(database, only(generator), Limits())
    async with jobs.holding(database) as hold:
        asked = await accept(database, generator, request_of_one, hold)
        await change_jobs(database, LAPSE)
        async with working(database, work(generate=generate)):
            await asyncio.wait_for(generator.called.wait(), 10)
            assert not await hold.renew()
            generator.release.set()
            made = await generation.wait_for(database, asked.id, 20)
    assert (made.status, len(generator.calls)) == ("succeeded", 1)


async def test_a_hold_ends_though_its_renewal_did_not_hear_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = Deaf()
    monkeypatch.setattr(module, "LEASE", 0.02)
    monkeypatch.setattr(jobs.Hold, "renew", lambda _: deaf())
    task: asyncio.Task[None] = asyncio.create_task(jobs.Hold(database).keep_renewing())
    await deaf.called.wait()
    assert await ends_by_one_cancellation(task)
