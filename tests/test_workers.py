"""Workers as processes of their own: one provider among them, and how they stop."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from rage_pg import generation, jobs
from rage_pg.config import Limits, Secret
from rage_pg.database import Database
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.types import Generation
from tests.command_line import running
from tests.generating import FakeGenerator, ask, names, only, paid, value
from tests.image_api_stub import ImageApiStub, image_api_stub
from tests.store import add
from tests.working import work, working

IN_LINE = "SELECT count(*) FROM rage.generations WHERE waits_for = 'turn'"
BEATS = "SELECT max(last_heartbeat) FROM rage.procrastinate_workers"
PATIENCE = 60


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as started:
        started.mode = "held"
        yield started


def worker(
    database: Database, stub: ImageApiStub, *command: str, **settings: str
) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    environment = {
        "RAGE_DATABASE_URL": database.url,
        "OPENAI_BASE_URL": stub.url,
        "RAGE_GENERATOR": "openai:gpt-image-2",
        **settings,
    }
    return running(*(command or ("worker",)), "--json", **environment)


async def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = true()
        if await found if asyncio.iscoroutine(found) else found:
            return
        await asyncio.sleep(0.1)
    pytest.fail("it did not come about")


async def asked_of(database: Database, stub: ImageApiStub, count: int) -> list[Generation]:
    openai = OpenAIGenerator("gpt-image-2", key=Secret("sk-unused"), base_url=stub.url)
    image_id = await add(database)
    return [await ask(database, openai, image_id) for _ in range(count)]


async def ended(process: subprocess.Popen[str]) -> int:
    return await asyncio.to_thread(process.wait, PATIENCE)


async def test_workers_of_two_processes_heed_one_limit_together(
    database: Database, stub: ImageApiStub
) -> None:
    """Though each has more slots than that by itself."""
    limits = {"RAGE_PROVIDER_LIMITS": '{"openai": {"concurrency": 2}}', "RAGE_WORKER_CONCURRENCY": "5"}
    asked = await asked_of(database, stub, 6)
    with worker(database, stub, **limits), worker(database, stub, **limits):
        await until(lambda: stub.at_once == 2)

        async def all_others_wait() -> bool:
            return bool(await value(database, IN_LINE) == 4)

        await until(all_others_wait)
        stub.released.set()
        made = [await generation.wait_for(database, one.id, PATIENCE) for one in asked]
    assert [one.status for one in made] == ["succeeded"] * 6
    assert (len(stub.requests), stub.most_at_once) == (6, 2)


async def test_a_worker_does_as_many_at_once_as_it_is_told(database: Database, stub: ImageApiStub) -> None:
    asked = await asked_of(database, stub, 7)
    with worker(database, stub, RAGE_WORKER_CONCURRENCY="5"):
        await until(lambda: stub.at_once == 5)
        assert await value(database, "SELECT count(*) FROM rage.generations WHERE status = 'queued'") == 2
        stub.released.set()
        made = [await generation.wait_for(database, one.id, PATIENCE) for one in asked]
    assert [one.status for one in made] == ["succeeded"] * 7
    assert (len(stub.requests), stub.most_at_once) == (7, 5)


@pytest.mark.parametrize("command", [("worker",), ("serve", "--port", "0")], ids=" ".join)
async def test_who_is_told_to_stop_lets_a_call_end_and_takes_nothing_up(
    database: Database, stub: ImageApiStub, command: tuple[str, ...]
) -> None:
    first, second = await asked_of(database, stub, 2)
    limit = '{"openai": {"concurrency": 1}}'
    with worker(database, stub, *command, RAGE_PROVIDER_LIMITS=limit) as (process, line):
        assert json.loads(line)
        await until(lambda: stub.requests)
        process.send_signal(signal.SIGTERM)
        before = await value(database, BEATS)

        async def beats_on() -> bool:
            return bool(await value(database, BEATS) > before)

        await until(beats_on)
        stub.released.set()
        assert await ended(process) == 0
    # Which of the two has the turn is not said.
    both = [(await generation.wait_for(database, one.id, 0)).status for one in (first, second)]
    assert sorted(both) == ["queued", "succeeded"]
    assert len(stub.requests) == 1


async def test_a_second_signal_does_not_wait_and_the_ledger_is_told(
    database: Database, stub: ImageApiStub
) -> None:
    (asked,) = await asked_of(database, stub, 1)
    with worker(database, stub, RAGE_STOP_GRACE="3600") as (process, _):
        await until(lambda: stub.requests)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0
    assert (await generation.wait_for(database, asked.id, 0)).status == "unknown"
    assert [row["status"] for row in await paid(database)] == ["unknown"]


async def test_a_stopping_worker_is_not_taken_for_lost(database: Database) -> None:
    first, second = FakeGenerator(), FakeGenerator()
    first.release.clear()
    asked = await ask(database, first, await add(database))

    def tasks(generator: FakeGenerator) -> jobs.Work:
        return work(generate=jobs.generation_work(database, only(generator), Limits()))

    async with working(database, tasks(first), grace=30) as stopping:
        await asyncio.wait_for(first.called.wait(), 20)
        stopping.cancel()
        async with working(database, tasks(second)):
            # Five times as long as the silence after which a worker is lost.
            await asyncio.sleep(3)
            assert await names(database, asked) == ["queued", "running"]
        first.release.set()
        with pytest.raises(asyncio.CancelledError):
            await stopping
    assert (await generation.wait_for(database, asked.id, 0)).status == "succeeded"
    assert second.calls == []
