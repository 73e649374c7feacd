"""How the candidates of several things are found at once, and that they are the nearest whichever way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import psycopg
import pytest

from benchmarks.clustered_store import Mask
from tests.routed import Store, everything, half, store_on

NEAREST = 20


@pytest.fixture(scope="module", params=[16, 18])
def store(request: pytest.FixtureRequest) -> Store:
    return store_on(request.getfixturevalue(f"server_{request.param}"))


@pytest.fixture
def connection(store: Store) -> Iterator[psycopg.Connection]:
    with psycopg.connect(store.url, autocommit=True) as opened:
        opened.execute("SELECT set_config('search_path', 'rage', false)")
        yield opened


def serving(
    connection: psycopg.Connection, store: Store, filters: dict[str, object], words: str = "x"
) -> tuple[set[int], str]:
    """The ids that are found for four things, none of which words name, and how."""
    things = [
        {"text": words, "words": [words], "vector": str([float(x) for x in query])}
        for query in store.made.queries[:4]
    ]
    rows = connection.execute(
        "SELECT image_id, strategy FROM serving('zzz', %s, '{}', %s, '{}')",
        [json.dumps(things), json.dumps(filters)],
    ).fetchall()
    return {row[0] for row in rows}, rows[0][1]


def share_found(store: Store, found: set[int], passing: Mask) -> float:
    """Of the nearest of each thing."""
    wanted = [
        image for query in store.made.queries[:4] for image in store.made.nearest(query, passing, NEAREST)
    ]
    return sum(image in found for image in wanted) / len(wanted)


def test_the_nearest_of_each_thing_come_from_the_index(store: Store, connection: psycopg.Connection) -> None:
    found, strategy = serving(connection, store, {})
    assert strategy == "hnsw"
    assert share_found(store, found, everything(store.made)) >= 0.98


def test_a_wide_filter_is_applied_to_what_the_index_gives(
    store: Store, connection: psycopg.Connection
) -> None:
    passing, _ = half(store.made)
    found, strategy = serving(connection, store, {"tags_any": [f"common/{n}" for n in range(5)]})
    assert strategy == "hnsw"
    assert share_found(store, found, passing) >= 0.98
    assert all(passing[image - 1] for image in found)


def test_a_narrow_filter_has_every_match_compared(store: Store, connection: psycopg.Connection) -> None:
    found, strategy = serving(connection, store, {"tags_all": ["one"]})
    assert strategy == "exact"
    assert share_found(store, found, store.made.tags["one"]) == 1.0


def test_where_the_index_comes_short_every_match_is_compared(
    store: Store, connection: psycopg.Connection
) -> None:
    found, _ = serving(connection, store, {"tags_all": ["far"]})
    assert share_found(store, found, store.made.tags["far"]) == 1.0


def test_how_index_scans_run_is_left_as_it_was(store: Store, connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL hnsw.ef_search = 77")
        serving(connection, store, {})
        assert connection.execute("SHOW hnsw.ef_search").fetchone() == ("77",)


def test_the_index_is_read_once_for_each_thing(store: Store, connection: psycopg.Connection) -> None:
    def scans() -> int:
        connection.execute("SELECT pg_stat_clear_snapshot(), pg_stat_force_next_flush()")
        (count,) = connection.execute(
            "SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'embeddings%hnsw'"
        ).fetchone() or (0,)
        return int(count)

    # A session that ends, as that of the test before, tells its counts only then.
    others = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    """
    while connection.execute(others).fetchone() != (0,):
        time.sleep(0.05)
    before = scans()
    serving(connection, store, {})
    assert scans() - before == 4
