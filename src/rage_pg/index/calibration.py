"""How an index is best read on this machine and these vectors, measured: what the router goes by."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from typing import Any

from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, execute, fetch_value
from rage_pg.index.audit import SOUND, SQL, TOLERANCE, K, Progress, sample
from rage_pg.types import Space

DEPTHS = (100, 200, 400, 600, 800, 1000)
"""Values of ef_search that are tried; 1,000 is pgvector's bound."""

FEW, MANY = 1_000, 4_000
"""Two sizes of an exact search: their difference is what comparing the images between takes."""

BOUNDS = (0.5, 50.0)


class Calibration(Struct, frozen=True, kw_only=True):
    """`ef_search`: candidates that an index scan needs for a recall of .99, or 1,000. `recall`: what it has
    then. `candidate_cost`: what reading one takes, in comparisons of one image without the index."""

    space: str
    ef_search: int
    recall: float
    candidate_cost: float


async def calibrate(
    database: Database, spaces: Sequence[Space], *, queries: int = 20, progress: Progress | None = None
) -> list[Calibration]:
    """Measure every space that a leg searches by an index, and keep what was found. Only the operator may."""
    found = []
    for space in spaces:
        async with database.transaction() as connection:
            one = await _calibrate(connection, space, queries) if space.legs else None
            if one is not None:
                await execute(connection, SQL["calibrate"], _values(one))
                found.append(one)
        if progress:
            progress(space.name)
    return found


async def _calibrate(connection: Connection, space: Space, queries: int) -> Calibration | None:
    """None where there are too few vectors for an index to matter."""
    leg = space.legs[0]
    vectors = await sample(connection, leg, queries)
    images = await fetch_value(connection, SQL["random_images"], {"images": MANY})
    if len(vectors) < 2 or len(images) < MANY:
        return None
    ef_search, recall = await _least_depth(connection, leg, vectors)
    cost = await _candidate_cost(connection, leg, vectors, images)
    return Calibration(space=space.name, ef_search=ef_search, recall=recall, candidate_cost=cost)


async def _least_depth(connection: Connection, leg: str, vectors: Sequence[str]) -> tuple[int, float]:
    exact = [
        await fetch_value(connection, SQL["compared"], {"leg": leg, "vector": vector, "k": K})
        for vector in vectors
    ]
    recall = 0.0
    for depth in DEPTHS:
        shares = []
        for vector, wanted in zip(vectors, exact, strict=True):
            values = {"leg": leg, "vector": vector, "candidates": depth}
            found = await fetch_value(connection, SQL["scanned"], values)
            shares.append(sum(d <= wanted[-1] + TOLERANCE for d in found[:K]) / len(wanted))
        recall = sum(shares) / len(shares)
        if recall >= SOUND:
            return depth, recall
    return DEPTHS[-1], recall


async def _candidate_cost(
    connection: Connection, leg: str, vectors: Sequence[str], images: Sequence[int]
) -> float:
    """Time for a candidate over time for an image compared, each by the difference of two sizes."""

    async def scan(vector: str, candidates: int) -> None:
        values = {"leg": leg, "vector": vector, "candidates": candidates}
        await fetch_value(connection, SQL["scanned"], values)

    async def compare(vector: str, size: int) -> None:
        values = {"leg": leg, "vector": vector, "k": K, "filters": Jsonb({}), "exact": True}
        await execute(connection, SQL["audited"], {**values, "among": list(images[:size])})

    scanned = await _slope(scan, vectors, DEPTHS[1], DEPTHS[-1])
    compared = await _slope(compare, vectors, FEW, MANY)
    least, most = BOUNDS
    return round(min(max(scanned / compared, least), most), 2)


async def _slope(
    work: Callable[[str, int], Awaitable[None]], vectors: Sequence[str], small: int, large: int
) -> float:
    """Milliseconds that one more takes; medians, each query once to warm up."""
    medians = []
    for size in (small, large):
        times = []
        for vector in vectors:
            await work(vector, size)
            started = time.perf_counter()
            await work(vector, size)
            times.append((time.perf_counter() - started) * 1000)
        medians.append(median(times))
    return max((medians[1] - medians[0]) / (large - small), 1e-6)


def _values(found: Calibration) -> dict[str, Any]:
    return {"space": found.space, "ef_search": found.ef_search, "candidate_cost": found.candidate_cost}
