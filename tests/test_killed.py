"""Importer, worker, service and Postgres killed in the middle of an import: nothing is lost, doubled or left.

`python -m benchmarks killed` does the same with 600 images and 200 kills.
"""

from __future__ import annotations

from benchmarks import killed


async def test_an_import_whose_processes_are_killed_loses_and_doubles_nothing() -> None:
    await killed.measure(images=40, kills=8, seed=3)
