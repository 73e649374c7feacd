"""A worker in a process of its own that never comes back from a paid call; a test kills it.

python -m tests.lost_worker DATABASE_URL
"""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

from rage_pg import generation, jobs
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from tests.generating import IMAGES, FakeGenerator, only


async def main(url: str) -> None:
    generator = FakeGenerator()
    generator.release.clear()

    async def announce() -> None:
        print("calling", flush=True)

    generator.on_call = announce

    async def generate(generation_id: UUID) -> None:
        await generation.run(database, only(generator), IMAGES, generation_id)

    async def nothing(*_: object) -> None:
        pass

    async with Database(url, caller=SYSTEM) as database:
        work = jobs.Work(generate=generate, accept_batch=nothing, embed_prompt=nothing, fill_index=nothing)
        await jobs.run_worker(database, work, heartbeat=0.2)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
