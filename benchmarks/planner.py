"""pgvector with the planner alone, which is what people write first: one table with an array of tags under a
GIN index and an HNSW index, every setting as it comes."""

from __future__ import annotations

import psycopg
from pgvector import HalfVector

from benchmarks.clustered_store import Clustered
from benchmarks.figures import Ids
from benchmarks.shapes import Shape

TABLE = """
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


class Planner:
    """Asks its own table, through a connection that knows pgvector's types."""

    def __init__(self, connection: psycopg.Connection, store: Clustered, k: int) -> None:
        self._connection = connection
        self._store = store
        self._k = k

    def fill(self) -> None:
        """Copy the store into the table, in the same database, and index it."""
        for statement in TABLE.strip().split(";\n"):
            self._connection.execute(statement.encode())

    def ask(self, shape: Shape, query: int) -> Ids:
        nearest = "ORDER BY embedding <=> %(query)s LIMIT %(k)s"
        statement = f"SELECT id FROM public.peer WHERE {_condition(shape)} {nearest}"
        values = {
            "query": HalfVector(self._store.queries[query]),
            "k": self._k,
            "brand": shape.brand,
            "tags": list(shape.tags),
            "among": list(shape.among or ()),
        }
        # Not prepared: a plan made for any value would not know how rare this one is.
        rows = self._connection.execute(statement.encode(), values, prepare=False).fetchall()
        return [row[0] for row in rows]


def _condition(shape: Shape) -> str:
    if shape.brand is not None:
        return "brand = %(brand)s"
    if shape.tags:
        return "tags @> %(tags)s"
    return "true" if shape.among is None else "id = ANY (%(among)s::bigint[])"
