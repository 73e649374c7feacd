"""rage-pg's own two ways of asking: through SQL, and over HTTP.

Both name a prompt whose vector is stored, as it is from a prompt's second search on: no encoder runs.
"""

from __future__ import annotations

from typing import Any

import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from benchmarks.clustered_store import Clustered
from benchmarks.figures import Ids
from benchmarks.service import Client
from benchmarks.shapes import Shape

LEGS = {"caption": 1}

SEARCH = """
SELECT image_id, strategy
FROM rage_v1.search_images(
    %(prompt)s, %(k)s, brands => %(brands)s, tags_all => %(tags)s, among => %(among)s::bigint[],
    legs => '{"caption": 1}')
"""

STORE = """
INSERT INTO rage.prompt_vectors (space_id, prompt_md5, prompt, embedding)
SELECT space_id, md5(%(prompt)s)::uuid, %(prompt)s, %(embedding)s
FROM rage.search_legs WHERE leg = 'caption'
"""


def prompt_of(query: int) -> str:
    """What stands for a query of the store, by its number."""
    return f"question {query}"


def store_prompts(url: str, store: Clustered) -> None:
    """Keep the queries' vectors as those of the operator's prompts, which serve everybody."""
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = rage")
        register_vector(connection)
        for number, query in enumerate(store.queries):
            values = {"prompt": prompt_of(number), "embedding": HalfVector(query)}
            connection.execute(STORE, values)


class Sql:
    """The public function, through one connection of the operator's."""

    def __init__(self, connection: psycopg.Connection, k: int) -> None:
        self._connection = connection
        self._k = k
        self.strategy = ""
        """Of the latest answer."""

    def ask(self, shape: Shape, query: int) -> Ids:
        values = {
            "prompt": prompt_of(query),
            "k": self._k,
            "brands": shape.brand_name and [shape.brand_name],
            "tags": list(shape.tags) or None,
            "among": None if shape.among is None else list(shape.among),
        }
        rows = self._connection.execute(SEARCH, values).fetchall()
        self.strategy = rows[0][1] if rows else ""
        return [row[0] for row in rows]


class Http:
    """POST /api/search."""

    def __init__(self, client: Client, k: int) -> None:
        self._client = client
        self._k = k

    def ask(self, shape: Shape, query: int) -> Ids:
        answer = self._client.search(request_of(shape, prompt_of(query), self._k))
        return [item["image"]["id"] for item in answer["items"]]


def request_of(shape: Shape, prompt: str, k: int) -> dict[str, Any]:
    """The body of a search under a shape's filter by the caption leg alone."""
    filters: dict[str, Any] = {}
    if shape.brand_name:
        filters["brand"] = [shape.brand_name]
    if shape.tags:
        filters["tags"] = {"all": shape.tags}
    request = {"prompt": prompt, "k": k, "legs": LEGS, "filters": filters}
    return request if shape.among is None else {**request, "among": shape.among}
