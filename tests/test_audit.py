"""The audit log: who did what to which object, when; added to by triggers, changed by nobody."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from rage_pg import generation, ingest
from rage_pg.catalogue import brands, collections, images, tags
from rage_pg.database import Database
from rage_pg.types import ImageMetadata, Rating
from tests.generating import FakeGenerator, ask, make, rows
from tests.granting import caller, login
from tests.store import add

LINES = "SELECT actor, action, object, object_id, brand, details FROM rage_v1.audit_log"


async def lines(database: Database, **wanted: Any) -> list[tuple[Any, ...]]:
    """Actor, action, object, id, brand and columns, in the order of arrival."""
    found = await rows(
        database,
        "SELECT a.actor, a.action, a.object, a.object_id, b.name AS brand, a.details -> 'columns' AS columns"
        " FROM rage.audit_log AS a LEFT JOIN rage.brands AS b USING (brand_id) ORDER BY a.entry_id",
    )
    return [
        tuple(line.values()) for line in found if all(line[name] == value for name, value in wanted.items())
    ]


async def test_every_change_of_an_image_has_a_line(database: Database) -> None:
    image_id = await add(database, "lamp", brand="acme")
    await ingest.edit_images(database, [image_id], ImageMetadata(title="a lamp", state="draft"))
    await ingest.edit_images(database, [image_id], ImageMetadata(caption="It shines."))
    await images.delete(database, image_id)
    await images.delete(database, image_id, erase=True)
    name = str(image_id)
    assert [line[:4] for line in await lines(database, object="images")] == [
        ("system", "create", "images", name),
        ("system", "update", "images", name),
        ("system", "update", "images", name),
        ("system", "delete", "images", name),
        ("system", "erase", "images", name),
    ]
    assert [line[5] for line in await lines(database, object="images", action="update")] == [
        ["state", "title"],
        [],
    ]
    assert {line[4] for line in await lines(database, object="images")} == {"acme"}


async def test_what_changes_nothing_has_no_line(database: Database) -> None:
    image_id = await add(database, "lamp")
    before = await lines(database)
    await ingest.edit_images(database, [image_id], ImageMetadata(title="lamp"))
    assert await lines(database) == before


async def test_key_is_named(database: Database, database_url: str) -> None:
    await add(database, "lamp", brand="acme", tags=("old",))
    key = database.acting_for(caller(database_url, "web", "acme"))
    await tags.rename(key, "old", "new", brand="acme")
    await collections.put(key, "best", brand="acme", image_ids=[await add(key, "table", brand="acme")])
    await brands.update(key, "acme", title="Acme", guidelines="Be bold.")
    done = [line[1:3] for line in await lines(database, actor="key:web")]
    assert done == [
        ("update", "images"),
        ("update", "tags"),
        ("create", "images"),
        ("create", "collections"),
        ("create", "collection_images"),
        ("update", "brands"),
    ]
    assert (await lines(database, object="brands", action="update"))[0][5] == ["guidelines", "title"]


async def test_generations_are_told_by_who_asked_cancelled_rated_and_kept(database: Database) -> None:
    image_id = await add(database, "lamp")
    made = await make(database, FakeGenerator(), image_id)
    await generation.rate(database, made.id, 1, Rating(rating=1))
    await generation.keep(database, made.id, 1)
    given_up = await ask(database, FakeGenerator(), image_id)
    await generation.cancel(database, given_up.id)
    about = [
        line[1:4]
        for line in await lines(database)
        if line[2] in ("generations", "generation_outputs", "ratings")
    ]
    assert about == [
        ("create", "generations", str(made.id)),
        ("create", "ratings", f"{made.id}/1/"),
        ("keep", "generation_outputs", f"{made.id}/1"),
        ("create", "generations", str(given_up.id)),
        ("cancel", "generations", str(given_up.id)),
    ]
    assert {line[4] for line in await lines(database, object="ratings")} == {"default"}


async def test_change_in_sql_is_told_by_the_role(database: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE rage.brands SET title = 'D' WHERE name = 'default'")
    assert [line[:4] for line in await lines(database)] == [("postgres", "update", "brands", "1")]


async def test_change_that_is_rolled_back_has_no_line(database: Database) -> None:
    async def change_and_fail() -> None:
        async with database.transaction() as connection:
            await connection.execute("UPDATE rage.brands SET title = 'D'")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change_and_fail()
    assert await lines(database) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE rage.audit_log SET actor = 'x'", "DELETE FROM rage.audit_log", "TRUNCATE rage.audit_log"],
)
async def test_log_is_only_added_to(database: Database, database_url: str, statement: str) -> None:
    await add(database, "lamp")
    for url in (database_url, database.url):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(url) as connection:
            connection.execute(statement.encode())
    assert await lines(database)


async def test_admins_read_what_concerns_their_brands(database: Database, database_url: str) -> None:
    await add(database, "lamp", brand="acme")
    await add(database, "tent", brand="rival")
    caller(database_url, "somebody", "rival")
    with (
        login(database_url, "audit_admin", "acme", scopes=("admin",)) as url,
        psycopg.connect(url) as connection,
    ):
        assert {row[4] for row in connection.execute(LINES.encode()).fetchall()} == {"acme"}
    with login(database_url, "audit_reader", "acme") as url, psycopg.connect(url) as connection:
        assert connection.execute(LINES.encode()).fetchall() == []
