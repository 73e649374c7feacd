"""Behind a call of unknown cost under the same budget a generation waits in no worker's slot."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest

from rage_pg import budgets, generation
from rage_pg.database import Database
from rage_pg.generation import take_up as module
from rage_pg.generation.take_up import Task
from rage_pg.types import Generation
from tests.generating import IMAGES, FakeGenerator, ask, carry_out, names, paid, rows, take_up, value
from tests.store import add
from tests.working import UNHURRIED, work, working

SPRING = {"campaign": "spring"}
DUE = "UPDATE rage.generations SET waits_until = now() WHERE waits_for IS NOT NULL"


@pytest.fixture
async def generator(database: Database) -> FakeGenerator:
    """Whose calls are under a budget, and cost nobody knows what."""
    await budgets.put(database, budgets.Target(label=("campaign", "spring")), Decimal(10))
    return FakeGenerator()


async def reasons(database: Database, made: Generation) -> list[str]:
    events = await generation.events(database, made.id)
    return [event.data["reason"] for event in events if event.name == "waiting"]


async def test_it_waits_in_the_queue_is_told_so_once_and_goes_on_when_the_other_has_ended(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    first, second = [await ask(database, generator, image_id, labels=SPRING) for _ in range(2)]
    generator.release.clear()
    running = asyncio.create_task(carry_out(database, generator, first.id))
    await generator.called.wait()
    for _ in range(3):
        waiting = await carry_out(database, generator, second.id)
        assert (waiting.status, waiting.started_at) == ("queued", None)
        await rows(database, DUE)
    assert (await names(database, second), await reasons(database, second)) == (
        ["queued", "waiting"],
        ["budget"],
    )
    generator.release.set()
    assert (await running).status == "succeeded"
    made = await carry_out(database, generator, second.id)
    assert (made.status, len(generator.calls)) == ("succeeded", 2)
    assert [row["status"] for row in await paid(database)] == ["succeeded", "succeeded"]


async def test_who_was_taken_up_at_the_same_moment_stands_back_and_counts_as_neither_lost_nor_turned_away(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await add(database)
    first, second = [await ask(database, generator, image_id, labels=SPRING) for _ in range(2)]
    generator.release.clear()
    running = asyncio.create_task(carry_out(database, generator, first.id))
    await generator.called.wait()

    async def not_seen_yet(*_: object) -> bool:
        return False

    with monkeypatch.context() as blind:
        blind.setattr(module, "is_busy", not_seen_yet)
        assert (await carry_out(database, generator, second.id)).status == "queued"
    assert await names(database, second) == ["queued", "running", "queued", "waiting"]
    assert await paid(database) == [row for row in await paid(database) if row["status"] == "started"]
    generator.release.set()
    await running
    await rows(database, DUE)
    task = await take_up(database, second.id)
    assert isinstance(task, Task)
    assert (task.losses, task.turned_away) == (0, 0)


async def test_it_is_called_off_at_once(database: Database, generator: FakeGenerator) -> None:
    image_id = await add(database)
    first, second = [await ask(database, generator, image_id, labels=SPRING) for _ in range(2)]
    generator.release.clear()
    running = asyncio.create_task(carry_out(database, generator, first.id))
    await generator.called.wait()
    await carry_out(database, generator, second.id)
    assert (await generation.cancel(database, second.id)).status == "cancelled"
    generator.release.set()
    await running
    assert len(generator.calls) == 1


async def test_workers_do_what_no_budget_holds_back_meanwhile(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two slots, one call under way: had the second its slot to wait in, nothing else would be made."""
    monkeypatch.setattr(module, "BUDGET_LOOK", 0.2)
    image_id = await add(database)
    held, other = generator, FakeGenerator("gemini")
    held.release.clear()
    under_budget = [await ask(database, held, image_id, labels=SPRING) for _ in range(3)]
    free = [await ask(database, other, image_id) for _ in range(3)]

    def find(name: str | None) -> FakeGenerator:
        return other if name == "gemini" else held

    async def generate(generation_id: UUID) -> object:
        return await generation.run(database, find, IMAGES, generation_id)

    async with working(database, work(generate=generate), heartbeat=UNHURRIED):
        made = [await generation.wait_for(database, one.id, 60) for one in free]
        assert [one.status for one in made] == ["succeeded"] * 3
        assert len(held.calls) == 1
        held.release.set()
        made = [await generation.wait_for(database, one.id, 60) for one in under_budget]
    assert ([one.status for one in made], len(held.calls)) == (["succeeded"] * 3, 3)
    assert await value(database, "SELECT count(*) FROM rage.generations WHERE waits_for IS NOT NULL") == 0
