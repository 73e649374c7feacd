"""Speed of the text leg: prompts of rare, middle and common words on a store of many made-up images.

Fifteen words an image, drawn by Zipf's law from 20,000: the tenth is in a seventh of all images, the thousandth
in one of seven hundred. One client, warm, the text leg alone; medians and 95th percentiles in milliseconds.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from benchmarks import large_store
from benchmarks.access import GRANT
from rage_pg import migrate
from rage_pg.embedded import app_url, embedded_server

BRANDS, ROUNDS = 10, 20
WORDS = """
UPDATE rage.image_documents AS d
SET words = made.words
FROM (SELECT i.image_id,
             to_tsvector('simple', string_agg(translate(floor(exp(random() * ln(20000)))::text, '0123456789', 'bcdfghjklm') || 'q', ' '))
                 AS words
      FROM rage.images AS i, generate_series(1, 15)
      GROUP BY i.image_id) AS made
WHERE made.image_id = d.image_id
"""
PROMPTS: Mapping[str, Sequence[int]] = {
    "one rare word": (5000,),
    "three middle words": (200, 300, 400),
    "one common word": (10,),
    "three common words": (6, 10, 15),
    "eight words of every kind": (10, 20, 50, 100, 300, 1000, 3000, 8000),
}
"""Each word by its place among the most frequent."""


async def measure(images: int) -> None:
    await asyncio.to_thread(_measure, images)


def _measure(images: int) -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as url:
            fill(url, images)
            compare(url)


def fill(url: str, images: int) -> None:
    """A migrated store whose words are counted, as a worker leaves it."""
    migrate.upgrade(url, app_logs_in=True)
    large_store.fill(url, images=images, brands=BRANDS, vectors=False)
    with psycopg.connect(url, autocommit=True) as operator:
        operator.execute("SELECT setseed(0.5)")
        operator.execute(WORDS)
        operator.execute("VACUUM (FULL, ANALYZE) rage.image_documents")


def compare(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as operator:
        row = operator.execute(GRANT, {"name": "words", "brands": ["brand 3"]}).fetchone()
        assert row is not None
        print(f"the operator, then a key of one brand of {BRANDS}: p50 / p95 in milliseconds", flush=True)
        with psycopg.connect(app_url(url), autocommit=True) as service:
            service.execute("SELECT set_config('rage.caller', %s, false)", [str(row[0])])
            for kind, places in PROMPTS.items():
                figures = "   ".join(_figures(connection, places) for connection in (operator, service))
                print(f"{kind:28} {figures}", flush=True)


def _figures(connection: psycopg.Connection, places: Sequence[int]) -> str:
    times = []
    for turn in range(-2, ROUNDS):
        prompt = " ".join(_word(place + abs(turn) * max(1, place // 50)) for place in places)
        started = time.perf_counter()
        connection.execute(
            "SELECT image_id FROM rage_v1.search_images(%s, legs => '{\"text\": 1}')", [prompt]
        ).fetchall()
        if turn >= 0:
            times.append((time.perf_counter() - started) * 1000)
    return f"{statistics.median(times):8.1f} /{statistics.quantiles(times, n=20)[-1]:8.1f}"


def _word(place: int) -> str:
    return str(place).translate(str.maketrans("0123456789", "bcdfghjklm")) + "q"
