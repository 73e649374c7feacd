"""Who sees one brand gets the exact answer of it, and nothing of the others by its route or counts."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import psycopg
import pytest

from tests.granting import caller, login
from tests.routed import Store, recall, search, store_on


@pytest.fixture(scope="module", params=[16, 18])
def store(request: pytest.FixtureRequest) -> Store:
    return store_on(request.getfixturevalue(f"server_{request.param}"))


@pytest.fixture
def connection(store: Store) -> Iterator[psycopg.Connection]:
    with psycopg.connect(store.url, autocommit=True) as opened:
        yield opened


@pytest.mark.parametrize("role", ["reader", "service"])
def test_who_sees_one_brand_gets_the_exact_answer_of_it(store: Store, role: str) -> None:
    made = store.made
    passing = made.brands == 4
    with login(store.url, f"route_{role}", "brand 4") as own:
        url = own if role == "reader" else store.url.replace("//postgres@", "//rage_app@")
        with psycopg.connect(url, autocommit=True) as asking:
            if role == "service":
                key = caller(store.url, "route_key", "brand 4")
                asking.execute("SELECT set_config('rage.caller', %s, false)", [key.setting])
            assert recall(asking, made, passing, "") >= 0.99
            none = search(asking, made.queries[0], ", brands => '{brand 5}'")
            assert none == []


@pytest.fixture(scope="module")
def reader(store: Store) -> Iterator[psycopg.Connection]:
    """A login of brand 4."""
    with (
        login(store.url, "route_reader_only", "brand 4") as url,
        psycopg.connect(url, autocommit=True) as opened,
    ):
        yield opened


def test_what_others_have_is_not_told_by_counts(
    store: Store, connection: psycopg.Connection, reader: psycopg.Connection
) -> None:
    """The planner's statistics are of every brand, and its costs are anybody's to set."""
    attribute = "UPDATE rage.images AS i SET attributes = i.attributes || %s::jsonb FROM rage.brands AS b"
    with connection.transaction(force_rollback=False):
        connection.execute(
            f"{attribute} WHERE b.brand_id = i.brand_id AND b.name <> 'brand 4' AND i.image_id %% 3 = 0",
            ['{"campaign": "theirs"}'],
        )
        connection.execute(f"{attribute} WHERE i.image_id = 3 AND b.brand_id = 1", ['{"campaign": "theirs"}'])
    connection.execute("ANALYZE rage.images")
    reader.execute("SET cpu_tuple_cost = 1000")
    rows = search(reader, store.made.queries[0], ', attributes => \'{"campaign": "theirs"}\'')
    assert [row[2] for row in rows] == [1]
    wide = search(reader, store.made.queries[0])
    assert wide[0][2] == (store.made.brands == 4).sum()
    assert "estimated" not in wide[0][1]


def test_statement_of_who_sees_one_brand_tells_nothing_of_the_store(reader: psycopg.Connection) -> None:
    vector = json.dumps({"caption": [1.0] * 512})
    call = "SELECT rage_v1.search_statement('x', legs => '{\"caption\": 1}', vectors => %s::jsonb)"
    (printed,) = reader.execute(call, [vector]).fetchone() or ("",)
    assert "hnsw" not in printed
    assert "embeddings_1" in printed


def test_strategy_does_not_tell_of_what_others_have_near_a_vector(
    store: Store, connection: psycopg.Connection, reader: psycopg.Connection
) -> None:
    made = store.made
    # Far from the images of brand 4 that are left, near to those of the others.
    near = made.vectors @ made.queries[0] > np.median(made.vectors @ made.queries[0])
    hidden = [int(place) + 1 for place in np.flatnonzero(near & (made.brands == 4))]
    connection.execute("UPDATE rage.images SET state = 'draft' WHERE image_id = ANY (%s)", [hidden])
    try:
        told = {search(reader, query)[0][1] for query in made.queries}
        assert len(told) == 1
    finally:
        connection.execute("UPDATE rage.images SET state = 'approved' WHERE image_id = ANY (%s)", [hidden])
