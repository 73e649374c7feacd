"""Recall and speed of a vector search under filters: rage-pg through SQL, pgvector with the planner alone.

One client, warm, the caption leg alone with its vector given. The peer is what people write first: one table
with an array of tags under a GIN index and an HNSW index, every setting as it comes.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from benchmarks import clustered_store
from benchmarks.clustered_store import Clustered, Mask
from rage_pg import migrate
from rage_pg.embedded import embedded_server

K, QUERIES = 10, 40

PEER = """
CREATE TABLE public.peer AS
SELECT e.image_id AS id, 1 + e.image_id % 10 AS brand,
       e.embedding::rage.halfvec(512) AS embedding,
       ARRAY(SELECT t.name FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
             WHERE it.image_id = e.image_id) AS tags
FROM rage.embeddings AS e;
ALTER TABLE public.peer ADD PRIMARY KEY (id);
CREATE INDEX ON public.peer (brand);
CREATE INDEX ON public.peer USING gin (tags);
SET maintenance_work_mem = '2GB';
SET max_parallel_maintenance_workers = 2;
CREATE INDEX ON public.peer USING hnsw (embedding rage.halfvec_cosine_ops);
VACUUM ANALYZE public.peer;
"""


@dataclass(frozen=True)
class Shape:
    """One kind of filter: which images pass it, and how each side writes it."""

    name: str
    passing: Mask
    ours: str
    peers: str


@dataclass(frozen=True)
class Figures:
    recall: float
    p50: float
    p95: float

    def __str__(self) -> str:
        return f"{self.recall:4.2f} /{self.p50:8.2f} /{self.p95:8.2f}"


async def measure(images: int) -> None:
    await asyncio.to_thread(_measure, images)


def _measure(images: int) -> None:
    store = clustered_store.made(images, QUERIES)
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as url:
            migrate.upgrade(url, app_logs_in=True)
            clustered_store.fill(url, store)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("SET search_path = rage")
                register_vector(connection)
                for statement in PEER.strip().split(";\n"):
                    connection.execute(statement.encode())
                print(f"{images:,} images; recall@{K} / p50 / p95 in milliseconds over {QUERIES} queries")
                for shape in _shapes(store):
                    _compare(connection, store, shape)


def _shapes(store: Clustered) -> Sequence[Shape]:
    count = len(store.vectors)
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[np.random.default_rng(11).choice(count, 1000, replace=False)] = True
    ids = "ARRAY[" + ",".join(str(place + 1) for place in np.flatnonzero(chosen)) + "]::bigint[]"
    both = store.tags["ten a"] & store.tags["ten b"]
    everything = np.ones(count, dtype=np.bool_)
    return (
        Shape("no filter", everything, "", "true"),
        Shape("one brand of ten", store.brands == 3, ", brands => '{brand 3}'", "brand = 3"),
        _tagged("10 %", store.tags["ten a"], "ten a"),
        _tagged("1 %", store.tags["one"], "one"),
        _tagged("0.1 %", store.tags["tenth"], "tenth"),
        _tagged("two tags of 10 %", both, "ten a", "ten b"),
        _tagged("10 %, far from the query", store.tags["far"], "far"),
        Shape("among 1,000 ids", chosen, f", among => {ids}", f"id = ANY ({ids})"),
    )


def _tagged(name: str, passing: Mask, *tags: str) -> Shape:
    wanted = "'{" + ",".join(tags) + "}'"
    return Shape(f"tags, {name}", passing, f", tags_all => {wanted}", f"tags @> {wanted}")


def _compare(connection: psycopg.Connection, store: Clustered, shape: Shape) -> None:
    ours = (
        "SELECT image_id, strategy FROM rage_v1.search_images('x', %(k)s, legs => '{\"caption\": 1}',"
        f" vectors => jsonb_build_object('caption', %(query)s::real[]){shape.ours})"
    )
    peers = f"SELECT id FROM public.peer WHERE {shape.peers} ORDER BY embedding <=> %(query)s LIMIT %(k)s"
    wanted = [store.nearest(query, shape.passing, K) for query in store.queries]
    found = _asked(connection, ours, store, wanted, lambda query: [float(x) for x in query])
    planned = _asked(connection, peers, store, wanted, HalfVector)
    matches = int(shape.passing.sum())
    figures = f"rage-pg {found}   planner {planned}   {planned.p50 / found.p50:6.2f}"
    print(f"{shape.name:32}{matches:9,} match   {figures}", flush=True)


def _asked(
    connection: psycopg.Connection,
    statement: str,
    store: Clustered,
    wanted: Sequence[Sequence[int]],
    as_parameter: Callable[[clustered_store.Matrix], object],
) -> Figures:
    shares, times = [], []
    for query, ids in zip(store.queries, wanted, strict=True):
        values = {"k": K, "query": as_parameter(query)}
        # Once to warm up: what is measured is a store in use.
        connection.execute(statement.encode(), values).fetchall()
        started = time.perf_counter()
        rows = connection.execute(statement.encode(), values).fetchall()
        times.append((time.perf_counter() - started) * 1000)
        shares.append(len({row[0] for row in rows} & set(ids)) / max(1, len(ids)))
    p50, p95 = np.percentile(times, [50, 95])
    return Figures(float(np.mean(shares)), float(p50), float(p95))
