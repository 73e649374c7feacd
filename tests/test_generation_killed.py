"""A worker killed with SIGKILL at each step of a paid generation: nothing is lost or asked for twice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from rage_pg import generation
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.generation.take_up import MAX_LOSSES
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.types import Generation
from tests.batch_commands import restart
from tests.generating import ask, names, paid, value
from tests.image_api_stub import ImageApiStub, image_api_stub
from tests.lost_worker import Place
from tests.store import add

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        yield running


@asynccontextmanager
async def worker(
    database: Database, stub: ImageApiStub, place: Place
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The real worker in a process of its own, killed at the end if it still lives."""
    command = [sys.executable, "-m", "tests.lost_worker", database.url, stub.url, place]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def queue(database: Database, stub: ImageApiStub) -> Generation:
    generator = OpenAIGenerator("gpt-image-2", key=Secret("sk-not-a-key-but-long-enough"), base_url=stub.url)
    return await ask(database, generator, await add(database), await add(database))


async def arrives(process: asyncio.subprocess.Process) -> None:
    """Until the worker stands where it is to be killed; before, it may log what it found lost."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while (line := await process.stdout.readline()) != b"calling\n":
            assert line, "the worker ended"


async def killed_at(database: Database, stub: ImageApiStub, place: Place) -> Generation:
    """What became of a generation whose worker was killed at `place`, once another worker is there."""
    asked = await queue(database, stub)
    async with worker(database, stub, place) as victim:
        await arrives(victim)
        victim.kill()
        await victim.wait()
    return await ended(database, stub, asked)


async def ended(database: Database, stub: ImageApiStub, asked: Generation) -> Generation:
    async with worker(database, stub, "none"):
        made = await generation.wait_for(database, asked.id, 60)
    assert await value(database, "SELECT count(*) FROM rage.generations") == 1
    outputs = await value(database, "SELECT count(*) FROM rage.images WHERE origin = 'generated'")
    assert outputs == len(made.outputs)
    return made


async def test_before_the_call_it_is_begun_anew_and_charged_once(
    database: Database, stub: ImageApiStub
) -> None:
    made = await killed_at(database, stub, "taken up")
    assert (made.status, len(made.outputs), len(stub.requests)) == ("succeeded", 1, 1)
    # Taken up twice, though of the first nothing was committed.
    assert await names(database, made) == ["queued", "running", "running", "succeeded"]
    (call,) = await paid(database)
    assert (call["status"], call["cost_usd"]) == ("succeeded", made.cost_usd)


@pytest.mark.parametrize("place", ["loading", "taken up"])
async def test_one_that_kills_each_worker_before_its_call_is_given_up_free_of_charge(
    database: Database, stub: ImageApiStub, place: Place
) -> None:
    asked = await queue(database, stub)
    for _ in range(MAX_LOSSES):
        async with worker(database, stub, place) as victim:
            await arrives(victim)
            victim.kill()
            await victim.wait()
    made = await ended(database, stub, asked)
    assert (made.status, made.cost_usd) == ("failed", Decimal(0))
    assert made.error is not None
    assert made.error["detail"] == "Its worker was lost 3 times; it is not tried again."
    assert await names(database, made) == ["queued", *["running"] * MAX_LOSSES, "failed"]
    assert (stub.requests, await paid(database)) == ([], [])


async def test_one_that_was_loading_when_postgres_was_restarted_has_lost_no_worker(
    database: Database, stub: ImageApiStub, server_dir: Path
) -> None:
    asked = await queue(database, stub)
    async with worker(database, stub, "taken up") as victim:
        await arrives(victim)
        await asyncio.to_thread(restart, server_dir / "18")
        # It lives, and waits for the database or for what it is at; nobody could tell.
        assert victim.returncode is None
    made = await ended(database, stub, asked)
    assert (made.status, await names(database, made)) == ("succeeded", ["queued", "running", "succeeded"])
    assert len(stub.requests) == 1


@pytest.mark.parametrize(("place", "requests"), [("call opened", 0), ("answered", 1), ("storing", 1)])
async def test_from_the_call_on_its_outcome_is_unknown_and_nobody_asks_again(
    database: Database, stub: ImageApiStub, place: Place, requests: int
) -> None:
    made = await killed_at(database, stub, place)
    assert (made.status, made.outputs, made.cost_usd) == ("unknown", (), None)
    assert made.error is not None
    assert "whether it was answered is not known" in made.error["detail"]
    assert len(stub.requests) == requests
    (call,) = await paid(database)
    assert (call["status"], call["cost_usd"]) == ("unknown", None)


async def test_with_the_word_that_it_was_turned_away_not_committed_nobody_knows_it_and_nobody_asks_again(
    database: Database, stub: ImageApiStub
) -> None:
    """Between the closing of its call and its return to the queue there is no moment of its own."""
    stub.first = ["rate_limit"]
    made = await killed_at(database, stub, "putting off")
    assert (made.status, made.cost_usd, len(stub.requests)) == ("unknown", None, 1)
    assert await names(database, made) == ["queued", "running", "unknown"]
    assert [(call["status"], call["cost_usd"]) for call in await paid(database)] == [("unknown", None)]


async def test_turned_away_and_back_in_the_queue_it_is_sent_once_more_and_charged_once(
    database: Database, stub: ImageApiStub
) -> None:
    stub.first, stub.retry_after = ["rate_limit"], "1"
    made = await killed_at(database, stub, "put off")
    assert (made.status, len(made.outputs), len(stub.requests)) == ("succeeded", 1, 2)
    assert await names(database, made) == ["queued", "running", "waiting", "running", "succeeded"]
    first, second = await paid(database)
    assert (first["status"], first["cost_usd"]) == ("failed", 0)
    assert (second["status"], second["cost_usd"]) == ("succeeded", made.cost_usd)


async def test_during_the_call_its_outcome_is_unknown_and_nobody_asks_again(
    database: Database, stub: ImageApiStub
) -> None:
    stub.mode = "slow"
    asked = await queue(database, stub)
    async with worker(database, stub, "none") as victim:
        assert await asyncio.to_thread(stub.asked.wait, 60)
        victim.kill()
        await victim.wait()
    stub.mode = "ok"
    made = await ended(database, stub, asked)
    assert (made.status, made.outputs, len(stub.requests)) == ("unknown", (), 1)
    assert [(call["status"], call["cost_usd"]) for call in await paid(database)] == [("unknown", None)]
    totals = await value(database, "SELECT sum(calls_without_cost) FROM rage_v1.daily_usage")
    assert totals == Decimal(1)
