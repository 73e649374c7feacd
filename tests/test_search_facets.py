"""Counts over what a search finds, in SQL and over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import psycopg
import pytest

from rage_pg import index
from rage_pg.database import Database
from rage_pg.providers import usem3
from rage_pg.runtime import Runtime
from tests.api_service import Client, problem, service
from tests.store import HashingEncoder, add


def without_model(runtime: Runtime) -> None:
    runtime.encoders._made[usem3.NAME, None] = HashingEncoder(usem3.Usem3().identity)


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url, on_ready=without_model) as opened:
        yield opened


def facets(url: str, arguments: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        statement = f"SELECT * FROM rage_v1.search_facets({arguments})"
        return connection.execute(statement.encode()).fetchall()


async def test_rows_are_facet_name_value_and_count(filtered: Database, database_url: str) -> None:
    assert facets(database_url, "'lamp', skus => '{L-1}'") == [
        ("attributes", "colours", "blue", 1),
        ("attributes", "colours", "red", 1),
        ("attributes", "price", "12.50", 1),
        ("attributes", "season", "summer", 1),
        ("brands", None, "Lumen", 1),
        ("kinds", None, "product", 1),
        ("tags", None, "light/lamp", 1),
        ("tags", None, "red", 1),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        "'lamp'",
        "'lamp', k => 2",
        "'summer lamp', min_relevance => 0.9",
        "'lamp', brands => '{lumen}', tags_none => '{red}'",
        "'lamp', states => '{draft,approved}', without => '{1}'",
        "'lamp', k => 1, among => '{1,2}', legs => '{\"text\": 2}'",
        "'lamp', brands => '{nobody}'",
    ],
)
async def test_counts_are_of_what_the_same_search_finds(
    filtered: Database, database_url: str, arguments: str
) -> None:
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            f"SELECT i.kind, i.brand, i.tags FROM rage_v1.search_images({arguments})"
            " JOIN rage_v1.images AS i USING (image_id)".encode()
        ).fetchall()
    counted: dict[str, Counter[str]] = {"kinds": Counter(), "brands": Counter(), "tags": Counter()}
    for kind, brand, tags in found:
        counted["kinds"][kind] += 1
        counted["brands"][brand] += 1
        counted["tags"].update(tags)
    told: dict[str, Counter[str]] = {"kinds": Counter(), "brands": Counter(), "tags": Counter()}
    for facet, _, value, count in facets(database_url, arguments):
        if facet != "attributes":
            told[facet][value] = count
    assert told == counted


async def test_best_200_are_counted_unless_k_is_given(database: Database, database_url: str) -> None:
    for number in range(203):
        await add(database, f"lamp {number}")
    assert ("kinds", None, "other", 200) in facets(database_url, "'lamp'")
    assert ("kinds", None, "other", 7) in facets(database_url, "'lamp', k => 7")


@pytest.mark.parametrize(
    ("arguments", "message", "field"),
    [
        ("' '", "the prompt is empty", "prompt"),
        ("'lamp', k => 201", "k must be from 1 to 200", "k"),
        ("'lamp', legs => '{\"smell\": 1}'", 'unknown leg "smell"', "legs"),
        ("'lamp', attributes => '[]'", "attributes must be an object", "attributes"),
    ],
)
async def test_bad_arguments_are_refused_like_those_of_a_search(
    database_url: str, arguments: str, message: str, field: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=message) as caught:
        facets(database_url, arguments)
    assert caught.value.diag.column_name == field


async def asked(client: Client, query: str) -> dict[str, Any]:
    answer = await client.get(f"/api/facets?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_prompt_is_embedded_and_its_best_images_are_counted(
    client: Client, filtered: Database, encoder: HashingEncoder
) -> None:
    await index.fill(filtered, [encoder])
    found = await asked(client, "prompt=winter%20lamp&brand=lumen&attribute.season=winter")
    assert set(found) == {"counted", "tags", "brands", "kinds", "attributes"}
    assert (found["counted"], found["brands"]) == (1, [{"value": "Lumen", "count": 1}])
    assert found["attributes"]["season"] == [{"value": "winter", "count": 1}]
    async with filtered.reading() as connection:
        cursor = await connection.execute("SELECT prompt FROM rage.prompt_vectors")
        assert [row["prompt"] for row in await cursor.fetchall()] == ["winter lamp"]
        cursor = await connection.execute("SELECT count(*) FROM rage.searches")
        assert await cursor.fetchall() == [{"count": 0}]
    close = await asked(client, "prompt=winter%20lamp&min_relevance=0.95")
    assert close["counted"] == 1


async def test_with_a_prompt_a_searchs_defaults_hold(client: Client, database: Database) -> None:
    await add(database, "lamp")
    await add(database, "draft lamp", state="draft")
    await add(database, "lamp of old", usable_until=date(2001, 1, 1))
    assert (await asked(client, ""))["counted"] == 3
    assert (await asked(client, "prompt=lamp"))["counted"] == 1
    assert (await asked(client, "prompt=lamp&state=draft"))["counted"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("prompt=lamp&q=lamp", "q"),
        ("min_relevance=0.5", "min_relevance"),
        ("prompt=lamp&min_relevance=2", "min_relevance"),
        ("prompt=", "prompt"),
        ("prompt=%20", "prompt"),
        ("prompt=lamp&k=3", "k"),
    ],
)
async def test_bad_queries_are_refused_by_name(client: Client, query: str, field: str) -> None:
    assert field in problem(await client.get(f"/api/facets?{query}"), 400, "invalid-input", field)
