"""What a generation takes beside the call of the image model, stage by stage; the image API answers at once.

Baseline: the same files sent to the same API by OpenAI's client alone. References are JPEGs of 1024 x 1024.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import numpy as np
import openai
from PIL import Image

from benchmarks.figures import percentiles
from benchmarks.service import announced
from rage_pg import generation, ingest, jobs, migrate
from rage_pg.callers import SYSTEM
from rage_pg.config import Limits, Secret
from rage_pg.database import Database
from rage_pg.embedded import app_url, embedded_server
from rage_pg.providers import openai as provider
from rage_pg.providers.openai_answer import result_of
from rage_pg.providers.ports import GenerationCall, GenerationResult, ImageGenerator, Progress
from rage_pg.types import GenerationRequest, ImageMetadata, ReferenceRequest

KEY = Secret("sk-not-a-key-but-long-enough")
MODEL = "gpt-image-2"
COUNTS = (1, 3, 16)
WARM = 3
STAGES = {
    "accept": "look everything up, check, write the row and its job",
    "load": "a worker takes it up, reads the references, opens the call",
    "fit": "each reference decoded, checked, without its metadata",
    "call": "the request, until its answer is read",
    "read": "the answer's pictures checked",
    "store": "the picture decoded, its thumbnail made, all of it committed",
}
Times: TypeAlias = dict[str, list[float]]


async def measure(rounds: int) -> None:
    """Print p50 and p95 of each stage, and of all but the call."""
    command = [sys.executable, "-m", "benchmarks.image_stub"]
    with ExitStack() as stack:
        url = stack.enter_context(announced(command, dict(os.environ))).strip()
        root = stack.enter_context(tempfile.TemporaryDirectory(prefix="rage-bench-"))
        Path(root).chmod(0o755)
        server = stack.enter_context(embedded_server(Path(root) / "data"))
        migrate.upgrade(server, app_logs_in=True)
        async with Database(app_url(server), caller=SYSTEM) as database:
            images = [await _stored(database, number) for number in range(max(COUNTS))]
            for count in COUNTS:
                times = await _rounds(database, url, images[:count], 10 * rounds)
                _print(count, times)
            await _print_queue(database, url, images[:1])


async def _stored(database: Database, number: int) -> int:
    item = await ingest.add_image(
        database, _jpeg(number), ImageMetadata(title=f"Picture {number}"), limits=Limits()
    )
    assert item.image_id is not None
    return item.image_id


async def _rounds(database: Database, url: str, images: list[int], rounds: int) -> Times:
    times: Times = defaultdict(list)
    generator = _Timed(url, times)
    files = [(f"{number:02d}.jpeg", _jpeg(number), "image/jpeg") for number in range(len(images))]
    for number in range(WARM + rounds):
        if number == WARM:
            times.clear()
        await _one(database, generator, images, number, times)
        started = time.perf_counter()
        async with openai.AsyncOpenAI(api_key="x", base_url=url, max_retries=0) as client:
            await client.images.with_raw_response.edit(image=list(files), prompt="A soap", model=MODEL)
        times["client alone"].append(_since(started))
    return times


async def _one(database: Database, generator: _Timed, images: list[int], number: int, times: Times) -> None:
    references = tuple(ReferenceRequest(image_id=image) for image in images)
    request = GenerationRequest(prompt=f"Scene number {number}: a soap", references=references)
    started = time.perf_counter()
    asked = await generation.accept(database, generator.find, request, defer=jobs.defer_generation)
    times["accept"].append(_since(started))
    started = time.perf_counter()
    await generation.run(database, generator.find, jobs.OutputImages(Limits()), asked.id)
    ran = _since(started)
    made = await generation.wait_for(database, asked.id, 0)
    if made.status != "succeeded":
        raise SystemExit(f"A generation of the benchmark is {made.status}: {made.error}")
    inside = sum(times[stage][-1] for stage in ("fit", "call", "read"))
    times["load"].append(generator.began - started * 1000)
    times["store"].append(ran - times["load"][-1] - inside)
    times["all but the call"].append(times["accept"][-1] + ran - times["call"][-1])


class _Timed(provider.OpenAIGenerator):
    """The real one, with a clock between its steps."""

    def __init__(self, url: str, times: Times) -> None:
        super().__init__(MODEL, key=KEY, base_url=url)
        self._times = times
        self.began = 0.0

    def find(self, _: str | None) -> ImageGenerator:
        return self

    async def generate(self, call: GenerationCall, progress: Progress | None = None) -> GenerationResult:
        self.began = time.perf_counter() * 1000
        result = await super().generate(call, progress)
        total = time.perf_counter() * 1000 - self.began
        self._times["fit"].append(self._sent_at - self.began)
        self._times["call"].append(self._read_at - self._sent_at)
        self._times["read"].append(total - (self._read_at - self.began))
        return result

    async def _answered(self, parameters: dict[str, Any]) -> GenerationResult:
        self._sent_at = time.perf_counter() * 1000

        def read(*arguments: Any) -> GenerationResult:
            self._read_at = time.perf_counter() * 1000
            return result_of(*arguments)

        with patch.object(provider, "result_of", read):
            return await super()._answered(parameters)


def _print(count: int, times: Times) -> None:
    baseline = percentiles(times["client alone"])[0]
    print(f"{count} references, {len(times['accept'])} generations; p50 / p95 ms", flush=True)
    for stage in ("client alone", *STAGES, "all but the call"):
        p50, p95 = percentiles(times[stage])
        ratio = f"{p50 / baseline:5.2f} of the client alone"
        print(f"  {stage:18}{p50:8.1f} /{p95:8.1f}  {ratio}  {STAGES.get(stage, '')}".rstrip())


async def _print_queue(database: Database, url: str, images: list[int]) -> None:
    """How long one waits for a worker that has nothing else to do."""
    generator = _Timed(url, defaultdict(list))
    waits = []
    async with _worker(database, generator):
        for number in range(20):
            references = tuple(ReferenceRequest(image_id=image) for image in images)
            request = GenerationRequest(prompt=f"Scene number {number}: a soap", references=references)
            asked = await generation.accept(database, generator.find, request, defer=jobs.defer_generation)
            made = await generation.wait_for(database, asked.id, 60)
            waits.append(made.timings_ms["queue"])
            # Not in step with the worker's own looks.
            await asyncio.sleep(0.1 + 0.037 * number)
    p50, p95 = percentiles(waits)
    print(f"waiting for a worker that is free: p50 {p50:.0f} ms, p95 {p95:.0f} ms")


@asynccontextmanager
async def _worker(database: Database, generator: _Timed) -> AsyncIterator[None]:
    async def nothing(*_: object) -> None:
        pass

    generate = jobs.generation_work(database, generator.find, Limits())
    work = jobs.Work(generate=generate, accept_batch=nothing, embed_prompt=nothing, fill_index=nothing)
    task = asyncio.create_task(jobs.run_worker(database, work, grace=5))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _jpeg(number: int) -> bytes:
    """A picture of 1024 x 1024 with as much detail as a photograph, some 300 kB."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 255, (32, 32, 3), dtype=np.uint8))
    fine = Image.fromarray(random.integers(0, 255, (512, 512, 3), dtype=np.uint8))
    size = (1024, 1024)
    picture = Image.blend(coarse.resize(size, Image.Resampling.BICUBIC), fine.resize(size), 0.12)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
