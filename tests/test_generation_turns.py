"""Whose turn it is: calls at once, calls a minute and pauses of a provider, over all its callers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from rage_pg import generation, jobs
from rage_pg.config import Limits, ProviderLimit
from rage_pg.database import Database
from rage_pg.generation import Rules
from rage_pg.types import Generation
from tests.generating import IMAGES, FakeGenerator, ask, names, only, paid, rows, value
from tests.store import add
from tests.working import UNHURRIED, change_jobs, work, working

ONE = {"openai": ProviderLimit(concurrency=1, per_minute=None)}
LINE = "SELECT generation_id FROM rage.generations WHERE waits_for = 'turn' ORDER BY job_id"
SCHEDULE = """
UPDATE rage.procrastinate_jobs AS j SET scheduled_at = g.waits_until
FROM rage.generations AS g WHERE g.job_id = j.id AND g.waits_for IS NOT NULL
"""
DUE = """
SELECT g.generation_id FROM rage.generations AS g JOIN rage.procrastinate_jobs AS j ON j.id = g.job_id
WHERE g.waits_for = 'turn' AND j.scheduled_at <= now() AND j.scheduled_at = g.waits_until ORDER BY j.id
"""


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


async def run(
    database: Database,
    generator: FakeGenerator,
    generation_id: UUID,
    limits: dict[str, ProviderLimit],
    *,
    in_line: bool = True,
) -> datetime | None:
    rules = Rules(limits=limits, in_line=in_line)
    running = generation.run(database, only(generator), IMAGES, generation_id, rules)
    return await asyncio.wait_for(running, 20)


async def several(database: Database, generator: FakeGenerator, count: int) -> list[Generation]:
    image_id = await add(database)
    return [await ask(database, generator, image_id) for _ in range(count)]


async def ids(database: Database, statement: str) -> Sequence[Any]:
    return [row["generation_id"] for row in await rows(database, statement)]


async def reasons(database: Database, made: Generation) -> list[Any]:
    events = await generation.events(database, made.id)
    return [event.data["reason"] for event in events if event.name == "waiting"]


async def test_no_more_calls_are_under_way_than_may_be_and_the_longest_waiting_is_next(
    database: Database, generator: FakeGenerator
) -> None:
    first, second, third, late = await several(database, generator, 4)
    generator.release.clear()
    running = asyncio.create_task(run(database, generator, first.id, ONE))
    await generator.called.wait()
    for one in (third, second, third):
        assert await run(database, generator, one.id, ONE) is not None
        await change_jobs(database, SCHEDULE)
    # Told once, however often it looked.
    assert (await reasons(database, third), await reasons(database, second)) == (
        ["concurrency"],
        ["concurrency"],
    )
    assert await names(database, second) == ["queued", "waiting"]
    assert await ids(database, LINE) == [second.id, third.id]
    await generation.call_in(database, ONE)
    assert await ids(database, DUE) == []
    generator.release.set()
    await running
    # Who comes now stands behind them.
    assert await run(database, generator, late.id, ONE) is not None
    assert await reasons(database, late) == ["line"]
    await change_jobs(database, SCHEDULE)
    await generation.call_in(database, ONE)
    await generation.call_in(database, ONE)
    assert await ids(database, DUE) == [second.id]
    assert await run(database, generator, second.id, ONE) is None
    assert (await generation.wait_for(database, second.id, 0)).status == "succeeded"
    assert len(generator.calls) == 2
    assert [row["status"] for row in await paid(database)] == ["succeeded"] * 2


async def test_a_process_of_its_own_waits_for_a_call_to_end_and_for_no_line(
    database: Database, generator: FakeGenerator
) -> None:
    first, waiting, own = await several(database, generator, 3)
    generator.release.clear()
    running = asyncio.create_task(run(database, generator, first.id, ONE))
    await generator.called.wait()
    assert await run(database, generator, waiting.id, ONE) is not None
    await change_jobs(database, SCHEDULE)
    assert await run(database, generator, own.id, ONE, in_line=False) is not None
    # Held by that process: workers neither call it in nor wait for it.
    await generation.call_in(database, {})
    assert await ids(database, DUE) == [waiting.id]
    generator.release.set()
    await running
    assert await run(database, generator, own.id, ONE, in_line=False) is None


async def test_so_many_calls_are_started_a_minute(database: Database, generator: FakeGenerator) -> None:
    limits = {"openai": ProviderLimit(concurrency=None, per_minute=2)}
    first, second, third = await several(database, generator, 3)
    for one in (first, second):
        assert await run(database, generator, one.id, limits) is None
    assert await run(database, generator, third.id, limits) is not None
    (told,) = [event for event in await generation.events(database, third.id) if event.name == "waiting"]
    assert (told.data["reason"], 40 < told.data["retry_in"] <= 60) == ("rate", True)
    await change_jobs(database, SCHEDULE)
    await generation.call_in(database, limits)
    assert await ids(database, DUE) == []
    await rows(database, "UPDATE rage.paid_calls SET started_at = started_at - interval '1 minute'")
    await generation.call_in(database, limits)
    assert await ids(database, DUE) == [third.id]
    assert await run(database, generator, third.id, limits) is None


async def test_a_provider_that_asked_for_it_is_left_alone_by_all_and_others_are_not(
    database: Database, generator: FakeGenerator
) -> None:
    limits = {**ONE, "gemini": ProviderLimit()}
    (asked,) = await several(database, generator, 1)
    other = FakeGenerator("gemini")
    elsewhere = await ask(database, other, await add(database))
    pause = "INSERT INTO rage.provider_pauses VALUES ('openai', now() + interval '1 hour')"
    await rows(database, pause)
    assert await run(database, generator, asked.id, limits) is not None
    assert await reasons(database, asked) == ["pause"]
    await change_jobs(database, SCHEDULE)
    await generation.call_in(database, limits)
    assert (await ids(database, DUE), generator.calls) == ([], [])
    assert await run(database, other, elsewhere.id, limits) is None
    await rows(database, "UPDATE rage.provider_pauses SET paused_until = now()")
    await generation.call_in(database, limits)
    assert await ids(database, DUE) == [asked.id]


async def test_what_charges_nothing_is_bound_by_nothing(database: Database) -> None:
    local = FakeGenerator("local", charges=False)
    both = asyncio.Barrier(2)
    local.on_call = both.wait
    first, second = await several(database, local, 2)
    tasks = [asyncio.create_task(run(database, local, one.id, ONE)) for one in (first, second)]
    assert await asyncio.gather(*tasks) == [None, None]


async def test_many_at_once_never_take_the_same_place(database: Database, generator: FakeGenerator) -> None:
    limits = {"openai": ProviderLimit(concurrency=2, per_minute=None)}
    asked = await several(database, generator, 8)
    all_have_looked = asyncio.Barrier(3)
    generator.on_call = all_have_looked.wait
    tasks = {asyncio.create_task(run(database, generator, one.id, limits)) for one in asked}
    done: set[asyncio.Task[datetime | None]] = set()
    while len(done) < 6:
        more, under_way = await asyncio.wait(tasks - done, return_when=asyncio.FIRST_COMPLETED)
        done |= more
    assert [task.result() is not None for task in done] == [True] * 6
    await asyncio.wait_for(all_have_looked.wait(), 20)
    assert await asyncio.gather(*under_way) == [None, None]
    assert len(generator.calls) == 2


async def test_a_place_whose_worker_was_lost_long_ago_is_free(
    database: Database, generator: FakeGenerator
) -> None:
    lost, next_one = await several(database, generator, 2)
    generator.release.clear()
    running = asyncio.create_task(run(database, generator, lost.id, ONE))
    await generator.called.wait()
    assert await run(database, generator, next_one.id, ONE) is not None
    await rows(database, "UPDATE rage.paid_calls SET started_at = now() - interval '40 minutes'")
    generator.release.set()
    assert await run(database, generator, next_one.id, ONE) is None
    await running


async def test_workers_take_everything_up_in_turn(database: Database, generator: FakeGenerator) -> None:
    """Six generations, two workers, one call at a time: each waits in the queue, none is called twice."""
    asked = await several(database, generator, 6)
    under_way: list[int] = [0, 0]

    async def count() -> None:
        under_way[0] += 1
        under_way[1] = max(under_way)
        await asyncio.sleep(0.05)
        under_way[0] -= 1

    generator.on_call = count
    rules = Rules(limits=ONE)
    tasks = work(
        generate=jobs.generation_work(database, only(generator), Limits(), rules),
        call_in=lambda: generation.call_in(database, rules.limits),
    )
    first, second = (working(database, tasks, heartbeat=UNHURRIED) for _ in range(2))
    async with first, second:
        made = [await generation.wait_for(database, one.id, 60) for one in asked]
    assert [one.status for one in made] == ["succeeded"] * 6
    assert (len(generator.calls), under_way[1]) == (6, 1)
    assert await value(database, "SELECT count(*) FROM rage.generations WHERE waits_for IS NOT NULL") == 0
