"""Whether searches are right: the route that they take against the exact answer, per shape of filter."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from statistics import median
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_only, fetch_value
from rage_pg.resources import statements
from rage_pg.types import Space

SQL = statements("audit")

K = 10
"""Images that each audited search asks for."""

SOUND = 0.99
"""The recall that an audit is content with."""

SLOW_MS, MANY = 50.0, 10_000
"""An exact search that takes longer over more matches than this is worth an index of its own."""

FAR = "far from the query"
TOLERANCE = 1e-6
"""Distances closer than this are the same: which of two equally near images is found does not count."""

Progress: TypeAlias = Callable[[str], None]
"""Called with a leg's name after each shape of filter."""


class Audit(Struct, frozen=True, kw_only=True):
    """Figures of one leg under one shape of filter. `recall` 0 to 1, times in milliseconds, `matched` the
    median number of images that passed the filter, `advice` what would make it better."""

    space: str
    leg: str
    shape: str
    queries: int
    k: int
    matched: int
    strategy: str
    recall: float
    p50_ms: float
    p95_ms: float
    exact_p50_ms: float
    advice: str | None = None


class Shape(Struct, frozen=True, kw_only=True):
    """A kind of filter. `filters` None: one for each query, of what lies far from it."""

    shape: str
    filters: dict[str, Any] | None = None
    among: tuple[int, ...] | None = None


class _Answer(Struct, frozen=True, kw_only=True):
    distances: tuple[float, ...] | None
    strategy: str | None
    matched: int | None


class _Pair(Struct, frozen=True, kw_only=True):
    """One query's answer by its route and the exact one, each with its time in milliseconds."""

    routed: _Answer
    took_ms: float
    exact: _Answer
    exact_ms: float


async def audit(
    database: Database, spaces: Sequence[Space], *, queries: int = 20, progress: Progress | None = None
) -> list[Audit]:
    """Compare searches with their exact answers, in every leg of these spaces, and keep the figures.

    Queries are stored prompts, or vectors of images where those are too few. Only the operator may.
    """
    found = [
        one
        for space in spaces
        for leg in space.legs
        async for one in _audit_leg(database, space, leg, queries, progress)
    ]
    async with database.transaction() as connection:
        for one in found:
            await execute(connection, SQL["store_audit"], _values(one))
    return found


async def _audit_leg(
    database: Database, space: Space, leg: str, queries: int, progress: Progress | None
) -> AsyncIterator[Audit]:
    async with database.transaction() as connection:
        vectors = await sample(connection, leg, queries)
        shapes = await fetch_all(connection, SQL["audit_shapes"], {}, Shape)
    for shape in [*shapes, Shape(shape=FAR)] if vectors else []:
        pairs = [pair for vector in vectors if (pair := await _compare(database, leg, vector, shape))]
        if pairs:
            yield _figures(space, leg, shape, pairs)
        if progress:
            progress(leg)


async def sample(connection: Connection, leg: str, queries: int) -> list[str]:
    """Query vectors of a leg, as pgvector writes them."""
    values = {"leg": leg, "queries": queries}
    found: list[str] = await fetch_value(connection, SQL["sample_queries"], values)
    return found


async def _compare(database: Database, leg: str, vector: str, shape: Shape) -> _Pair | None:
    """One query both ways; None where nothing passes its filter, or there is no such filter."""
    async with database.transaction() as connection:
        filters = shape.filters
        if filters is None:
            filters = await fetch_value(connection, SQL["far_filter"], {"leg": leg, "vector": vector})
        if filters is None:
            return None
        values = {"leg": leg, "vector": vector, "k": K, "filters": filters, "among": shape.among}
        exact, exact_ms = await _asked(connection, {**values, "exact": True})
        routed, took_ms = await _asked(connection, {**values, "exact": False})
    return _Pair(routed=routed, took_ms=took_ms, exact=exact, exact_ms=exact_ms) if exact.distances else None


async def _asked(connection: Connection, values: dict[str, Any]) -> tuple[_Answer, float]:
    """The answer of the second of two tries, and its time: what is measured is a store in use."""
    values = {
        **values,
        "filters": Jsonb(values["filters"]),
        "among": None if values["among"] is None else list(values["among"]),
    }
    await fetch_only(connection, SQL["audited"], values, _Answer)
    started = time.perf_counter()
    answer = await fetch_only(connection, SQL["audited"], values, _Answer)
    return answer, (time.perf_counter() - started) * 1000


def _figures(space: Space, leg: str, shape: Shape, pairs: Sequence[_Pair]) -> Audit:
    times = sorted(pair.took_ms for pair in pairs)
    found = Audit(
        space=space.name,
        leg=leg,
        shape=shape.shape,
        queries=len(pairs),
        k=K,
        matched=round(median(pair.exact.matched or 0 for pair in pairs)),
        strategy=Counter(pair.routed.strategy or "" for pair in pairs).most_common(1)[0][0],
        recall=sum(_recall(pair) for pair in pairs) / len(pairs),
        p50_ms=median(times),
        p95_ms=times[min(len(times) - 1, round(0.95 * len(times)))],
        exact_p50_ms=median(pair.exact_ms for pair in pairs),
    )
    return msgspec.structs.replace(found, advice=_advice(found))


def _recall(pair: _Pair) -> float:
    exact = pair.exact.distances or ()
    found = sum(distance <= exact[-1] + TOLERANCE for distance in pair.routed.distances or ())
    return min(found, len(exact)) / len(exact)


def _advice(found: Audit) -> str | None:
    if found.recall < SOUND:
        return (
            f"rage index audit --calibrate, or rage index rebuild --space {found.space} --ef-construction 256"
        )
    if found.strategy.startswith("exact") and found.matched > MANY and found.p50_ms > SLOW_MS:
        return f"where a brand is searched often: rage index rebuild --space {found.space} --brand BRAND"
    return None


def _values(found: Audit) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Audit.__struct_fields__}
