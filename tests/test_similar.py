"""Images like an image, in SQL and over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from rage_pg import index
from rage_pg.catalogue import images
from rage_pg.database import Database
from tests.api_service import Client, problem, service
from tests.store import HashingEncoder, add, png


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


@pytest.fixture
async def lamp(database: Database, encoder: HashingEncoder) -> int:
    """The id of "red glass lamp", beside a lamp, a boat and a draft."""
    content = png()
    lamp = await add(database, "red glass lamp", content=content, brand="lumen")
    await add(database, "red glass lamp", content=content, brand="north")
    await add(database, "glass lamp", tags=("light/lamp",), brand="lumen")
    await add(database, "red boat", brand="north")
    await add(database, "red glass lantern", state="draft")
    await index.fill(database, [encoder])
    await add(database, brand="lumen")
    return lamp


def similar(url: str, arguments: str, *values: Any) -> list[Any]:
    with psycopg.connect(url) as connection:
        statement = (
            f"SELECT title, distance, strategy, matched, complete FROM rage_v1.similar_images({arguments})"
        )
        return connection.execute(statement.encode(), values).fetchall()


async def test_nearest_come_first_without_itself_and_its_duplicates(lamp: int, database_url: str) -> None:
    rows = similar(database_url, "%s", lamp)
    assert [row[0] for row in rows] == ["glass lamp", "red boat"]
    assert 0 < rows[0][1] < rows[1][1]
    assert {row[2:] for row in rows} == {("exact: caption", 3, True)}


async def test_distance_is_that_of_the_vectors(lamp: int, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("SET search_path = rage")
        wanted = connection.execute(
            "SELECT a.embedding <=> b.embedding"
            " FROM embeddings AS a, embeddings AS b JOIN images USING (image_id)"
            " WHERE a.image_id = %s AND title = 'glass lamp'",
            [lamp],
        ).fetchone()
    assert wanted is not None
    assert similar(database_url, "%s, k => 1", lamp)[0][1] == pytest.approx(wanted[0], abs=1e-6)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("brands => '{north}'", ["red boat"]),
        ("tags_all => '{light}'", ["glass lamp"]),
        ("tags_none => '{light}'", ["red boat"]),
        ("states => '{draft}'", ["red glass lantern"]),
        ("k => 1", ["glass lamp"]),
        ("among => '{}'", []),
        ("min_width => 5000", []),
    ],
)
async def test_filters_are_those_of_a_search(
    lamp: int, database_url: str, filters: str, found: list[str]
) -> None:
    assert [row[0] for row in similar(database_url, f"%s, {filters}", lamp)] == found


async def test_among_confines_to_ids(lamp: int, database: Database, database_url: str) -> None:
    listed = [await images.get(database, number) for number in range(lamp, lamp + 4)]
    boat = next(image.id for image in listed if image.title == "red boat")
    rows = similar(database_url, "%s, among => %s", lamp, [boat, lamp, 999_999])
    assert [row[0] for row in rows] == ["red boat"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'image'", 'images cannot be compared by "image": there are caption, style'),
        ("'text'", 'images cannot be compared by "text"'),
        ("NULL", 'images cannot be compared by "null"'),
        ("'x; DROP TABLE rage.images'", "images cannot be compared"),
        ("k => 0", "k must be from 1 to 200"),
        ("k => NULL", "k must be from 1 to 200"),
        ("attributes => '[]'", "attributes must be an object"),
    ],
)
async def test_bad_arguments_are_refused_by_name(
    lamp: int, database_url: str, arguments: str, message: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=message):
        similar(database_url, f"%s, {arguments}", lamp)


@pytest.mark.parametrize("image_id", [-1, 0, 999_999, None])
async def test_unknown_image_is_an_error(lamp: int, database_url: str, image_id: int | None) -> None:
    with pytest.raises(psycopg.errors.NoDataFound, match="there is no image"):
        similar(database_url, "%s", image_id)


async def test_deleted_image_is_unknown(lamp: int, database: Database, database_url: str) -> None:
    await images.delete(database, lamp, erase=False)
    with pytest.raises(psycopg.errors.NoDataFound, match="there is no image"):
        similar(database_url, "%s", lamp)


async def test_over_http_with_filters(lamp: int, client: Client) -> None:
    answer = (await client.get(f"/api/images/{lamp}/similar")).json()
    assert [item["image"]["title"] for item in answer["items"]] == ["glass lamp", "red boat"]
    assert (answer["strategy"], answer["matched"], answer["complete"]) == ("exact: caption", 3, True)
    assert answer["items"][0]["distance"] < answer["items"][1]["distance"]
    filtered = (await client.get(f"/api/images/{lamp}/similar?by=caption&tag=light&k=3")).json()
    assert [item["image"]["title"] for item in filtered["items"]] == ["glass lamp"]
    nothing = (await client.get(f"/api/images/{lamp}/similar?brand=nobody")).json()
    assert nothing == {"items": [], "strategy": "exact: caption", "matched": 0, "complete": True}


async def test_image_without_a_vector_is_a_conflict(lamp: int, client: Client) -> None:
    said = problem(await client.get(f"/api/images/{lamp}/similar?by=style"), 409, "conflict")
    assert 'has no vector yet to compare by "style"' in said


async def test_bad_requests_over_http(lamp: int, client: Client) -> None:
    problem(await client.get("/api/images/999999/similar"), 404, "not-found")
    for query in ("by=text", "by=", "k=0", "k=201", "prompt=x", "attribute.=1"):
        answer = await client.get(f"/api/images/{lamp}/similar?{query}")
        assert answer.status_code == 400, (query, answer.text)
    said = problem(await client.get(f"/api/images/{lamp}/similar?by=image"), 400, "invalid-input", "by")
    assert "there are caption, style" in said
