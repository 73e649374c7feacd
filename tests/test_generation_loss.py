"""Workers that are lost, stopped or stalled, and databases that go away: no call is repeated blindly."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from rage_pg import generation, jobs, spending
from rage_pg.database import Database
from rage_pg.errors import DatabaseUnavailable, ProviderError, ProviderRefused
from rage_pg.generation.take_up import Task, begin, give_back
from rage_pg.types import Generation
from tests.generating import COST, IMAGES, FakeGenerator, ask, carry_out, names, only, paid, rows, take_up
from tests.store import add, png


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


async def test_one_lost_during_a_paid_call_is_unknown_and_not_called_again(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    generator.release.clear()
    lost = asyncio.create_task(carry_out(database, generator, asked.id))
    await generator.called.wait()
    made = await carry_out(database, generator, asked.id)
    assert made.status == "unknown"
    assert made.error is not None
    assert made.error["type"] == "urn:rage-pg:problem:outcome-unknown"
    assert [row["status"] for row in await paid(database)] == ["unknown"]
    assert len(generator.calls) == 1
    # It only seemed lost: its answer mends what was unknown.
    generator.release.set()
    late = await lost
    assert (late.status, late.error, late.cost_usd) == ("succeeded", None, Decimal(COST))
    assert [(row["status"], row["error"]) for row in await paid(database)] == [("succeeded", None)]
    assert await names(database, late) == ["queued", "running", "unknown", "succeeded"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ProviderError("Come again.", code="rate_limit_exceeded", retryable=True, charged=False), "failed"),
        (ProviderError("Bad size.", code="invalid_value", charged=False), "failed"),
        (ProviderRefused("No.", code="moderation_blocked", charged=False), "refused"),
    ],
    ids=["turned away", "failed", "refused"],
)
async def test_a_late_error_that_charged_nothing_mends_what_was_unknown(
    database: Database, generator: FakeGenerator, error: ProviderError, status: str
) -> None:
    asked = await ask(database, generator, await add(database))
    generator.release.clear()
    lost = asyncio.create_task(carry_out(database, generator, asked.id))
    await generator.called.wait()
    assert (await carry_out(database, generator, asked.id)).status == "unknown"
    generator.error = error
    generator.release.set()
    late = await lost
    assert (late.status, late.cost_usd) == (status, Decimal(0))
    assert late.error is not None
    assert (late.error["detail"], late.error["code"]) == (str(error), error.code)
    assert [(row["status"], row["cost_usd"]) for row in await paid(database)] == [(status, 0)]
    # It is not sent again: somebody may have had it made once more when it was told to be unknown.
    assert await names(database, late) == ["queued", "running", "unknown", status]
    assert (await carry_out(database, generator, asked.id), len(generator.calls)) == (late, 1)


async def test_one_lost_without_a_paid_call_starts_anew_and_the_first_answer_is_dropped(
    database: Database,
) -> None:
    first, second = FakeGenerator("local", charges=False), FakeGenerator("local", charges=False)
    kept = png()
    second.contents = [kept]
    asked = await ask(database, first, await add(database))
    attempts = []
    for generator in (first, second):
        generator.release.clear()
        attempts.append(asyncio.create_task(carry_out(database, generator, asked.id)))
        await generator.called.wait()
    first.release.set()
    assert (await attempts[0]).status == "running"
    second.release.set()
    made = await attempts[1]
    assert made.status == "succeeded"
    assert [output.sha256 for output in made.outputs] == [hashlib.sha256(kept).hexdigest()]
    assert await names(database, made) == ["queued", "running", "running", "succeeded"]


async def test_one_that_loses_its_worker_each_time_is_given_up(database: Database) -> None:
    generator = FakeGenerator("local", charges=False)
    asked = await ask(database, generator, await add(database))
    for _ in range(3):
        assert await take_up(database, asked.id) is not None
    made = await carry_out(database, generator, asked.id)
    assert (made.status, made.cost_usd, generator.calls) == ("failed", Decimal(0), [])
    assert made.error is not None
    assert "lost 3 times" in made.error["detail"]


async def test_one_that_is_given_back_each_time_is_not_given_up(database: Database) -> None:
    generator = FakeGenerator("local", charges=False)
    asked = await ask(database, generator, await add(database))
    for _ in range(5):
        task = await take_up(database, asked.id)
        assert isinstance(task, Task)
        await give_back(database, task)
    for _ in range(2):
        assert await take_up(database, asked.id) is not None
    assert (await carry_out(database, generator, asked.id)).status == "succeeded"


async def test_two_workers_that_take_it_up_at_once_call_once(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits until the first has begun; then it thinks it lost, and the answer mends that."""
    asked = await ask(database, generator, await add(database))
    standing, go_on = asyncio.Event(), asyncio.Event()

    async def stalled(*arguments: Any) -> None:
        await begin(*arguments)
        standing.set()
        await go_on.wait()

    with monkeypatch.context() as slowed:
        slowed.setattr(sys.modules["rage_pg.generation.run"], "begin", stalled)
        first = asyncio.create_task(carry_out(database, generator, asked.id))
        await standing.wait()
    second = asyncio.create_task(carry_out(database, generator, asked.id))
    done, _ = await asyncio.wait([second], timeout=0.3)
    assert (done, generator.calls) == (set(), [])
    generator.release.clear()
    go_on.set()
    assert (await second).status == "unknown"
    generator.release.set()
    assert (await first).status == "succeeded"
    assert (len(generator.calls), len(await paid(database))) == (1, 1)


