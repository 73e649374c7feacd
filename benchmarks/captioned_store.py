"""A large store whose captions and vectors speak of things that prompts name: for the speed of proposals.

Each image shows two things, drawn by Zipf's law from those that the prompts of benchmarks/data name. Its
vector lies between those of the two, as the bundled encoder gives them, with noise.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psycopg

from benchmarks import clustered_store
from benchmarks.clustered_store import BRANDS, DIMENSIONS, NOISE, Clustered, Matrix
from rage_pg.proposal.wanting import wanted
from rage_pg.providers.usem3 import Usem3

PROMPTS = Path(__file__).with_name("data") / "propose_words.jsonl"
SECOND = 0.5
"""Of the first thing's vector that of the second counts so much."""
AT_A_TIME = 5_000
CAPTIONS = """
INSERT INTO rage.captions (brand_id, image_id, revision, text, language, source)
SELECT i.brand_id, i.image_id, 1, t.text, 'en', 'import'
FROM unnest(%(ids)s::bigint[], %(captions)s::text[]) AS t (image_id, text)
JOIN rage.images AS i USING (image_id)
"""


def prompts() -> list[str]:
    """Prompts that name two or three things, among others."""
    lines = PROMPTS.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["query"] for line in lines]


def fill(url: str, images: int, *, seed: int = 7) -> None:
    """Fill a migrated, empty store as its operator. The same for the same arguments."""
    things = sorted({one.heads[0] for prompt in prompts() for one in wanted(prompt) if one.heads})
    random = np.random.default_rng(seed)
    # Often the same few, as in a catalogue: the tenth thing is in a tenth as many images as the first.
    frequency = 1 / np.arange(1, len(things) + 1)
    order = random.permutation(len(things))
    first, second = random.choice(order, (2, images), p=frequency / frequency.sum())
    directions = _encoded([f"A {thing}." for thing in things])
    noise = random.standard_normal((images, DIMENSIONS), dtype=np.float32)
    vectors = directions[first] + SECOND * directions[second] + noise * np.float32(NOISE / DIMENSIONS**0.5)
    lengths: Matrix = np.linalg.norm(vectors, axis=1, keepdims=True)
    store = Clustered(
        vectors=vectors / lengths, queries=vectors[:0], tags={}, brands=1 + np.arange(1, images + 1) % BRANDS
    )
    clustered_store.fill(url, store)
    pairs = zip(first, second, strict=True)
    _put_into_words(url, [f"A {things[one]} beside a {things[other]}" for one, other in pairs])


def _encoded(texts: Sequence[str]) -> Matrix:
    vectors = asyncio.run(Usem3().encode_documents(texts))
    lengths: Matrix = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Matrix = vectors / lengths
    return unit


def _put_into_words(url: str, captions: Sequence[str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for start in range(0, len(captions), AT_A_TIME):
            ids = list(range(start + 1, min(start + AT_A_TIME, len(captions)) + 1))
            values = {"ids": ids, "captions": list(captions[start : start + AT_A_TIME])}
            connection.execute(CAPTIONS, values)
            connection.execute("SELECT rage.refresh_documents(%(ids)s::bigint[])", values)
        connection.execute("VACUUM (FULL, ANALYZE) rage.image_documents")
        connection.execute("VACUUM ANALYZE")
        while connection.execute("SELECT rage.count_words()").fetchone() == (True,):
            pass
