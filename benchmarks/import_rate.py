"""Import and indexing of real pictures against the bare loop over the same files in the same run.

The bare loop reads, hashes, decodes, makes the thumbnail and embeds (text and style), and stores nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

from benchmarks import stamps
from rage_pg import index, ingest
from rage_pg.config import Limits, Settings
from rage_pg.providers.style import StyleEncoder
from rage_pg.providers.usem3 import Usem3
from rage_pg.runtime import running

BATCH = 32
T = TypeVar("T")


async def measure(rounds: int) -> None:
    """The median of the rounds' ratios counts: loop and import take turns, as the machine has its moods."""
    ratios = [await _round() for _ in range(rounds)]
    print(f"of the bare loop's rate, median of {rounds}: {median(ratios):.2f}", flush=True)


async def _round() -> float:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        manifest = stamps.write_catalogue(root)
        files = [root / "stamps" / path.relative_to(stamps.FOLDER) for path, _ in stamps.captioned()]
        captions = [captions["en"] for _, captions in stamps.captioned()]
        bare = await _bare(files, captions)
        stored, filled, again = await _imported(root, manifest)
    count = len(files)
    print(f"{count} pictures of Tux Paint's stamps")
    print(f"bare loop            {bare:6.1f} s  {count / bare:6.1f} images/s  1.00")
    total = stored + filled
    print(f"import + index       {total:6.1f} s  {count / total:6.1f} images/s  {bare / total:.2f}")
    print(f"  store              {stored:6.1f} s  {count / stored:6.1f} images/s")
    print(f"  embed              {filled:6.1f} s  {count / filled:6.1f} images/s")
    print(f"import again         {again:6.1f} s  {count / again:6.1f} images/s", flush=True)
    return bare / total


async def _bare(files: list[Path], captions: list[str]) -> float:
    """Two threads decode, as the import does; the two encoders run side by side, as the index does."""
    text, style = Usem3(), StyleEncoder()
    started = time.perf_counter()
    gate = asyncio.Semaphore(2)

    async def prepared(path: Path) -> bytes:
        async with gate:
            return await asyncio.to_thread(_thumbnail, path)

    thumbnails = await asyncio.gather(*(prepared(path) for path in files))

    async def in_batches(encode: Callable[[Sequence[T]], Awaitable[object]], inputs: Sequence[T]) -> None:
        for start in range(0, len(inputs), BATCH):
            await encode(inputs[start : start + BATCH])

    await asyncio.gather(
        in_batches(text.encode_documents, captions), in_batches(style.encode_images, thumbnails)
    )
    return time.perf_counter() - started


def _thumbnail(path: Path) -> bytes:
    content = path.read_bytes()
    hashlib.sha256(content).digest()
    return ingest.decode(content, Limits()).thumbnail


async def _imported(root: Path, manifest: Path) -> tuple[float, float, float]:
    async with running(Settings(data_dir=root / "data")) as runtime:
        started = time.perf_counter()
        report = await ingest.import_files(runtime.database, [], manifest=manifest)
        stored = time.perf_counter() - started
        started = time.perf_counter()
        await index.fill(runtime.database, await runtime.kept_up())
        filled = time.perf_counter() - started
        started = time.perf_counter()
        again = await ingest.import_files(runtime.database, [], manifest=manifest)
        repeated = time.perf_counter() - started
    assert not report.rejected, report.rejected[:3]
    assert again.imported == 0
    return stored, filled, repeated
