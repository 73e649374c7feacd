"""Calling off what runs: dropped within a moment, what it may have cost told honestly, no answer lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import UUID

import pytest

from rage_pg import generation, jobs
from rage_pg.config import Limits, Secret
from rage_pg.database import Database
from rage_pg.errors import Conflict, OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.generation import calling_off
from rage_pg.generation.take_up import Task, give_back
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.ports import GenerationCall, GenerationResult, Progress
from rage_pg.types import Generation
from tests.generating import COST, FakeGenerator, ask, carry_out, names, only, paid, take_up, value
from tests.image_api_stub import ImageApiStub, image_api_stub
from tests.store import add
from tests.working import UNHURRIED, work, working

CALLED_OFF = "urn:rage-pg:problem:called-off"


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        yield running


@asynccontextmanager
async def called(
    database: Database, generator: FakeGenerator, generation_id: UUID
) -> AsyncIterator[asyncio.Task[Generation]]:
    """Under way at the provider."""
    generator.release.clear()
    running = asyncio.create_task(carry_out(database, generator, generation_id))
    await generator.called.wait()
    yield running
    await running


async def test_a_call_under_way_is_dropped_and_its_cost_is_not_known(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    async with called(database, generator, asked.id) as running:
        told = await generation.cancel(database, asked.id, "ann")
        assert (told.status, told.cancel_requested_at is not None) == ("running", True)
        assert await generation.cancel(database, asked.id, "bob") == told
        made = await asyncio.wait_for(running, 5)
    assert (made.status, made.outputs, made.cost_usd) == ("cancelled", (), None)
    assert made.error is not None
    assert (made.error["type"], "charged is not known" in made.error["detail"]) == (CALLED_OFF, True)
    assert await names(database, made) == ["queued", "running", "cancelling", "cancelled"]
    (row,) = await paid(database)
    assert (row["status"], row["cost_usd"], row["error"]) == ("unknown", None, made.error)
    assert await value(database, "SELECT cancel_requested_by FROM rage.generations") == "ann"
    assert await value(database, "SELECT calls_unknown FROM rage_v1.daily_usage") == 1
    with pytest.raises(Conflict, match="is cancelled"):
        await generation.cancel(database, asked.id)


async def test_what_charges_nothing_is_dropped_for_nothing(database: Database) -> None:
    local = FakeGenerator("local", charges=False)
    asked = await ask(database, local, await add(database))
    async with called(database, local, asked.id) as running:
        await generation.cancel(database, asked.id)
        made = await asyncio.wait_for(running, 5)
    assert (made.status, made.cost_usd) == ("cancelled", Decimal(0))
    assert await paid(database) == []


async def test_an_answer_that_comes_in_that_moment_is_kept(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is told to end, and ends with its answer."""

    async def answer_at_last() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            generator.release.set()

    generator.on_call = answer_at_last
    asked = await ask(database, generator, await add(database))
    async with called(database, generator, asked.id):
        await generation.cancel(database, asked.id)
    made = await generation.wait_for(database, asked.id, 0)
    assert (made.status, made.cost_usd, len(made.outputs)) == ("succeeded", Decimal(COST), 1)
    assert [row["status"] for row in await paid(database)] == ["succeeded"]
    with pytest.raises(Conflict, match="is succeeded"):
        await generation.cancel(database, asked.id)


async def test_a_call_that_does_not_hear_it_blocks_nobody(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling_off, "LETTING_GO", 0.1)
    deaf = asyncio.Event()

    async def not_hear() -> None:
        while not deaf.is_set():
            try:
                await deaf.wait()
            except asyncio.CancelledError:
                continue

    generator.on_call = not_hear
    asked = await ask(database, generator, await add(database))
    async with called(database, generator, asked.id) as running:
        await generation.cancel(database, asked.id)
        made = await asyncio.wait_for(running, 10)
        deaf.set()
        generator.release.set()
    await asyncio.sleep(0.1)
    assert (made.status, await generation.wait_for(database, asked.id, 0)) == ("cancelled", made)


async def test_a_thread_that_goes_on_writes_nothing_any_more(database: Database) -> None:
    go_on, done = threading.Event(), threading.Event()

    class InAThread(FakeGenerator):
        async def generate(self, call: GenerationCall, progress: Progress | None = None) -> GenerationResult:
            self.called.set()
            await asyncio.to_thread(self._work)
            return await super().generate(call, progress)

        def _work(self) -> None:
            go_on.wait(20)
            done.set()

    local = InAThread("local", charges=False)
    asked = await ask(database, local, await add(database))
    async with called(database, local, asked.id) as running:
        await generation.cancel(database, asked.id)
        made = await asyncio.wait_for(running, 5)
    go_on.set()
    assert await asyncio.to_thread(done.wait, 10)
    assert (made.status, await value(database, "SELECT count(*) FROM rage.generation_outputs")) == (
        "cancelled",
        0,
    )


