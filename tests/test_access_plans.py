"""Plans under row-level security: indexes are used as without it; the caller is asked for once a query."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from benchmarks import large_store
from rage_pg import migrate
from tests.conftest import clone
from tests.granting import caller, login


@pytest.fixture(scope="module")
def store(server_18: str) -> str:
    """The operator's URL of 5,000 images of ten brands."""
    url = clone(server_18, "template0")
    migrate.upgrade(url, app_logs_in=True)
    large_store.fill(url, images=5_000, brands=10)
    return url


@pytest.fixture(scope="module")
def reader(store: str) -> Iterator[psycopg.Connection]:
    """A SQL login of brand 3."""
    with login(store, "plan_reader", "brand 3") as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def service(store: str) -> Iterator[psycopg.Connection]:
    """The service, on behalf of a key of brand 3."""
    key = caller(store, "plan_key", "brand 3")
    with psycopg.connect(store.replace("//postgres@", "//rage_app@"), autocommit=True) as connection:
        connection.execute("SELECT set_config('rage.caller', %s, false)", [key.setting])
        yield connection


@pytest.fixture(params=["reader", "service"])
def asking(request: pytest.FixtureRequest) -> psycopg.Connection:
    connection: psycopg.Connection = request.getfixturevalue(request.param)
    return connection


def plan_of(connection: psycopg.Connection, statement: str) -> list[dict[str, Any]]:
    """Every node of the plan."""
    row = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode()).fetchone()
    assert row is not None
    tree = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return list(nodes(tree[0]["Plan"]))


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


def indexes(plan: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in plan if "Index Name" in node}


def scanned(plan: list[dict[str, Any]]) -> set[str]:
    """Tables that are read from end to end."""
    return {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}


def search_plan(asking: psycopg.Connection, store: str, arguments: str) -> list[dict[str, Any]]:
    """How the search of who asks is planned. It runs as the owner; its brands are written into it."""
    row = asking.execute(f"SELECT rage_v1.search_statement({arguments})".encode()).fetchone()
    assert row is not None
    with psycopg.connect(store, autocommit=True) as owner:
        return plan_of(owner, row[0])


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT * FROM rage_v1.images WHERE image_id = 22", "images_pkey"),
        (
            "SELECT * FROM rage_v1.image_identifiers WHERE external_id = 'asset 22'",
            "image_identifiers_external_id",
        ),
        ("SELECT * FROM rage_v1.image_products WHERE sku = 'SKU-22'", "image_products_sku"),
        ("SELECT * FROM rage_v1.image_tags WHERE image_id = 22", "image_tags_pkey"),
    ],
)  # fmt: skip
def test_views_use_their_indexes(asking: psycopg.Connection, statement: str, index: str) -> None:
    plan = plan_of(asking, statement)
    assert index in indexes(plan)
    assert scanned(plan) <= {"brands", "captions"}, "of these two there are a handful"


def test_tag_is_looked_up_by_its_number(asking: psycopg.Connection, store: str) -> None:
    plan = search_plan(asking, store, "'thing', tags_all => '{rare 5}'")
    assert "image_tags_by_tag" in indexes(plan)
    assert not scanned(plan) & {"images", "image_tags", "image_documents"}


def test_rare_attribute_uses_its_index(asking: psycopg.Connection, store: str) -> None:
    plan = search_plan(asking, store, "'thing', attributes => '{\"colour\": \"shade 12\"}'")
    assert "images_attributes" in indexes(plan)
    assert not scanned(plan) & {"images", "image_documents"}


def test_brands_of_the_caller_narrow_a_search_without_filter(asking: psycopg.Connection, store: str) -> None:
    plan = search_plan(asking, store, "'thing'")
    matching = [node for node in plan if "brand_id" in str(node.get("Index Cond"))]
    # The words are looked up with the brand: what others have of a word costs nothing.
    assert {node["Index Name"] for node in matching} == {"images_brand_image_unique", "image_documents_words"}
    assert "images" not in scanned(plan)


def test_words_are_counted_by_their_index(service: psycopg.Connection, store: str) -> None:
    counting = """
        SELECT count(*) FROM rage.image_documents AS d
        WHERE d.words @@ 'group17'::tsquery AND d.brand_id = ANY ('{2,12}')
    """
    with psycopg.connect(store, autocommit=True) as owner:
        assert "image_documents_words" in indexes(plan_of(owner, counting))
    # Under the policies the operator @@ is not leakproof: that is why searches run as the owner.
    under_policies = counting.replace("AND d.brand_id = ANY ('{2,12}')", "")
    assert "image_documents" in scanned(plan_of(service, under_policies))


def test_vectors_of_few_matches_are_fetched_by_image(asking: psycopg.Connection, store: str) -> None:
    vector = json.dumps({"caption": [0.1] * 512})
    plan = search_plan(asking, store, f"'thing', tags_all => '{{rare 5}}', vectors => '{vector}'")
    by_image = {
        node["Index Name"]
        for node in plan
        if node.get("Relation Name") == "embeddings_1" and "Index Name" in node
    }
    assert by_image == {"embeddings_1_pkey"}


def test_caller_is_asked_for_once_a_statement(asking: psycopg.Connection) -> None:
    plan = plan_of(asking, "SELECT count(*) FROM rage_v1.image_products")
    per_row = [
        node
        for node in plan
        if "allowed_brands(" in str(node.get("Filter")) or "sees_" in str(node.get("Filter"))
    ]
    assert per_row == []
    assert any(node.get("Subplan Name", "").startswith("InitPlan") for node in plan)


def test_same_rows_with_and_without_policies(asking: psycopg.Connection, store: str) -> None:
    ours = "SELECT count(*), sum(image_id) FROM rage_v1.images"
    with psycopg.connect(store) as owner:
        wanted = owner.execute(f"{ours} WHERE brand IN ('brand 3', 'shared')".encode()).fetchone()
    assert wanted is not None
    assert wanted[0] == 500
    assert asking.execute(ours.encode()).fetchone() == wanted


@pytest.mark.parametrize("call", ["search_images('x')", "similar_images(22)"])
def test_what_was_found_is_joined_by_its_id(asking: psycopg.Connection, call: str) -> None:
    plan = plan_of(asking, f"SELECT * FROM rage_v1.{call} JOIN rage_v1.images USING (image_id)")
    assert "images_pkey" in indexes(plan)
    assert "images" not in scanned(plan)
