"""A worker in a process of its own that stops for ever at one place of a generation; a test kills it there.

python -m tests.lost_worker DATABASE_URL            in the call of a made-up provider
python -m tests.lost_worker DATABASE_URL API PLACE  at a PLACE, with OpenAI's client asking API

PLACE `none` stops nowhere.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any, Literal, NoReturn
from uuid import UUID

from rage_pg import generation, jobs
from rage_pg.callers import SYSTEM
from rage_pg.config import Limits, Secret
from rage_pg.database import Connection, Database
from rage_pg.generation.take_up import begin
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.ports import GenerationCall, GenerationResult, ImageGenerator, Progress
from rage_pg.types import ImageRecord
from tests.generating import FakeGenerator, only

Place = Literal["loading", "taken up", "call opened", "answered", "storing", "putting off", "put off", "none"]


RUN = "rage_pg.generation.run"


async def stop_here() -> NoReturn:
    print("calling", flush=True)
    await asyncio.Event().wait()
    raise AssertionError


class Stopping(OpenAIGenerator):
    """OpenAI's client, that stops before a call whose row is committed, or with its answer."""

    def __init__(self, url: str, place: Place) -> None:
        super().__init__("gpt-image-2", key=Secret("sk-not-a-key-but-long-enough"), base_url=url)
        self._place = place

    async def generate(self, call: GenerationCall, progress: Progress | None = None) -> GenerationResult:
        if self._place == "call opened":
            await stop_here()
        result = await super().generate(call, progress)
        if self._place == "answered":
            await stop_here()
        return result


class StoppingImages(jobs.OutputImages):
    """Stops with the pictures written and nothing committed."""

    def __init__(self, place: Place) -> None:
        super().__init__(Limits())
        self._place = place

    async def store(self, connection: Connection, records: Sequence[ImageRecord]) -> list[int]:
        stored = await super().store(connection, records)
        if self._place == "storing":
            await stop_here()
        return stored


def stop_when_turned_away(place: Place) -> None:
    """With the call closed and the generation queued again, before that is committed or right after."""
    module = sys.modules["rage_pg.generation.trying_again" if place == "putting off" else RUN]
    name = "put_off" if place == "putting off" else "try_later"
    original = getattr(module, name)

    async def stopping(*arguments: Any) -> NoReturn:
        await original(*arguments)
        await stop_here()

    setattr(module, name, stopping)


def stop_while_loading() -> None:
    """With the references read, and the whole process at a standstill: it gives no sign of life either."""

    def stand_still(*_: Any, **__: Any) -> NoReturn:
        print("calling", flush=True)
        while True:
            time.sleep(60)

    sys.modules[RUN].build_call = stand_still  # type: ignore[attr-defined]


def stop_once_taken_up() -> None:
    """With nothing of it committed."""

    async def begun(*arguments: Any) -> NoReturn:
        await begin(*arguments)
        await stop_here()

    # The package's function of the same name hides the module.
    sys.modules[RUN].begin = begun  # type: ignore[attr-defined]


async def main(url: str, api: str | None = None, place: Place = "none") -> None:
    if api is None:
        generator: ImageGenerator = FakeGenerator()
        assert isinstance(generator, FakeGenerator)
        generator.on_call = stop_here
    else:
        generator = Stopping(api, place)
    if place == "loading":
        stop_while_loading()
    if place == "taken up":
        stop_once_taken_up()
    if place in ("putting off", "put off"):
        stop_when_turned_away(place)
    images = StoppingImages(place)

    async def generate(generation_id: UUID) -> object:
        return await generation.run(database, only(generator), images, generation_id)

    async def nothing(*_: object) -> None:
        pass

    async with Database(url, caller=SYSTEM) as database:
        work = jobs.Work(generate=generate, accept_batch=nothing, embed_prompt=nothing, fill_index=nothing)
        await jobs.run_worker(database, work, heartbeat=0.2)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))  # type: ignore[arg-type]