async def test_a_dead_workers_generation_that_was_called_off_does_not_start_anew(database: Database) -> None:
    local = FakeGenerator("local", charges=False)
    asked = await ask(database, local, await add(database))
    assert isinstance(await take_up(database, asked.id), Task)
    await generation.cancel(database, asked.id)
    made = await carry_out(database, local, asked.id)
    assert (made.status, made.cost_usd, local.calls) == ("cancelled", Decimal(0), [])


async def test_a_dead_workers_paid_call_that_was_called_off_ends_so_and_a_late_answer_mends_it(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling_off, "LOOK", 60)
    asked = await ask(database, generator, await add(database))
    async with called(database, generator, asked.id):
        await generation.cancel(database, asked.id)
        second = FakeGenerator()
        made = await carry_out(database, second, asked.id)
        assert (made.status, made.cost_usd, second.calls) == ("cancelled", None, [])
        generator.release.set()
    late = await generation.wait_for(database, asked.id, 0)
    assert (late.status, late.cost_usd) == ("succeeded", Decimal(COST))


@pytest.mark.parametrize(
    ("error", "cost", "call"),
    [
        (ProviderError("Busy.", retryable=True, charged=False), Decimal(0), "failed"),
        (ProviderRefused("No.", charged=False), Decimal(0), "refused"),
        (OutcomeUnknown("Lost."), None, "unknown"),
    ],
    ids=["turned away", "refused", "lost"],
)
async def test_a_late_error_of_what_was_called_off_leaves_it_so_and_tells_what_it_cost(
    database: Database,
    generator: FakeGenerator,
    monkeypatch: pytest.MonkeyPatch,
    error: ProviderError,
    cost: Decimal | None,
    call: str,
) -> None:
    monkeypatch.setattr(calling_off, "LOOK", 60)
    asked = await ask(database, generator, await add(database))
    async with called(database, generator, asked.id):
        await generation.cancel(database, asked.id)
        assert (await carry_out(database, FakeGenerator(), asked.id)).status == "cancelled"
        generator.error = error
        generator.release.set()
    late = await generation.wait_for(database, asked.id, 0)
    assert (late.status, late.cost_usd) == ("cancelled", cost)
    assert late.error is not None
    assert late.error["detail"] == (calling_off.SENT if cost is None else calling_off.NOTHING_SENT)
    assert [(row["status"], row["cost_usd"]) for row in await paid(database)] == [(call, cost)]


async def test_a_worker_that_leaves_ends_what_was_called_off(database: Database) -> None:
    local = FakeGenerator("local", charges=False)
    asked = await ask(database, local, await add(database))
    task = await take_up(database, asked.id)
    assert isinstance(task, Task)
    await generation.cancel(database, asked.id)
    await give_back(database, task)
    assert (await generation.wait_for(database, asked.id, 0)).status == "cancelled"


async def test_what_was_turned_away_and_called_off_is_not_sent_again(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))

    async def call_off() -> None:
        await generation.cancel(database, asked.id)

    generator.on_call = call_off
    generator.error = ProviderError("Busy.", retryable=True, charged=False)
    made = await carry_out(database, generator, asked.id)
    assert (made.status, made.cost_usd) == ("cancelled", Decimal(0))
    assert [(row["status"], row["cost_usd"]) for row in await paid(database)] == [("failed", 0)]


async def test_the_connection_to_the_provider_is_closed(database: Database, stub: ImageApiStub) -> None:
    stub.mode = "held"
    openai = OpenAIGenerator("gpt-image-2", key=Secret("sk-unused"), base_url=stub.url)
    asked = await ask(database, openai, await add(database))
    generate = jobs.generation_work(database, only(openai), Limits())
    async with working(database, work(generate=generate), heartbeat=UNHURRIED):
        assert await asyncio.to_thread(stub.asked.wait, 20)
        await generation.cancel(database, asked.id)
        made = await generation.wait_for(database, asked.id, 10)
        stub.released.set()
    assert (made.status, made.cost_usd, len(stub.requests)) == ("cancelled", None, 1)
