"""A store handed to a peer's process as files; its answers, and the best setting under each filter."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clustered_store import Clustered
from benchmarks.figures import ENOUGH, Ids, Result, figures
from benchmarks.peers.environment import python_of
from benchmarks.shapes import Shape

ROOT = Path(__file__).resolve().parents[2]
SILENT = {
    "ANONYMIZED_TELEMETRY": "False",
    "LANCEDB_TELEMETRY": "false",
    "OTEL_SDK_DISABLED": "true",
    "RUST_LOG": "error",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True)
class Answers:
    """What a peer did: its version, the seconds that it took to load and index, its best result by shape."""

    version: str
    build_seconds: float
    best: dict[str, Result]


def ask(
    peer: str, store: Clustered, shapes: Sequence[Shape], wanted: dict[str, list[Ids]], k: int, cache: Path
) -> Answers:
    """Let a peer load the store, and answer every query under every filter with every setting."""
    python = python_of(peer, cache)
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        _write(Path(folder), store, shapes, wanted, k)
        command = [str(python), "-m", f"benchmarks.peers.{peer}_peer", folder]
        environment = {**os.environ, **SILENT}
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    best = {shape.name: best_of(said["answers"], shape, wanted[shape.name]) for shape in shapes}
    return Answers(said["version"], said["build_seconds"], best)


def _write(
    folder: Path, store: Clustered, shapes: Sequence[Shape], wanted: dict[str, list[Ids]], k: int
) -> None:
    np.save(folder / "vectors.npy", store.vectors)
    np.save(folder / "queries.npy", store.queries)
    columns: dict[str, Any] = {column(name): mask for name, mask in store.tags.items()}
    np.savez(folder / "columns.npz", brand=store.brands, **columns)
    described = [
        {
            "name": shape.name,
            "brand": shape.brand,
            "tags": [column(tag) for tag in shape.tags],
            "among": shape.among,
            "wanted": wanted[shape.name],
        }
        for shape in shapes
    ]
    (folder / "task.json").write_text(json.dumps({"k": k, "shapes": described}))


def column(tag: str) -> str:
    """A tag as the name of a column that says who has it."""
    return "tag_" + tag.replace(" ", "_")


def best_of(answers: Sequence[dict[str, Any]], shape: Shape, wanted: list[Ids]) -> Result:
    """The quickest setting with a recall of ENOUGH; where there is none, the one with the highest recall."""
    tried = [
        Result(figures(answer["found"], wanted, answer["times"]), answer["setting"])
        for answer in answers
        if answer["shape"] == shape.name
    ]
    enough = [one for one in tried if one.figures.recall >= ENOUGH]
    if enough:
        return min(enough, key=lambda one: one.figures.p50)
    return max(tried, key=lambda one: (one.figures.recall, -one.figures.p50))
