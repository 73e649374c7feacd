"""What it costs to find the one image that lacks a vector, in a store where all others have theirs.

Each round adds two images and finds each: as a worker that has looked before, and as one that looks at
everything. Encoder and captioner answer at once, so what is timed is looking, claiming and storing. Then
the same where nothing is missing, and the counts of every space.
"""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from PIL import Image

from benchmarks import large_store
from rage_pg import index, ingest, migrate
from rage_pg.callers import SYSTEM
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.embedded import app_url, embedded_server
from rage_pg.providers import usem3
from rage_pg.providers.ports import CaptionContext, Description, Vectors
from rage_pg.types import ImageMetadata, Reader

ROUNDS = 15
DESCRIBED = """
INSERT INTO rage.descriptions (brand_id, image_id, reader, content_id, language, provider, model)
SELECT brand_id, image_id, 'model', content_id, 'en', 'none', 'none' FROM rage.images
"""


class Instant:
    """An encoder that answers at once."""

    identity = usem3.Usem3().identity

    async def encode_documents(self, texts: Any) -> Vectors:
        return np.ones((len(texts), self.identity.dimensions), np.float32)

    encode_prompts = encode_documents


class Captioner:
    """A captioner that answers at once."""

    name = model = "none"
    reader: Reader = "model"
    charges = False

    async def describe(self, picture: bytes, context: CaptionContext) -> Description:
        return Description(model=self.model, caption=None, objects=("thing",))


async def measure(images: int) -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as url:
            migrate.upgrade(url, app_logs_in=True)
            large_store.fill(url, images=images, brands=10)
            with psycopg.connect(url, autocommit=True) as operator:
                operator.execute(DESCRIBED)
                operator.execute("VACUUM ANALYZE rage.descriptions")
            async with Database(app_url(url), caller=SYSTEM) as database:
                print(f"{images:,} images; medians of {ROUNDS} rounds in milliseconds", flush=True)
                await _compare(database)


async def _compare(database: Database) -> None:
    looks = index.Looks()
    await _found(database, looks)
    await _described(database, looks)
    rows: dict[str, tuple[Callable[[index.Looks], Awaitable[Any]], bool]] = {
        "one to embed": (lambda kept: _found(database, kept), True),
        "none to embed": (lambda kept: _found(database, kept), False),
        "one to describe": (lambda kept: _described(database, kept), True),
        "none to describe": (lambda kept: _described(database, kept), False),
    }
    for name, (work, adds) in rows.items():
        changed: list[float] = []
        complete: list[float] = []
        # What an earlier row has added for another purpose.
        await work(looks)
        for number in range(ROUNDS):
            for kept, times in ((looks, changed), (index.Looks(), complete)):
                if adds:
                    await _add(database, f"{name} {number} {len(complete)}")
                times.append(await _timed(work, kept))
        new, every = statistics.median(changed), statistics.median(complete)
        print(f"{name:20} what changed {new:8.1f}   everything {every:8.1f}   ratio {every / new:6.1f}")
    times = [await _timed(lambda _: index.spaces(database), looks) for _ in range(ROUNDS)]
    print(f"{'the counts':20} {statistics.median(times):8.1f}")


async def _timed(work: Callable[[index.Looks], Awaitable[Any]], looks: index.Looks) -> float:
    began = time.perf_counter()
    await work(looks)
    return 1000 * (time.perf_counter() - began)


async def _found(database: Database, looks: index.Looks) -> int:
    [filled] = await index.fill(database, [Instant()], waits=False, looks=looks)
    return filled.embedded


async def _described(database: Database, looks: index.Looks) -> int:
    return (await index.describe(database, Captioner(), looks=looks)).described


async def _add(database: Database, title: str) -> None:
    buffer = io.BytesIO()
    noise = np.random.default_rng().integers(0, 255, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    await ingest.add_image(database, buffer.getvalue(), ImageMetadata(title=title), limits=Limits())
