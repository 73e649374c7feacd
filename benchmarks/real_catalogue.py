"""A real catalogue through rage-pg's own import: drawings found by their titles, and under their keywords.

A drawing's title is part of what is indexed: its recall says that nothing gets lost, at what speed.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks import openclipart
from benchmarks.figures import percentiles
from benchmarks.openclipart import Drawing
from rage_pg import index, ingest
from rage_pg.config import Settings
from rage_pg.runtime import Runtime, running
from rage_pg.types import Filters, SearchRequest, TagFilter

T = TypeVar("T")

TITLES, KEYWORDS = 1000, 200
"""How many are asked for at most, evenly spread."""
MOST = 200
"""The largest k: a keyword of no more drawings must give every one of them."""
LEGS: dict[str, dict[str, float]] = {
    "caption": {"caption": 1.0},
    "text": {"text": 1.0},
    "hybrid": {"caption": 1.0, "text": 1.0},
}


async def measure(limit: int | None) -> None:
    found = openclipart.drawings(limit)
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        manifest = openclipart.write_manifest(root, found)
        async with running(Settings(data_dir=root / "data")) as runtime:
            rejected = await _import(runtime, manifest)
            found = [drawing for drawing in found if f"png/{drawing.name}" not in rejected]
            for legs in LEGS:
                await _titles(runtime, found, legs)
            await _keywords(runtime, found)


async def _import(runtime: Runtime, manifest: Path) -> set[str]:
    """The paths that were rejected: one drawing has more pixels than an image may have."""
    started = time.perf_counter()
    report = await ingest.import_files(runtime.database, [], manifest=manifest)
    stored = time.perf_counter()
    await index.fill(runtime.database, await runtime.kept_up())
    filled = time.perf_counter()
    seconds = f"stored in {stored - started:.0f} s, embedded in {filled - stored:.0f} s"
    print(f"{report.imported:,} drawings {seconds}")
    for rejection in report.rejected[:3]:
        print(f"rejected: {rejection.path}: {rejection.reason}")
    print(f"{len(report.rejected)} rejected, {report.duplicates} duplicates", flush=True)
    return {rejection.path for rejection in report.rejected}


async def _titles(runtime: Runtime, found: Sequence[Drawing], legs: str) -> None:
    """Each is asked twice; the second time, when its vector is there, counts."""
    asked = _spread(openclipart.own_titles(found), TITLES)
    ranks, times = [], []
    for drawing in asked:
        request = SearchRequest(prompt=drawing.title, k=10, legs=LEGS[legs])
        await runtime.search(request)
        started = time.perf_counter()
        answer = await runtime.search(request)
        times.append((time.perf_counter() - started) * 1000)
        names = [item.image.external_id for item in answer.items]
        ranks.append(names.index(drawing.name) + 1 if drawing.name in names else None)
    shares = [sum(1 for rank in ranks if rank and rank <= k) / len(ranks) for k in (1, 5, 10)]
    recall = " / ".join(f"{share:.3f}" for share in shares)
    p50, p95 = percentiles(times)
    figures = f"R@1 / R@5 / R@10 {recall}   p50 / p95 ms {p50:.1f} / {p95:.1f}"
    print(f"{len(asked)} titles, {legs:8} {figures}", flush=True)


async def _keywords(runtime: Runtime, found: Sequence[Drawing]) -> None:
    """Under the filter of a keyword: what is given must have it, and what has it must be given."""
    often = Counter(keyword for drawing in found for keyword in drawing.keywords)
    asked = _spread(sorted(often), KEYWORDS)
    given = right = wanted = 0
    times = []
    for keyword in asked:
        having = {drawing.name for drawing in found if keyword in drawing.keywords}
        filters = Filters(tags=TagFilter(all=(keyword,)))
        started = time.perf_counter()
        answer = await runtime.search(SearchRequest(prompt="a drawing", filters=filters, k=MOST))
        times.append((time.perf_counter() - started) * 1000)
        names = {item.image.external_id for item in answer.items}
        given += len(names)
        right += len(names & having)
        wanted += min(len(having), MOST)
    p50, p95 = percentiles(times)
    shares = f"precision {right / given:.4f}, recall {right / wanted:.4f}"
    print(f"{len(asked)} keywords as filters: {shares}   p50 / p95 ms {p50:.1f} / {p95:.1f}", flush=True)


def _spread(values: Sequence[T], most: int) -> list[T]:
    count = min(most, len(values))
    return [values[place * len(values) // count] for place in range(count)]
