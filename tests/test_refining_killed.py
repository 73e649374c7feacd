"""A worker killed with SIGKILL between the steps of a refinement: nothing is asked for, or charged, twice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rage_pg import generation
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.types import Generation
from tests.caption_api_stub import CaptionApiStub, caption_api_stub
from tests.generating import paid, value
from tests.image_api_stub import ImageApiStub, image_api_stub
from tests.lost_refiner import Place
from tests.refining import asked, judges_at, lacks, loop_of
from tests.store import add

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def pictures() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        yield running


@pytest.fixture
def judge() -> Iterator[CaptionApiStub]:
    with caption_api_stub(reply=lacks("soap")) as running:
        yield running


@asynccontextmanager
async def worker(
    database: Database, pictures: ImageApiStub, judge: CaptionApiStub, place: Place
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The real worker in a process of its own, killed at the end if it still lives."""
    command = [sys.executable, "-m", "tests.lost_refiner", database.url, pictures.url, judge.url, place]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def killed_at(
    database: Database, pictures: ImageApiStub, judge: CaptionApiStub, place: Place
) -> Generation:
    """What became of it with the next worker there."""
    await add(database, "soap")
    key = Secret("sk-not-a-key-but-long-enough")
    generator = OpenAIGenerator("gpt-image-2", key=key, base_url=pictures.url)
    root = await asked(database, generator, judges_at(judge), prompt="A soap")
    async with worker(database, pictures, judge, place) as victim:
        assert victim.stdout is not None
        while (line := await asyncio.wait_for(victim.stdout.readline(), 60)) != b"calling\n":
            assert line
        victim.kill()
        await victim.wait()
    async with worker(database, pictures, judge, "none"):
        return await generation.wait_for(database, root.id, 60)


@pytest.mark.parametrize(("place", "requests"), [("judge opened", 0), ("judge answered", 1)])
async def test_a_judge_whose_answer_was_lost_is_not_asked_again(
    database: Database, pictures: ImageApiStub, judge: CaptionApiStub, place: Place, requests: int
) -> None:
    made = await killed_at(database, pictures, judge, place)
    loop = loop_of(made)
    assert (loop.ended_by, loop.result_id, len(judge.requests)) == ("unknown", made.id, requests)
    assert "whether it answered is not known" in (loop.detail or "")
    assert [call["status"] for call in await paid(database)] == ["succeeded", "unknown"]
    assert len(pictures.requests) == 1


@pytest.mark.parametrize("place", ["judged", "looked up", "next queued"])
async def test_what_was_done_is_not_done_again_and_the_rest_is(
    database: Database, pictures: ImageApiStub, judge: CaptionApiStub, place: Place
) -> None:
    made = await killed_at(database, pictures, judge, place)
    loop = loop_of(made)
    assert (loop.ended_by, [one.status for one in loop.steps]) == ("rounds", ["succeeded"] * 2)
    assert (len(judge.requests), len(pictures.requests)) == (1, 2)
    assert [call["purpose"] for call in await paid(database)] == ["draft", "judge", "generation"]
    assert await value(database, "SELECT count(*) FROM rage.generations") == 2
    # Looking up costs nothing here, and may have been done before the kill.
    assert await value(database, "SELECT count(*) FROM rage.proposals") in (1, 2)
