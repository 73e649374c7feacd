"""LanceDB, embedded: a table in a local folder, a vector index by cosine, scalar indexes on what filters.

A bitmap for a column of few values, a B-tree for the id; the filter goes first. `nprobes` is how many
partitions are read, `ef` how far a graph is searched, `refine_factor` how many times k are compared whole.
Of the two kinds of index that its manual recommends, or none, each filter gets the best; the time to build
counts the quicker one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import lancedb
import pyarrow as pa
from lancedb.index import Bitmap, BTree, HnswSq, IvfPq

from benchmarks.figures import Ids
from benchmarks.peers import inside

INDEXES: Mapping[str, tuple[Any, tuple[dict[str, int], ...]]] = {
    "IVF_PQ": (
        IvfPq(distance_type="cosine"),
        (
            {"nprobes": 5, "refine_factor": 10},
            {"nprobes": 20, "refine_factor": 10},
            {"nprobes": 20, "refine_factor": 30},
            {"nprobes": 50, "refine_factor": 100},
            {"nprobes": 200, "refine_factor": 200},
        ),
    ),
    "IVF_HNSW_SQ": (
        HnswSq(distance_type="cosine"),
        (
            {"ef": 15},
            {"ef": 50, "refine_factor": 2},
            {"ef": 100, "refine_factor": 5},
            {"ef": 300, "refine_factor": 5},
            {"ef": 800, "refine_factor": 10},
        ),
    ),
    "no vector index": (None, ({},)),
}


def main() -> None:
    task = inside.task()
    started = time.perf_counter()
    table = lancedb.connect(str(task.folder / "lancedb")).create_table("images", _rows(task))
    for name in task.columns:
        table.create_index(name, config=Bitmap())
    table.create_index("id", config=BTree())
    made, index_seconds = [], []
    loaded = time.perf_counter() - started
    for kind, (config, settings) in INDEXES.items():
        started = time.perf_counter()
        if config is None:
            table.drop_index("vector_idx")
        else:
            table.create_index("vector", config=config, replace=True)
            index_seconds.append(time.perf_counter() - started)
        made += inside.sweep(task, [(_name(kind, one), Asking(table, task, one).ask) for one in settings])
    inside.report(lancedb.__version__, loaded + min(index_seconds), made)


def _name(kind: str, setting: Mapping[str, int]) -> str:
    return ", ".join([kind, *(f"{key} {value}" for key, value in setting.items())])


def _rows(task: inside.Task) -> Any:
    flat = pa.array(task.vectors.ravel())
    columns = {name: pa.array(values) for name, values in task.columns.items()}
    return pa.table(
        {
            "id": pa.array(range(1, len(task.vectors) + 1), pa.int64()),
            **columns,
            "vector": pa.FixedSizeListArray.from_arrays(flat, task.vectors.shape[1]),
        }
    )


class Asking:
    def __init__(self, table: Any, task: inside.Task, setting: Mapping[str, int]) -> None:
        self._table = table
        self._task = task
        self._setting = setting
        self._conditions = {shape.name: _condition(shape) for shape in task.shapes}

    def ask(self, shape: inside.Shape, query: int) -> Ids:
        search = self._table.search(self._task.queries[query]).distance_type("cosine")
        search = search.limit(self._task.k).select(["id", "_distance"])
        if condition := self._conditions[shape.name]:
            search = search.where(condition, prefilter=True)
        for name, value in self._setting.items():
            search = getattr(search, name)(value)
        ids: Ids = search.to_arrow()["id"].to_pylist()
        return ids


def _condition(shape: inside.Shape) -> str:
    conditions = list(shape.tags)
    if shape.brand is not None:
        conditions.append(f"brand = {shape.brand}")
    if shape.among is not None:
        conditions.append(f"id IN ({', '.join(str(one) for one in shape.among)})")
    return " AND ".join(conditions)


if __name__ == "__main__":
    main()
