"""A store on which both routes of a vector leg are taken, and how its searches are judged.

It has 4,000 images in 20 clusters. What a candidate costs is set so low that the index is worth its while on
so few; the routes are those of a large store.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from benchmarks import clustered_store
from benchmarks.clustered_store import Clustered, Mask, Matrix
from rage_pg import migrate
from tests.conftest import clone

IMAGES, K = 4_000, 10


@dataclass(frozen=True)
class Store:
    url: str
    made: Clustered


def store_on(server: str) -> Store:
    url = clone(server, "template0")
    migrate.upgrade(url, app_logs_in=True)
    made = clustered_store.made(IMAGES, 12, clusters=20)
    clustered_store.fill(url, made)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE rage.embedding_spaces SET candidate_cost = 0.5, ef_search = 100")
    return Store(url, made)


def search(
    connection: psycopg.Connection, query: Matrix, arguments: str = "", values: Sequence[Any] = ()
) -> list[tuple[int, str, int, bool]]:
    """Ids, strategy, matched and complete of the caption leg's best for a vector."""
    statement = (
        "SELECT image_id, strategy, matched, complete FROM rage_v1.search_images('x', %s,"
        f" legs => '{{\"caption\": 1}}', vectors => %s::jsonb{arguments})"
    )
    vector = json.dumps({"caption": [float(x) for x in query]})
    return connection.execute(statement.encode(), [K, vector, *values]).fetchall()


def recall(connection: psycopg.Connection, made: Clustered, passing: Mask, arguments: str) -> float:
    """Share of the exact answers that was found; each answer is complete and has the rows that there are."""
    shares = []
    for query in made.queries:
        rows = search(connection, query, arguments)
        wanted = made.nearest(query, passing, K)
        assert len(rows) == min(K, int(passing.sum()))
        assert all(row[3] for row in rows)
        shares.append(len({row[0] for row in rows} & set(wanted)) / len(wanted))
    return float(np.mean(shares))


def strategies(connection: psycopg.Connection, made: Clustered, arguments: str) -> set[str]:
    return {search(connection, query, arguments)[0][1].partition(";")[0] for query in made.queries}


def everything(made: Clustered) -> Mask:
    return np.ones(len(made.vectors), dtype=np.bool_)


def half(made: Clustered) -> tuple[Mask, str]:
    """Five tags of ten: half of the images, whatever they look like."""
    ids = np.arange(1, len(made.vectors) + 1)
    return ids % 10 < 5, ", tags_any => '{common/0,common/1,common/2,common/3,common/4}'"
