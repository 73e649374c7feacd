"""How long a proposal takes over many images, against a search in the same run, and where the time goes.

One client; each prompt is new: it is embedded, and no caption has been read for it before. Also told is the
processor's time, here and in Postgres: beside other work it says more than the clock.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import captioned_store
from benchmarks.figures import percentiles
from rage_pg import migrate
from rage_pg.callers import SYSTEM
from rage_pg.config import Settings
from rage_pg.database import Database
from rage_pg.embedded import app_url, embedded_server
from rage_pg.proposal.planners import by_catalogue
from rage_pg.proposal.propose import selected
from rage_pg.proposal.retrieval import retrieve
from rage_pg.proposal.vectors import compared
from rage_pg.runtime import Runtime
from rage_pg.types import ProposalRequest, SearchRequest

WARM_UP = 3
SLOTS = 8


class Clock:
    """Milliseconds by the clock and of the processor, of each stage that was timed."""

    def __init__(self, backend: int) -> None:
        self._backend = backend
        self.times: dict[str, list[tuple[float, float]]] = defaultdict(list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started, processor = time.perf_counter(), self._processor()
        yield
        took = time.perf_counter() - started
        self.times[name].append((took * 1000, (self._processor() - processor) * 1000))

    async def timed(self, name: str, work: Awaitable[object]) -> None:
        with self.stage(name):
            await work

    def _processor(self) -> float:
        """Seconds, of this process and of its one backend."""
        running = Path(f"/proc/{self._backend}/schedstat").read_text(encoding="ascii")
        return time.process_time() + int(running.split()[0]) / 1e9


async def measure(images: int, queries: int) -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as url:
            migrate.upgrade(url, app_logs_in=True)
            await asyncio.to_thread(captioned_store.fill, url, images)
            print(f"{images:,} images, {queries} prompts", flush=True)
            await compare(Path(folder), url, captioned_store.prompts()[: queries + WARM_UP])


async def compare(folder: Path, url: str, prompts: Sequence[str]) -> None:
    """A search and a proposal in turns, then the stages of the same proposals, over a store that is there."""
    async with Database(app_url(url), caller=SYSTEM, max_connections=1) as database:
        runtime = Runtime(Settings(data_dir=folder), database)
        async with database.reading() as connection:
            clock = Clock(connection.info.backend_pid)
        for number, prompt in enumerate(prompts):
            if number == WARM_UP:
                clock.times.clear()
            await clock.timed("a search", runtime.search(SearchRequest(prompt=prompt)))
            await clock.timed("a proposal", runtime.propose(ProposalRequest(prompt=f"{prompt}.")))
        for prompt in prompts:
            await _stages(runtime, clock, ProposalRequest(prompt=f"{prompt}!"))
    print(f"{'':24} p50 / p95 ms   of the processor")
    for name, times in clock.times.items():
        wall, processor = (percentiles(each) for each in zip(*times, strict=True))
        print(
            f"{name:24} {wall[0]:5.0f} / {wall[1]:.0f}   {processor[0]:5.1f} / {processor[1]:.1f}", flush=True
        )


async def _stages(runtime: Runtime, clock: Clock, request: ProposalRequest) -> None:
    """What a proposal does but for its answer, one after the other."""
    with clock.stage("  planner"):
        planned = await by_catalogue(request.prompt)
    texts = [thing.embedded for thing in planned.things]
    with clock.stage("  vectors"):
        vectors = await compared(
            runtime.database, runtime.encoders.prompt_encoder, request.prompt, texts, keep=False
        )
    with clock.stage("  SQL"):
        retrieved = await retrieve(runtime.database, request, planned.things, vectors)
    with clock.stage("  matching, selection"):
        await asyncio.to_thread(selected, retrieved, request, planned.things, SLOTS)
