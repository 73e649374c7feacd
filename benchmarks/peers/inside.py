"""Runs in a peer's own environment: the task as it was handed over, and the loop that asks.

Of ours it may import nothing but what needs numpy alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.figures import ENOUGH, Ids, figures, timed


@dataclass(frozen=True)
class Shape:
    """A filter. What is not given sets no limit; `tags` are names of columns, all of which must be true."""

    name: str
    brand: int | None
    tags: list[str]
    among: list[int] | None
    wanted: list[Ids]
    """The exact answer to each query."""


@dataclass(frozen=True)
class Task:
    """Row n of vectors and columns stands for the image with the id n + 1."""

    folder: Path
    k: int
    vectors: npt.NDArray[np.float32]
    queries: npt.NDArray[np.float32]
    columns: dict[str, npt.NDArray[Any]]
    shapes: list[Shape]


Ask = Callable[[Shape, int], Ids]
"""What is found under a filter for a query, by its number."""


def task() -> Task:
    """The task in the folder that the command line names."""
    folder = Path(sys.argv[1])
    said = json.loads((folder / "task.json").read_text())
    with np.load(folder / "columns.npz") as columns:
        return Task(
            folder=folder,
            k=said["k"],
            vectors=np.load(folder / "vectors.npy"),
            queries=np.load(folder / "queries.npy"),
            columns=dict(columns),
            shapes=[Shape(**shape) for shape in said["shapes"]],
        )


def sweep(given: Task, settings: Iterable[tuple[str, Ask]]) -> list[dict[str, Any]]:
    """Every query under every filter with one setting after the other, each dearer than the one before.

    Under a filter where a setting finds enough, no dearer one is tried.
    """
    made, left = [], list(given.shapes)
    for setting, ask in settings:
        short = []
        for shape in left:
            found, times = timed(partial(ask, shape), len(given.queries))
            made.append({"setting": setting, "shape": shape.name, "found": found, "times": times})
            if figures(found, shape.wanted, times).recall < ENOUGH:
                short.append(shape)
        left = short
    return made


def report(version: str, build_seconds: float, made: list[dict[str, Any]]) -> None:
    """Say everything on one line, the last of the output."""
    print(json.dumps({"version": version, "build_seconds": build_seconds, "answers": made}), flush=True)
