"""Which way a vector leg is searched, and that the answer is the exact one whichever way it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import psycopg
import pytest

from benchmarks.clustered_store import Clustered
from rage_pg import index
from rage_pg.errors import NotFound
from tests.routed import K, Store, everything, half, recall, search, store_on, strategies


@pytest.fixture(scope="module", params=[16, 18])
def store(request: pytest.FixtureRequest) -> Store:
    return store_on(request.getfixturevalue(f"server_{request.param}"))


@pytest.fixture
def connection(store: Store) -> Iterator[psycopg.Connection]:
    with psycopg.connect(store.url, autocommit=True) as opened:
        yield opened


def test_without_filter_the_index_answers(store: Store, connection: psycopg.Connection) -> None:
    assert strategies(connection, store.made, "") == {"hnsw: caption"}
    assert recall(connection, store.made, everything(store.made), "") >= 0.99


def test_wide_filter_is_applied_to_the_candidates_of_the_index(
    store: Store, connection: psycopg.Connection
) -> None:
    passing, arguments = half(store.made)
    assert strategies(connection, store.made, arguments) == {"hnsw: caption"}
    assert recall(connection, store.made, passing, arguments) >= 0.99


@pytest.mark.parametrize(
    ("tags", "arguments"),
    [
        (("one",), ", tags_all => '{one}'"),
        (("tenth",), ", tags_all => '{tenth}'"),
        (("ten a", "ten b"), ", tags_all => '{ten a,ten b}'"),
    ],
)
def test_narrow_filter_compares_every_match(
    store: Store, connection: psycopg.Connection, tags: tuple[str, ...], arguments: str
) -> None:
    passing = np.logical_and.reduce([store.made.tags[tag] for tag in tags])
    assert strategies(connection, store.made, arguments) == {"exact: caption"}
    assert recall(connection, store.made, passing, arguments) == 1.0
    assert search(connection, store.made.queries[0], arguments)[0][2] == passing.sum()


def test_tag_of_a_tenth_is_right_whichever_way(store: Store, connection: psycopg.Connection) -> None:
    assert recall(connection, store.made, store.made.tags["ten a"], ", tags_all => '{ten a}'") >= 0.99
    brand = store.made.brands == 3
    assert recall(connection, store.made, brand, ", brands => '{brand 3}'") >= 0.99


def test_filter_far_from_the_query_falls_back_to_every_match(
    store: Store, connection: psycopg.Connection
) -> None:
    made = store.made
    # Half of the images again, and none of them near any query: the scan of the index finds no match.
    likeness = made.vectors @ made.queries.mean(axis=0)
    passing = likeness < np.median(likeness)
    ids = [int(place) + 1 for place in np.flatnonzero(passing)]
    for query in made.queries:
        rows = search(connection, query, ", among => %s", [ids])
        assert [row[0] for row in rows] == made.nearest(query, passing, K)
        assert rows[0][1] == "exact: caption"
        assert rows[0][2] == passing.sum()
        assert rows[0][3]


def test_among_a_thousand_and_among_a_million_ids(store: Store, connection: psycopg.Connection) -> None:
    made = store.made
    chosen = np.zeros(len(made.vectors), dtype=np.bool_)
    chosen[::4] = True
    ids = [int(place) + 1 for place in np.flatnonzero(chosen)]
    query = made.queries[0]
    few = search(connection, query, ", among => %s", [ids])
    assert [row[0] for row in few] == made.nearest(query, chosen, K)
    million = search(connection, query, ", among => ARRAY(SELECT generate_series(1, 1000000))")
    nearest = made.nearest(query, everything(made), K)
    assert len({row[0] for row in million} & set(nearest)) >= K - 1


def test_report_tells_the_strategy_that_ran(store: Store, connection: psycopg.Connection) -> None:
    passing, arguments = half(store.made)
    vector = json.dumps({"caption": [float(x) for x in store.made.queries[0]]})
    statement = (
        "SELECT strategy, matched, complete FROM rage_v1.search_report('x', 10, legs => '{\"caption\": 1}',"
        f" vectors => %s::jsonb{arguments})"
    )
    row = connection.execute(statement.encode(), [vector]).fetchone()
    assert row == ("hnsw: caption", passing.sum(), True)


def test_prepared_a_dozen_times_it_stays_right(store: Store, connection: psycopg.Connection) -> None:
    """A generic plan would not know how rare a tag is."""
    statement = (
        "SELECT image_id FROM rage_v1.search_images('x', 10, legs => '{\"caption\": 1}',"
        " vectors => %s::jsonb, tags_all => %s::text[])"
    )
    query = store.made.queries[0]
    vector = json.dumps({"caption": [float(x) for x in query]})
    for tag in ["ten a", "tenth", "one", "far"] * 4:
        rows = connection.execute(statement, [vector, [tag]], prepare=True).fetchall()
        assert [row[0] for row in rows] == store.made.nearest(query, store.made.tags[tag], K), tag


def test_settings_of_the_scan_do_not_stay(store: Store, connection: psycopg.Connection) -> None:
    shown = (
        "SELECT current_setting('hnsw.ef_search'), current_setting('hnsw.iterative_scan'),"
        " current_setting('jit')"
    )
    with connection.transaction():
        connection.execute("SET LOCAL hnsw.ef_search = 77")
        connection.execute("SET LOCAL hnsw.iterative_scan = 'relaxed_order'")
        connection.execute("SET LOCAL jit = on")
        assert search(connection, store.made.queries[0])[0][1].startswith("hnsw")
        assert connection.execute(shown).fetchone() == ("77", "relaxed_order", "on")


def test_invalid_index_is_not_asked(store: Store, connection: psycopg.Connection) -> None:
    invalid = "UPDATE pg_index SET indisvalid = %s WHERE indexrelid = 'rage.embeddings_1_hnsw'::regclass"
    connection.execute(invalid, [False])
    try:
        assert strategies(connection, store.made, "") == {"exact: caption"}
        assert recall(connection, store.made, everything(store.made), "") == 1.0
    finally:
        connection.execute(invalid, [True])


def test_after_deletes_and_inserts_the_answer_is_still_right(store: Store) -> None:
    made = store.made
    gone = np.zeros(len(made.vectors), dtype=np.bool_)
    for query in made.queries:
        gone[[number - 1 for number in made.nearest(query, everything(made), K)]] = True
    ids = [int(place) + 1 for place in np.flatnonzero(gone)]
    _, arguments = half(made)
    # Not committed: every connection of the module shares the store.
    with psycopg.connect(store.url) as connection:
        connection.execute("UPDATE rage.images SET deleted_at = now() WHERE image_id = ANY (%s)", [ids])
        assert recall(connection, made, ~gone, "") >= 0.99
        assert recall(connection, made, ~gone & half(made)[0], arguments) >= 0.99
        connection.execute("DELETE FROM rage.embeddings WHERE image_id = ANY (%s)", [ids])
        assert recall(connection, made, ~gone, "") >= 0.99
        connection.execute("UPDATE rage.images SET deleted_at = NULL WHERE image_id = ANY (%s)", [ids])
        again = (
            "INSERT INTO rage.embeddings (space_id, image_id, brand_id, input_sha256, embedding)"
            " SELECT 1, i.image_id, i.brand_id, d.input_sha256, %s::rage.halfvec"
            " FROM rage.images AS i JOIN rage.image_documents AS d USING (image_id) WHERE i.image_id = %s"
        )
        for number in ids:
            connection.execute(again, [str([float(x) for x in made.vectors[number - 1]]), number])
        assert recall(connection, made, everything(made), "") >= 0.99
        connection.rollback()


CLOSE = """
UPDATE rage.images AS i
SET (state, deleted_at, usable_from, usable_until) = (
    SELECT CASE i.image_id %% 5 WHEN 0 THEN 'draft' WHEN 1 THEN 'retired' ELSE 'approved' END,
           CASE i.image_id %% 5 WHEN 2 THEN now() END,
           CASE i.image_id %% 5 WHEN 3 THEN current_date + 1 WHEN 4 THEN current_date - 7 END,
           CASE i.image_id %% 5 WHEN 4 THEN current_date - (i.image_id %% 2)::integer END
)
WHERE image_id = ANY (%s)
"""


@pytest.mark.parametrize("closed", [20, 2_000])
def test_images_that_are_not_open_are_left_out(store: Store, closed: int) -> None:
    """By their own index while they are few, by their columns where they are many."""
    made = store.made
    nearest = np.argsort(-(made.vectors @ made.queries[0]), kind="stable")[:closed]
    ids = nearest + 1
    passing = everything(made)
    passing[nearest] = False
    # Usable for a week, until today.
    passing[[number - 1 for number in ids if number % 5 == 4 and number % 2 == 0]] = True
    with psycopg.connect(store.url) as connection:
        connection.execute(CLOSE, [[int(number) for number in ids]])
        connection.execute("ANALYZE rage.images")
        assert ("images_closed" in indexes(plan_of(connection, made, ""))) == (closed == 20)
        for wanted, arguments in [
            (passing, ""),
            (passing & half(made)[0], half(made)[1]),
            (passing & made.tags["one"], ", tags_all => '{one}'"),
            (passing & made.tags["ten a"] & made.tags["ten b"], ", tags_all => '{ten a,ten b}'"),
            (passing & (made.brands == 3), ", brands => '{brand 3}'"),
        ]:
            assert recall(connection, made, wanted, arguments) >= 0.99, arguments
        connection.rollback()


def plan_of(connection: psycopg.Connection, made: Clustered, arguments: str) -> list[dict[str, Any]]:
    """Nodes of the plan of a search, under the settings that it runs with."""
    vector = json.dumps({"caption": [float(x) for x in made.queries[0]]})
    statement = (
        "SELECT rage_v1.search_statement('x', 10, legs => '{\"caption\": 1}',"
        f" vectors => %s::jsonb{arguments})"
    )
    row = connection.execute(statement.encode(), [vector]).fetchone()
    assert row is not None
    with connection.transaction():
        connection.execute("SET LOCAL random_page_cost = 1.1")
        (explained,) = connection.execute(f"EXPLAIN (FORMAT JSON) {row[0]}".encode()).fetchone() or ((),)
    return list(_nodes(explained[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def indexes(plan: Sequence[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in plan if "Index Name" in node}


def test_plans_of_both_routes(store: Store, connection: psycopg.Connection) -> None:
    _, arguments = half(store.made)
    by_index = plan_of(connection, store.made, arguments)
    assert "embeddings_1_hnsw" in indexes(by_index)
    exact = plan_of(connection, store.made, ", tags_all => '{one}'")
    assert "embeddings_1_hnsw" not in indexes(exact)
    assert {"embeddings_1_pkey", "image_tags_by_tag"} <= indexes(exact)
    assert not [node for node in exact if node["Node Type"] == "Seq Scan"]


def test_two_tags_begin_with_the_tags(store: Store, connection: psycopg.Connection) -> None:
    plan = plan_of(connection, store.made, ", tags_all => '{ten a,ten b}'")
    assert "images" not in {n["Relation Name"] for n in plan if n["Node Type"] == "Seq Scan"}


async def test_brand_gets_an_index_of_its_own(store: Store, connection: psycopg.Connection) -> None:
    made = store.made
    passing = made.brands == 3
    connection.execute("UPDATE rage.embedding_spaces SET ef_search = 20 WHERE name = 'usem3'")
    built = await index.rebuild(store.url, "usem3", brand="Brand 3")
    try:
        arguments = ", brands => '{brand 3}'"
        assert strategies(connection, made, arguments) == {"hnsw of the brand: caption"}
        assert recall(connection, made, passing, arguments) >= 0.99
        assert indexes(plan_of(connection, made, arguments)) >= {built.index}
        two = ", brands => '{brand 3,brand 4}'"
        assert "hnsw of the brand: caption" not in strategies(connection, made, two)
        assert recall(connection, made, passing | (made.brands == 4), two) >= 0.99
        narrow = ", brands => '{brand 3}', tags_all => '{ten a}'"
        assert recall(connection, made, passing & made.tags["ten a"], narrow) == 1.0
    finally:
        assert await index.drop(store.url, "usem3", "brand 3") == built.index
        connection.execute("UPDATE rage.embedding_spaces SET ef_search = 100 WHERE name = 'usem3'")
    with pytest.raises(NotFound, match="no index of its own"):
        await index.drop(store.url, "usem3", "brand 3")
    with pytest.raises(NotFound, match="no brand 'nobody'"):
        await index.rebuild(store.url, "usem3", brand="nobody")


def test_more_than_a_thousand_candidates(store: Store, connection: psycopg.Connection) -> None:
    made = store.made
    connection.execute("UPDATE rage.embedding_spaces SET candidate_cost = 0.01 WHERE name = 'usem3'")
    try:
        statement = (
            "SELECT image_id, strategy FROM rage_v1.search_images('x', 60, tags_all => '{ten a}',"
            " legs => '{\"caption\": 1}', vectors => %s::jsonb)"
        )
        shares, seen = [], set()
        for query in made.queries:
            vector = json.dumps({"caption": [float(x) for x in query]})
            rows = connection.execute(statement, [vector]).fetchall()
            wanted = made.nearest(query, made.tags["ten a"], 60)
            shares.append(len({row[0] for row in rows} & set(wanted)) / 60)
            seen.add(rows[0][1].partition(";")[0])
            assert len(rows) == 60
        assert "hnsw: caption" in seen
        assert np.mean(shares) >= 0.97
    finally:
        connection.execute("UPDATE rage.embedding_spaces SET candidate_cost = 0.5 WHERE name = 'usem3'")


def test_similar_images_take_the_same_routes(store: Store, connection: psycopg.Connection) -> None:
    made = store.made
    statement = "SELECT image_id, strategy FROM rage_v1.similar_images(%s, 'caption', 10, tags_all => %s)"
    for tags, route in ([], "hnsw: caption"), (["one"], "exact: caption"):
        shares = []
        for place in range(0, 120, 10):
            rows = connection.execute(statement, [place + 1, tags]).fetchall()
            passing = made.tags[tags[0]].copy() if tags else everything(made)
            passing[place] = False
            wanted = made.nearest(made.vectors[place], passing, K)
            shares.append(len({row[0] for row in rows} & set(wanted)) / len(wanted))
            assert rows[0][1].partition(";")[0] == route
        assert np.mean(shares) >= 0.99
