"""A worker in a process of its own that stops for ever at one place of a refinement; a test kills it there.

python -m tests.lost_refiner DATABASE_URL PICTURES JUDGE PLACE

asks the stubs at PICTURES and JUDGE. PLACE `none` stops nowhere.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Literal

from rage_pg import jobs
from rage_pg.callers import SYSTEM
from rage_pg.config import Limits, Secret
from rage_pg.database import Database
from rage_pg.generation.refining import driving, judging
from rage_pg.providers.openai import OpenAIGenerator
from tests.generating import only
from tests.lost_worker import stop_here
from tests.refining import judges_of, means_of

Place = Literal["judge opened", "judge answered", "judged", "looked up", "next queued", "none"]
PATCHED: dict[str, tuple[Any, str]] = {
    "judge opened": (judging, "answered"),
    "judge answered": (judging, "answered"),
    "judged": (driving, "judged"),
    "looked up": (driving, "retrieved"),
    "next queued": (driving, "drawn"),
}


def stop_at(place: Place) -> None:
    """Before the judge is asked, or after what its name says was done."""
    module, name = PATCHED[place]
    original = getattr(module, name)

    async def stopping(*arguments: Any) -> Any:
        if place != "judge opened":
            await original(*arguments)
        await stop_here()

    setattr(module, name, stopping)


async def main(url: str, pictures: str, judge: str, place: Place) -> None:
    if place != "none":
        stop_at(place)
    generator = OpenAIGenerator("gpt-image-2", key=Secret("sk-not-a-key-but-long-enough"), base_url=pictures)

    async def nothing(*_: object) -> None:
        pass

    async with Database(url, caller=SYSTEM) as database:
        means = means_of(database, generator, judges_of(judge))
        generate = jobs.generation_work(database, only(generator), Limits(), means=means)
        work = jobs.Work(generate=generate, accept_batch=nothing, embed_prompt=nothing, fill_index=nothing)
        await jobs.run_worker(database, work, heartbeat=0.2)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))  # type: ignore[arg-type]