async def test_what_cannot_be_sent_any_more_counts_as_begun_and_fails_free_of_charge(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    asked = await ask(database, generator, image_id)
    await rows(database, "UPDATE rage.images SET erased_at = now(), deleted_at = now()")
    made = await carry_out(database, generator, asked.id)
    assert (made.status, made.cost_usd, made.prompt_sent) == ("failed", Decimal(0), None)
    assert made.error is not None
    assert made.error["detail"] == f"The bytes of image {image_id} were erased after it was chosen."
    assert await names(database, made) == ["queued", "running", "failed"]
    assert (generator.calls, await paid(database)) == ([], [])


async def stop_during_call(database: Database, generator: FakeGenerator) -> Generation:
    asked = await ask(database, generator, await add(database))
    generator.release.clear()
    running = asyncio.create_task(carry_out(database, generator, asked.id))
    await generator.called.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return await generation.wait_for(database, asked.id, 0)


async def test_a_worker_stopped_during_a_paid_call_leaves_the_outcome_unknown(
    database: Database, generator: FakeGenerator
) -> None:
    made = await stop_during_call(database, generator)
    assert made.status == "unknown"
    assert [row["status"] for row in await paid(database)] == ["unknown"]


async def test_a_worker_stopped_during_any_other_call_gives_the_generation_back(database: Database) -> None:
    generator = FakeGenerator("local", charges=False)
    made = await stop_during_call(database, generator)
    assert (made.status, made.started_at) == ("queued", None)
    generator.release.set()
    assert (await carry_out(database, generator, made.id)).status == "succeeded"


class FlakyImages(jobs.OutputImages):
    """A store that fails a few times, or that stops to wait."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        super().__init__(IMAGES._limits)
        self.failures = failures
        self.error = error or DatabaseUnavailable("The database cannot be reached.")
        self.storing = asyncio.Event()
        self.release = asyncio.Event()
        self.release.set()

    async def store(self, *arguments: Any) -> list[int]:
        self.storing.set()
        await self.release.wait()
        self.failures -= 1
        if self.failures >= 0:
            raise self.error
        return await super().store(*arguments)


@pytest.mark.parametrize(
    "error", [DatabaseUnavailable("The database cannot be reached."), psycopg.errors.DeadlockDetected()]
)
async def test_a_paid_answer_outlasts_a_database_that_is_away_or_in_the_way_for_a_moment(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(spending, "PAUSES", (0, 0))
    asked = await ask(database, generator, await add(database))
    await generation.run(database, only(generator), FlakyImages(2, error), asked.id)
    made = await generation.wait_for(database, asked.id, 0)
    assert (made.status, made.cost_usd, len(generator.calls)) == ("succeeded", Decimal(COST), 1)


async def test_a_database_that_stays_away_leaves_a_paid_call_unknown(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending, "PAUSES", (0,))
    asked = await ask(database, generator, await add(database))
    with pytest.raises(DatabaseUnavailable):
        await generation.run(database, only(generator), FlakyImages(2), asked.id)
    assert (await generation.wait_for(database, asked.id, 0)).status == "running"
    assert (await carry_out(database, generator, asked.id)).status == "unknown"
    assert len(generator.calls) == 1


async def test_a_paid_answer_is_stored_before_a_stopped_worker_leaves(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    store = FlakyImages(0)
    store.release.clear()
    running = asyncio.create_task(generation.run(database, only(generator), store, asked.id))
    await store.storing.wait()
    running.cancel()
    await asyncio.sleep(0)
    store.release.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await generation.wait_for(database, asked.id, 0)).status == "succeeded"
