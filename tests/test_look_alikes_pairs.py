"""No pair of hashes is missed, or told twice, that a comparison of all with all finds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from rage_pg import migrate
from tests.conftest import clone

COUNT = 2_000

FILL = """
INSERT INTO rage.contents (sha256, media_type, byte_size, width, height, bytes, thumbnail)
SELECT sha256(('picture ' || n)::bytea), 'image/png', 1, 640, 480, 'x', 'x' FROM generate_series(1, %s) AS n
ORDER BY n
"""
IMAGES = """
INSERT INTO rage.images (brand_id, content_id, kind)
SELECT b.brand_id, c.content_id, 'product' FROM rage.contents AS c, rage.brands AS b
WHERE b.name = 'default' ORDER BY c.content_id
"""

Bits = NDArray[np.uint8]


@pytest.fixture(scope="module")
def bits() -> Bits:
    """Hashes of which half are at random, and the others up to 13 bits away from an earlier one."""
    numbers = np.random.default_rng(11)
    made = numbers.integers(0, 2, (COUNT, 64), dtype=np.uint8)
    for place in range(COUNT // 2, COUNT):
        made[place] = made[numbers.integers(0, place)]
        made[place, numbers.choice(64, numbers.integers(0, 14), replace=False)] ^= 1
    return made


@pytest.fixture(scope="module", params=[16, 18])
def connection(request: pytest.FixtureRequest, bits: Bits) -> Iterator[psycopg.Connection]:
    url = clone(request.getfixturevalue(f"server_{request.param}"), "template0")
    migrate.upgrade(url)
    with psycopg.connect(url) as opened:
        opened.execute(FILL, [COUNT])
        opened.execute(IMAGES)
        with opened.cursor().copy("COPY rage.picture_hashes (content_id, hash) FROM STDIN") as copy:
            for place, row in enumerate(bits, start=1):
                copy.write_row((place, "".join(map(str, row))))
        opened.execute("ANALYZE")
        yield opened


def wanted(bits: Bits, threshold: int) -> set[tuple[int, int, int]]:
    signs = bits.astype(np.int16) * 2 - 1
    apart = (64 - signs @ signs.T) // 2
    ones, others = np.nonzero(np.triu(apart <= threshold, 1))
    return {(int(a) + 1, int(b) + 1, int(apart[a, b])) for a, b in zip(ones, others, strict=True)}


def test_no_pair_is_missed(connection: psycopg.Connection, bits: Bits) -> None:
    assert connection.execute("SELECT min(image_id), max(image_id) FROM rage.images").fetchone() == (1, COUNT)
    for threshold in (0, 1, 3, 4, 7, 8, 11):
        found = connection.execute(
            "SELECT image_id, other_id, distance FROM rage_v1.duplicates(%s)", [threshold]
        ).fetchall()
        assert len(found) == len(set(found))
        assert set(found) == wanted(bits, threshold), threshold
        assert len(found) > 10


def test_no_look_alike_of_one_is_missed(connection: psycopg.Connection, bits: Bits) -> None:
    for threshold in (0, 3, 7, 11):
        everyone = wanted(bits, threshold)
        for image_id in (1, 500, 1_001, COUNT):
            found = connection.execute(
                "SELECT image_id, distance FROM rage_v1.look_alikes(%s, %s, k => 200)", [image_id, threshold]
            ).fetchall()
            near = {(b, d) for a, b, d in everyone if a == image_id} | {
                (a, d) for a, b, d in everyone if b == image_id
            }
            assert set(found) == near


def test_one_is_looked_up_by_the_index(connection: psycopg.Connection) -> None:
    connection.execute("SET enable_seqscan = off")
    plan = connection.execute(
        "EXPLAIN SELECT FROM rage.picture_hashes AS h WHERE h.hash IS NOT NULL AND h.bands &&"
        " rage.near_bands((SELECT bands FROM rage.picture_hashes WHERE content_id = 5), 7)"
    ).fetchall()
    assert any("picture_hashes_bands" in line for (line,) in plan)
