"""Chroma, embedded: a persistent client, HNSW by cosine, the filters as metadata.

Its one setting for a search is `ef_search`. Named ids go to `ids`, which the query is then limited to.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import chromadb
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings

from benchmarks.figures import Ids
from benchmarks.peers import inside

NAME = "images"
EF_SEARCH = (10, 50, 100, 200, 400, 800)
BUILD = {"space": "cosine", "ef_construction": 200, "max_neighbors": 16}


def main() -> None:
    task = inside.task()
    started = time.perf_counter()
    with _open(task) as client:
        collection = client.create_collection(NAME, embedding_function=None, configuration={"hnsw": BUILD})
        _add(collection, task, client.get_max_batch_size())
    build_seconds = time.perf_counter() - started
    inside.report(chromadb.__version__, build_seconds, inside.sweep(task, _settings(task)))


@contextmanager
def _open(task: inside.Task) -> Iterator[Any]:
    settings = Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(task.folder / "chroma"), settings=settings)
    try:
        yield client
    finally:
        client.close()
        SharedSystemClient.clear_system_cache()


def _settings(task: inside.Task) -> Iterator[tuple[str, inside.Ask]]:
    for ef_search in EF_SEARCH:
        with _open(task) as client:
            client.get_collection(NAME, embedding_function=None).modify(
                configuration={"hnsw": {"ef_search": ef_search}}
            )
        # An index that is open goes on with the value that it was opened with.
        with _open(task) as client:
            collection = client.get_collection(NAME, embedding_function=None)
            assert collection.configuration["hnsw"]["ef_search"] == ef_search
            yield f"ef_search {ef_search}", Asking(collection, task).ask


def _add(collection: Any, task: inside.Task, batch: int) -> None:
    names = list(task.columns)
    rows = [column.tolist() for column in task.columns.values()]
    for first in range(0, len(task.vectors), batch):
        places = range(first, min(first + batch, len(task.vectors)))
        collection.add(
            ids=[str(place + 1) for place in places],
            embeddings=task.vectors[places.start : places.stop],
            metadatas=[{name: row[place] for name, row in zip(names, rows, strict=True)} for place in places],
        )


class Asking:
    def __init__(self, collection: Any, task: inside.Task) -> None:
        self._collection = collection
        self._task = task
        self._limits = {shape.name: _limit(shape) for shape in task.shapes}

    def ask(self, shape: inside.Shape, query: int) -> Ids:
        found = self._collection.query(
            query_embeddings=self._task.queries[query : query + 1],
            n_results=self._task.k,
            include=["distances"],
            **self._limits[shape.name],
        )
        return [int(name) for name in found["ids"][0]]


def _limit(shape: inside.Shape) -> dict[str, Any]:
    """The filter as arguments of a query."""
    if shape.among is not None:
        return {"ids": [str(one) for one in shape.among]}
    conditions: list[dict[str, Any]] = [{tag: True} for tag in shape.tags]
    if shape.brand is not None:
        conditions.append({"brand": shape.brand})
    if not conditions:
        return {}
    return {"where": conditions[0] if len(conditions) == 1 else {"$and": conditions}}


if __name__ == "__main__":
    main()
