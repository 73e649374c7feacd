"""What row-level security and the access clause cost: the same answers with and without them, in turns.

The baseline is the operator, whom no policy holds, asking with a filter for the same brands.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from benchmarks import large_store
from rage_pg import migrate
from rage_pg.embedded import app_url, embedded_server

IMAGES, BRANDS, ROUNDS = 50_000, 10, 60
GRANT = """
WITH made AS (
    INSERT INTO rage.callers (kind, name, scopes) VALUES ('key', %(name)s, '{read}') RETURNING caller_id
),
granted AS (
    INSERT INTO rage.caller_brands
    SELECT m.caller_id, b.brand_id FROM made AS m, rage.brands AS b WHERE b.name = ANY (%(brands)s)
)
SELECT caller_id::text FROM made
"""
VECTOR = "jsonb_build_object('caption', array_fill(0.1::real, ARRAY[512]))"
ONE = "brands => '{brand 3, shared}'"
QUESTIONS: Sequence[tuple[str, str, str, str]] = (
    ("search, one brand of ten", "one", f"search_images('group17 word3', vectors => {VECTOR}", ONE),
    ("search, one brand, rare tag", "one", "search_images('group17 word3', tags_all => '{rare 5}'", ONE),
    (
        "search, one brand, attribute",
        "one",
        "search_images('word3', attributes => '{\"colour\": \"shade 12\"}'",
        ONE,
    ),
    ("search, all ten brands", "all", f"search_images('group17 word3', vectors => {VECTOR}", ""),
)
VIEWS = (
    ("image by id", "SELECT * FROM rage_v1.images WHERE image_id = 32"),
    ("images of a product", "SELECT image_id FROM rage_v1.image_products WHERE sku = 'SKU-32'"),
    ("count of all images of one brand", "SELECT count(*) FROM rage_v1.images WHERE brand = 'brand 3'"),
)


async def measure() -> None:
    await asyncio.to_thread(_measure)


def _measure() -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as url:
            migrate.upgrade(url, app_logs_in=True)
            large_store.fill(url, images=IMAGES, brands=BRANDS)
            print(
                f"{IMAGES:,} images of {BRANDS} brands; median of {ROUNDS} rounds, in milliseconds",
                flush=True,
            )
            with psycopg.connect(url, autocommit=True) as operator:
                keys = {name: _key(operator, name, brands) for name, brands in _grants().items()}
                with psycopg.connect(app_url(url), autocommit=True) as service:
                    _compare(operator, service, keys)


def _grants() -> dict[str, list[str]]:
    return {"one": ["brand 3"], "all": [f"brand {number}" for number in range(1, BRANDS + 1)]}


def _key(operator: psycopg.Connection, name: str, brands: list[str]) -> str:
    row = operator.execute(GRANT, {"name": name, "brands": brands}).fetchone()
    assert row is not None
    return str(row[0])


def _compare(operator: psycopg.Connection, service: psycopg.Connection, keys: dict[str, str]) -> None:
    for what, key, call, same in QUESTIONS:
        _act_for(service, keys[key])
        filtered = f"SELECT image_id, score FROM rage_v1.{call}{', ' if same else ''}{same})"
        limited = f"SELECT image_id, score FROM rage_v1.{call})"
        _print(what, operator, filtered, service, limited)
    _act_for(service, keys["one"])
    for what, statement in VIEWS:
        _print(what, operator, statement, service, statement)


def _act_for(service: psycopg.Connection, caller_id: str) -> None:
    service.execute("SELECT set_config('rage.caller', %s, false)", [caller_id])


def _print(
    what: str, operator: psycopg.Connection, filtered: str, service: psycopg.Connection, limited: str
) -> None:
    # As many, not the same: a word weighs by how rare it is in the brands that are seen.
    wanted, given = (
        len(operator.execute(filtered.encode()).fetchall()),
        len(service.execute(limited.encode()).fetchall()),
    )
    assert wanted == given, f"{what}: {wanted} and {given} rows"
    free, held = [], []
    for _ in range(ROUNDS):
        free.append(_milliseconds(operator, filtered))
        held.append(_milliseconds(service, limited))
    before, after = statistics.median(free), statistics.median(held)
    figures = f"operator {before:7.2f}   key {after:7.2f}   ratio {after / before:5.2f}"
    print(f"{what:34} {figures}   {wanted} rows")


def _milliseconds(connection: psycopg.Connection, statement: str) -> float:
    started = time.perf_counter()
    connection.execute(statement.encode()).fetchall()
    return (time.perf_counter() - started) * 1000
