"""Recall and speed of a vector search under filters: rage-pg and its peers, asked the same questions.

One client, warm, the caption leg alone. All run embedded on this machine, one after the other.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import psycopg
from pgvector.psycopg import register_vector

from benchmarks import clustered_store, ours
from benchmarks.clustered_store import Clustered
from benchmarks.figures import Ids, Result, figures, timed
from benchmarks.peers import asking
from benchmarks.planner import Planner
from benchmarks.service import Client, running_service
from benchmarks.shapes import Shape, shapes_of

K = 10
PEERS = ("planner", "chroma", "lancedb")
SQL, HTTP = "rage-pg, SQL", "rage-pg, HTTP"

Results = dict[str, Result]
"""By the name of the shape."""


async def measure(images: int, queries: int, peers: Sequence[str], cache: Path) -> None:
    await asyncio.to_thread(_measure, images, queries, peers, cache)


def _measure(images: int, queries: int, peers: Sequence[str], cache: Path) -> None:
    store = clustered_store.made(images, queries)
    shapes = shapes_of(store, among=min(1000, images // 2))
    wanted = {
        shape.name: [store.nearest(query, shape.passing, K) for query in store.queries] for shape in shapes
    }
    print(f"{images:,} images; recall@{K} / p50 / p95 in milliseconds over {queries} queries", flush=True)
    results = {}
    for name, result in _inside_postgres(store, shapes, wanted, "planner" in peers):
        results[name] = result
        print(f"{name}: asked", flush=True)
    for peer in peers:
        if peer != "planner":
            results |= _beside(peer, store, shapes, wanted, cache)
    for shape in shapes:
        _print(shape, {name: result[shape.name] for name, result in results.items()})


def _inside_postgres(
    store: Clustered, shapes: Sequence[Shape], wanted: dict[str, list[Ids]], planner: bool
) -> Iterator[tuple[str, Results]]:
    """rage-pg through SQL and over HTTP; after them the planner's table, which takes memory."""
    with clustered_store.stored(store) as url, psycopg.connect(url, autocommit=True) as connection:
        ours.store_prompts(url, store)
        connection.execute("SET search_path = rage")
        register_vector(connection)
        sql = ours.Sql(connection, K)
        yield SQL, _asked(sql.ask, shapes, wanted, lambda: sql.strategy)
        with running_service(url) as address:
            client = Client(address)
            yield HTTP, _asked(ours.Http(client, K).ask, shapes, wanted)
            client.close()
        if planner:
            peer = Planner(connection, store, K)
            peer.fill()
            yield "planner alone", _asked(peer.ask, shapes, wanted)


def _beside(
    peer: str, store: Clustered, shapes: Sequence[Shape], wanted: dict[str, list[Ids]], cache: Path
) -> dict[str, Results]:
    """Nothing where the peer fails, which says why by itself: the others' figures are worth printing."""
    try:
        answers = asking.ask(peer, store, shapes, wanted, K, cache)
    except subprocess.CalledProcessError as error:
        print(f"{peer} failed: {error}", flush=True)
        return {}
    print(f"{peer} {answers.version}: loaded and indexed in {answers.build_seconds:.0f} s", flush=True)
    return {peer: answers.best}


def _asked(
    ask: Callable[[Shape, int], Ids],
    shapes: Sequence[Shape],
    wanted: dict[str, list[Ids]],
    setting: Callable[[], str] = str,
) -> Results:
    results = {}
    for shape in shapes:
        best = wanted[shape.name]
        found, times = timed(partial(ask, shape), len(best))
        results[shape.name] = Result(figures(found, best, times), setting())
    return results


def _print(shape: Shape, results: Results) -> None:
    """`times`: a contender's p50 in those of rage-pg, through SQL and over HTTP."""
    sql, http = results[SQL].figures.p50, results[HTTP].figures.p50
    print(f"{shape.name}: {shape.matches:,} match")
    for name, result in results.items():
        p50 = result.figures.p50
        times = "" if name in (SQL, HTTP) else f"{p50 / sql:7.2f} x SQL {p50 / http:7.2f} x HTTP"
        print(f"  {name:14} {result.figures}  {times:32} {result.setting}".rstrip(), flush=True)
