"""Times and recall, and how they are printed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Ids = list[int]

ENOUGH = 0.99
"""The recall at which contenders are compared."""


@dataclass(frozen=True)
class Figures:
    """recall@k as a share, times in milliseconds."""

    recall: float
    p50: float
    p95: float

    def __str__(self) -> str:
        return f"{self.recall:4.2f} /{self.p50:8.2f} /{self.p95:8.2f}"


@dataclass(frozen=True)
class Result:
    """How a contender did under one filter, and with which setting of a search, if it has any."""

    figures: Figures
    setting: str = ""


def figures(found: Sequence[Ids], wanted: Sequence[Ids], times: Sequence[float]) -> Figures:
    """Of one answer and one time for each query."""
    shares = [len(set(ids) & set(best)) / max(1, len(best)) for ids, best in zip(found, wanted, strict=True)]
    return Figures(float(np.mean(shares)), *percentiles(times))


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    """p50 and p95."""
    p50, p95 = np.percentile(times, [50, 95])
    return float(p50), float(p95)


def timed(ask: Callable[[int], Ids], queries: int) -> tuple[list[Ids], list[float]]:
    """What `ask` finds for each query, by number, and how long it takes, in milliseconds.

    Each is asked twice, and the second answer counts: what is measured is a store in use.
    """
    found, times = [], []
    for query in range(queries):
        ask(query)
        started = time.perf_counter()
        found.append(ask(query))
        times.append((time.perf_counter() - started) * 1000)
    return found, times
