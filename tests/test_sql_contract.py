"""rage_v1 as a host uses it: joined by its own keys, and statements that run as they are printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from rage_pg import index, migrate, search
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.evaluation import resolve
from rage_pg.providers import usem3
from tests.store import HashingEncoder, add, by, png

SEARCH = "('red lamp', tags_any => '{light}', attributes => '{\"price\": {\"gte\": 1}}')"


def rows(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


async def test_image_is_joined_by_any_of_its_external_ids(database: Database, database_url: str) -> None:
    image_id = await add(database, "lamp", content=png(1), external_id="A-1", brand="acme")
    assert await add(database, content=png(1), external_id="A-2", brand="acme") == image_id
    other = await add(database, "other", external_id="A-1", brand="other")
    statement = """
        SELECT asset, image_id, i.external_id
        FROM (VALUES ('A-1'), ('A-2'), ('A-3')) AS host (asset)
        JOIN rage_v1.image_identifiers AS x ON x.external_id = asset AND x.brand = 'acme'
        JOIN rage_v1.images AS i USING (image_id)
        ORDER BY asset
    """
    assert rows(database_url, statement) == [("A-1", image_id, "A-1"), ("A-2", image_id, "A-1")]
    assert await resolve(database, ["A-1", "A-2"]) == {"A-1": {image_id, other}, "A-2": {image_id}}


async def test_identifiers_are_external_ids_of_images_that_are_there(
    database: Database, database_url: str
) -> None:
    await add(database, "lamp", external_id="A-1")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO rage.image_identifiers (brand_id, image_id, root, identifier)"
            " SELECT brand_id, image_id, '/home/me', 'lamp.png' FROM rage.images"
        )
    statement = "SELECT brand, external_id FROM rage_v1.image_identifiers"
    assert rows(database_url, statement) == [("default", "A-1")]
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE rage.images SET deleted_at = now()")
    assert rows(database_url, statement) == []


@pytest.fixture
def hosts_vector(server_18: str, empty_database: Callable[[str], str]) -> str:
    """A database where the host had pgvector in a schema of its own, with a name that needs quotes."""
    url = empty_database(server_18)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute('CREATE SCHEMA "Host\'s"')
        connection.execute('CREATE EXTENSION vector SCHEMA "Host\'s"')
    migrate.upgrade(url)
    return url


@pytest.mark.parametrize("where", ["database_url", "hosts_vector"])
async def test_statement_runs_as_printed_under_any_search_path(
    where: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(where)
    async with Database(url, caller=SYSTEM) as database:
        for number in range(3):
            said: dict[str, Any] = {"tags": ("light/lamp",), "attributes": {"price": number}}
            await add(database, f"red lamp {number}", caption="A lamp", kind="style", **said)
        encoder = HashingEncoder(usem3.Usem3().identity)
        await index.fill(database, [encoder])
        await search.embed_prompt(database, by(encoder), "red lamp")
        direct = rows(url, f"SELECT rank, image_id FROM rage_v1.search_images{SEARCH}")
    [(statement,)] = rows(url, f"SELECT rage_v1.search_statement{SEARCH}")
    assert len(direct) == 2
    assert "caption AS (" in statement
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = pg_catalog")
        assert [row[:2] for row in connection.execute(statement).fetchall()] == direct


async def test_empty_array_matches_nothing_but_of_tags_all_and_tags_none(
    database: Database, database_url: str
) -> None:
    await add(database, "lamp")
    arrays = ("brands", "skus", "kinds", "states", "tags_any", "collections", "origins", "among")
    for argument in (*arrays, "tags_all", "tags_none"):
        found = rows(database_url, f"SELECT FROM rage_v1.search_images('lamp', {argument} => '{{}}')")
        assert len(found) == (argument not in arrays), argument
