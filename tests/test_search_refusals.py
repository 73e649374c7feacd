"""Searches that cannot be: each is refused in one line that names what is wrong with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from rage_pg import index
from rage_pg.database import Database
from rage_pg.types import MOST_AMONG
from tests.api_service import Client, problem, service
from tests.command_line import Rage, in_process
from tests.store import HashingEncoder, add

MILLION = "ARRAY(SELECT generate_series(1, 1000000)::bigint)"


def vector(element: str) -> str:
    """The argument that gives the caption leg 512 times the same."""
    return f"vectors => jsonb_build_object('caption', array_fill({element}, ARRAY[512]))"


def found(url: str, arguments: str, function: str = "search_images('lamp'") -> list[Any]:
    with psycopg.connect(url) as connection:
        statement = f"SELECT image_id FROM rage_v1.{function}, {arguments})"
        return [row[0] for row in connection.execute(statement.encode()).fetchall()]


IN_SQL = [
    ("legs => '{\"smell\": 1}'", "legs", 'unknown leg "smell": there are caption, image, style, text'),
    ("legs => '{\"text\": -1}'", "legs.text", "must be 0, or a number from 0.000001 to 1000000"),
    ("legs => '{\"text\": 1e50}'", "legs.text", "must be 0, or a number from"),
    ("legs => '{\"text\": 1e-60}'", "legs.text", "must be 0, or a number from"),
    ('legs => \'{"text": "1"}\'', "legs.text", "must be 0, or a number from"),
    ("legs => '{\"text\": null}'", "legs.text", "must be 0, or a number from"),
    ("legs => '{}'", "legs", "at least one leg needs a weight above 0"),
    ("legs => '[\"text\"]'", "legs", "legs must be an object"),
    ("legs => 'null'", "legs", "legs must be an object"),
    ("vectors => '[]'", "vectors", "vectors must be an object of leg names and vectors"),
    ("vectors => '5'", "vectors", "vectors must be an object"),
    ("vectors => 'null'", "vectors", "vectors must be an object"),
    ("vectors => '{\"smell\": [1]}'", "vectors", 'there is no leg "smell"'),
    ("vectors => '{\"text\": [1]}'", "vectors", 'there is no leg "text"'),
    ("vectors => '{\"caption\": [1, 2]}'", "vectors.caption", "must be an array of 512 numbers"),
    ("vectors => '{\"caption\": null}'", "vectors.caption", "must be an array of 512 numbers"),
    (vector("0::real"), "vectors.caption", "is zero: it has no direction"),
    (vector("1e-30::real"), "vectors.caption", "is zero: it has no direction"),
    (vector("NULL::real"), "vectors.caption", "must be an array of 512 numbers"),
    (vector("'NaN'::real"), "vectors.caption", "must be an array of 512 numbers"),
    (vector("'-Infinity'::real"), "vectors.caption", "must be an array of 512 numbers"),
    (vector("1e9::real"), "vectors.caption", "must be an array of 512 numbers"),
    (vector("'one'::text"), "vectors.caption", "must be an array of 512 numbers"),
    ("attributes => '5'", "attributes", "attributes must be an object"),
    ('attributes => \'{"price": {"above": 5}}\'', "attributes.price", "gt, gte, lt and lte"),
    ('attributes => \'{"price": {"gt": null}}\'', "attributes.price", "gt, gte, lt and lte"),
    ("attributes => '{\"price\": {}}'", "attributes.price", "gt, gte, lt and lte"),
    ("min_relevance => 'NaN'", "min_relevance", "min_relevance must be from 0 to 1"),
    ("min_relevance => NULL", "min_relevance", "min_relevance must be from 0 to 1"),
    ("k => 0", "k", "k must be from 1 to 200, not 0"),
    ("k => NULL", "k", "k must be from 1 to 200, not null"),
    ("tags_all => array_fill('red'::text, ARRAY[65])", "tags_all", "tags_all has 65 tags, at most 64"),
    (
        "attributes => (SELECT jsonb_object_agg(n, n) FROM generate_series(1, 65) AS n)",
        "attributes",
        "attributes has 65 names, at most 64",
    ),
    (f"among => {MILLION} || 0::bigint", "among", "among has 1000001 ids, at most 1000000"),
]


@pytest.mark.parametrize(("arguments", "field", "message"), IN_SQL)
def test_sql_names_the_field(database_url: str, arguments: str, field: str, message: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue) as caught:
        found(database_url, arguments)
    assert message in str(caught.value.diag.message_primary)
    assert caught.value.diag.column_name == field


def test_sql_names_an_argument_that_does_not_exist(database_url: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedFunction, match="colours =>"):
        found(database_url, "colours => ARRAY['red']")


async def test_among_takes_ids_that_do_not_exist_and_a_million_of_them(
    database: Database, database_url: str, encoder: HashingEncoder
) -> None:
    lamp = await add(database, "lamp")
    await add(database, "another lamp")
    await index.fill(database, [encoder])
    assert found(database_url, "among => ARRAY[-1, NULL, 999999999999]") == []
    assert found(database_url, f"among => ARRAY[-1, NULL, 999999999999, {lamp}]") == [lamp]
    assert lamp in found(database_url, f"among => {MILLION}")
    similar = f"similar_images({lamp}"
    assert len(found(database_url, f"among => {MILLION}", similar)) == 1
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="among has 1000001 ids"):
        found(database_url, f"among => {MILLION} || 0::bigint", similar)


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"legs": {"smell": 1}}, "legs"),
        ({"legs": {"text": -1}}, "legs.text"),
        ({"legs": {"text": 1e50}}, "legs.text"),
        ({"legs": {"text": 1e-60}}, "legs.text"),
        ({"legs": {"text": 0}}, "legs"),
        ({"legs": {"text": "one"}}, "legs[...]"),
        ({"legs": ["text"]}, "legs"),
        ({"filters": {"colour": ["red"]}}, "filters.colour"),
        ({"filters": {"tags": {"some": ["red"]}}}, "filters.tags.some"),
        ({"filters": {"kind": ["nonsense"]}}, "filters.kind[0]"),
        ({"filters": {"attributes": {"price": {"above": 5}}}}, "attributes.price"),
        ({"filters": {"attributes": {str(n): n for n in range(65)}}}, "attributes"),
        ({"filters": {"tags": {"all": ["red"] * 65}}}, "filters.tags.all"),
        ({"among": ["one"]}, "among[0]"),
        ({"among": [1.5]}, "among[0]"),
        ({"among": 7}, "among"),
        ({"colour": "red"}, "colour"),
        ({"vectors": {"caption": [1]}}, "vectors"),
    ],
)
async def test_http_names_the_field(client: Client, body: dict[str, Any], field: str) -> None:
    answer = await client.post("/api/search", json={"prompt": "lamp", **body})
    named = field.rsplit(".", maxsplit=1)[-1]
    assert named.removesuffix("s") in problem(answer, 400, "invalid-input", field)


@pytest.mark.parametrize("query", ["colour=red", "tags=red", "attribute=red", "attribute.=red"])
async def test_http_names_a_filter_that_does_not_exist(client: Client, query: str) -> None:
    field = query.partition("=")[0]
    for path in ("/api/images", "/api/facets", "/api/images/1/similar"):
        said = problem(await client.get(f"{path}?{query}"), 400, "invalid-input", field)
        assert said == f"Unknown parameter {field}."


async def test_list_of_too_many_tags_is_refused_at_once(client: Client) -> None:
    for path in ("/api/images", "/api/facets"):
        answer = await client.get(path, params={"tag": ["red"] * 3000})
        assert problem(answer, 400, "invalid-input", "tags_all").startswith("tags_all has 3000 tags")


async def test_among_over_http(client: Client, database: Database) -> None:
    lamp = await add(database, "lamp")

    async def answered(among: list[int]) -> Any:
        return await client.post("/api/search", json={"prompt": "lamp", "among": among})

    assert (await answered([lamp + 1, -1])).json()["items"] == []
    assert problem(await answered([1, 2**70]), 400, "invalid-input", "among[1]")
    million = (await answered(list(range(lamp, lamp + MOST_AMONG)))).json()
    assert [item["image"]["id"] for item in million["items"]] == [lamp]
    said = problem(await answered(list(range(MOST_AMONG + 1))), 400, "invalid-input", "among")
    assert said == "among must be a list of at most 1000000 entries."


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--leg smell=1", 'unknown leg "smell"'),
        ("--leg text=-1", "'--leg'"),
        ("--leg text=9999999", 'the weight of leg "text"'),
        ("--leg text", "'--leg'"),
        ("--leg text=0", "at least one leg"),
        ("--among one", "'--among'"),
        ("--among 99999999999999999999", "'--among'"),
        ("--colour red", "--colour"),
        ("--kind nonsense", "'--kind'"),
        ("--attribute price", "'--attribute'"),
        ("-k 201", "'-k'"),
        ("--min-relevance 2", "'--min-relevance'"),
        (" ".join(["--tag red"] * 65), "tags_all has 65 tags"),
    ],
)
def test_command_line_names_the_option_in_one_line(rage: Rage, options: str, words: str) -> None:
    outcome = rage("search", "lamp", *options.split())
    assert (outcome.code, words in outcome.complaint) == (2, True), outcome.err


def test_command_line_takes_ids_that_do_not_exist(rage: Rage) -> None:
    outcome = rage("search", "lamp", "--among", "1,999999999999999999", "--json")
    assert (outcome.code, outcome.json["items"]) == (0, [])
