"""Speed of the text leg: prompts of rare, middle and common words on a store of many made-up images.

Fifteen words an image, drawn by Zipf's law from 20,000: the tenth most frequent is in a seventh of all
images, the thousandth in one of six hundred. One client, warm, the text leg alone. Of each search: weighing
the words, ranking the images by them under a filter that nearly all pass, and the whole of `search_images`.
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
from rage_pg import migrate
from rage_pg.embedded import embedded_server

BRANDS, ROUNDS = 10, 20
DIGITS = str.maketrans("0123456789", "bcdfghjklm")
"""Words without digits, which no stemmer changes."""
WORDS = """
UPDATE rage.image_documents AS d
SET words = made.words
FROM (SELECT i.image_id,
             to_tsvector('simple', string_agg(
                 translate(floor(exp(random() * ln(20000)))::text, '0123456789', 'bcdfghjklm') || 'q',
                 ' ')) AS words
      FROM rage.images AS i, generate_series(1, 15)
      GROUP BY i.image_id) AS made
WHERE made.image_id = d.image_id
"""
LEG = """
CREATE FUNCTION pg_temp.leg(words jsonb, allowed integer[]) RETURNS bigint
LANGUAGE plpgsql
SET search_path = rage SET random_page_cost = 1.1 SET jit = off
AS $function$
DECLARE
    filters  jsonb := rage.default_filters('{}');
    ranked   bigint;
BEGIN
    EXECUTE 'WITH ' || rage.text_leg((rage.matching(filters, NULL, allowed)).within, true, words)
        || 'SELECT count(*) FROM "text"'
    INTO ranked
    USING filters, NULL::bigint[], allowed, words, NULL::jsonb, '{"text": 1}'::jsonb, 20, 0::real,
          NULL::bigint[], 50;
    RETURN ranked;
END
$function$
"""
SEARCH = (
    "SELECT image_id FROM rage_v1.search_images(%(prompt)s, brands => %(brands)s, legs => '{\"text\": 1}')"
)
PROMPTS: Mapping[str, Sequence[int]] = {
    "one rare word": (5000,),
    "three middle words": (200, 300, 400),
    "one common word": (10,),
    "three common words": (6, 10, 15),
    "eight words of every kind": (10, 20, 50, 100, 300, 1000, 3000, 8000),
    "twenty words of every kind": (
        *(10, 15, 20, 30, 40, 50, 60, 80, 100, 150),
        *(200, 250, 300, 400, 500, 700, 1000, 2000, 4000, 8000),
    ),
}
"""Each word by its place among the most frequent."""


async def measure(images: int) -> None:
    await asyncio.to_thread(_measure, images)


def _measure(images: int) -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as url:
            fill(url, images)
            print(f"{images:,} images; median of {ROUNDS} in milliseconds: weighing / ranking / whole search")
            compare(url)


def fill(url: str, images: int) -> None:
    """A migrated store whose words are counted, as a worker leaves it."""
    migrate.upgrade(url, app_logs_in=True)
    large_store.fill(url, images=images, brands=BRANDS, vectors=False)
    with psycopg.connect(url, autocommit=True) as operator:
        operator.execute("SELECT setseed(0.5)")
        operator.execute(WORDS.encode())
        operator.execute("VACUUM (FULL, ANALYZE) rage.image_documents")
        while operator.execute("SELECT rage.count_words()").fetchone() == (True,):
            pass


def compare(url: str) -> None:
    """Each kind of prompt over all brands, then as who sees one of them asks."""
    with psycopg.connect(url, autocommit=True) as operator:
        operator.execute("SET search_path = rage")
        operator.execute(LEG.encode())
        row = operator.execute("SELECT array_agg(brand_id) FROM rage.brands WHERE key = 'brand 3'").fetchone()
        assert row is not None
        for kind, places in PROMPTS.items():
            every, one = _figures(operator, places, None), _figures(operator, places, row[0])
            print(f"{kind:28} all {every}    one of {BRANDS} {one}", flush=True)


def _figures(operator: psycopg.Connection, places: Sequence[int], allowed: list[int] | None) -> str:
    times: list[tuple[float, float, float]] = []
    brands = None if allowed is None else ["brand 3"]
    for turn in range(-2, ROUNDS):
        prompt = " ".join(_word(place + abs(turn) * max(1, place // 50)) for place in places)
        began = time.perf_counter()
        words = operator.execute("SELECT rage.prompt_words(%s, %s)::text", [prompt, allowed]).fetchone()
        weighed = time.perf_counter()
        assert words is not None
        operator.execute("SELECT pg_temp.leg(%s, %s)", [words[0], allowed]).fetchone()
        ranked = time.perf_counter()
        operator.execute(SEARCH.encode(), {"prompt": prompt, "brands": brands}).fetchall()
        if turn >= 0:
            times.append((weighed - began, ranked - weighed, time.perf_counter() - ranked))
    return " /".join(f"{1000 * statistics.median(each):7.1f}" for each in zip(*times, strict=True))


def _word(place: int) -> str:
    return str(place).translate(DIGITS) + "q"
