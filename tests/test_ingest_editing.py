"""Edits of stored images: field by field, all or none, with captions kept as revisions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rage_pg import ingest
from rage_pg.catalogue import images, tags
from rage_pg.database import Database
from rage_pg.errors import Conflict, InvalidInput, NotFound
from rage_pg.ingest import store
from rage_pg.types import Image, ImageMetadata
from tests.records import record
from tests.store import add, png


async def edit(database: Database, image_id: int, **said: Any) -> Image:
    await ingest.edit_images(database, [image_id], ImageMetadata(**said))
    return await images.get(database, image_id)


async def test_what_is_not_said_stays_and_none_clears(database: Database) -> None:
    image_id = await add(
        database, "lamp", caption="A lamp", tags=("red",), rights="ours", attributes={"a": 1}
    )
    edited = await edit(database, image_id, title="lantern", rights=None)
    assert (edited.title, edited.caption, edited.tags, edited.rights) == ("lantern", "A lamp", ("red",), None)
    assert edited.attributes == {"a": 1}
    assert edited.version == 1


async def test_lists_and_attributes_are_replaced_whole(database: Database) -> None:
    image_id = await add(database, "lamp", tags=("red", "old"), sku=("A", "B"), attributes={"a": 1, "b": 2})
    edited = await edit(database, image_id, tags=(" New ", "red"), sku=("C",), attributes={"b": 3})
    assert (edited.tags, edited.skus, edited.attributes) == (("new", "red"), ("C",), {"b": 3})


async def test_caption_becomes_a_new_revision_by_a_person(database: Database) -> None:
    image_id = await add(database, "lamp", caption="first")
    assert (await edit(database, image_id, caption="second")).caption == "second"
    assert (await edit(database, image_id, caption=None)).caption is None
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT revision, text, source, is_current FROM rage.captions WHERE image_id = %s ORDER BY 1",
            [image_id],
        )
        rows = [tuple(row.values()) for row in await cursor.fetchall()]
    assert rows == [(1, "first", "person", False), (2, "second", "person", False)]


async def test_blanks_beside_the_slashes_of_a_tag_go(database: Database) -> None:
    image_id = await add(database, "lamp")
    assert (await edit(database, image_id, tags=(" Light /\tDesk  Lamp",))).tags == ("light/desk lamp",)
    async with database.transaction() as connection:
        for argument in ("tags_all", "tags_any"):
            for tag in ("LIGHT", "light /desk lamp", "light/ desk lamp"):
                found = await connection.execute(
                    f"SELECT FROM rage_v1.search_images('lamp', {argument} => %s)".encode(), [[tag]]
                )
                assert found.rowcount == 1, (argument, tag)
        left = await connection.execute(
            "SELECT FROM rage_v1.search_images('lamp', tags_none => '{light / desk lamp}')"
        )
        assert left.rowcount == 0


async def test_edited_words_are_searchable_at_once(database: Database) -> None:
    image_id = await add(database, "lamp")
    await edit(database, image_id, title="kaleidoscope")
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT image_id FROM rage_v1.search_images('kaleidoscope') WHERE score > 0"
        )
        assert [row["image_id"] for row in await cursor.fetchall()] == [image_id]


async def test_external_id_is_replaced_unless_another_image_has_it(database: Database) -> None:
    one = await add(database, "one", external_id="X-1")
    other = await add(database, "other", external_id="X-2")
    assert (await edit(database, one, external_id="X-3")).external_id == "X-3"
    with pytest.raises(Conflict, match="external id"):
        await edit(database, other, external_id="X-3")
    assert (await images.get(database, other)).external_id == "X-2"
    assert (await edit(database, other, external_id="X-1")).external_id == "X-1"


async def external_ids(database: Database, image_id: int) -> list[str]:
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT identifier FROM rage.image_identifiers WHERE image_id = %s ORDER BY identifier_id",
            [image_id],
        )
        return [row["identifier"] for row in await cursor.fetchall()]


async def test_only_the_external_id_that_is_shown_is_replaced(database: Database) -> None:
    image_id = await add(database, "one", content=png(7), external_id="X-1")
    for other in ("X-2", "X-3"):
        assert await add(database, content=png(7), external_id=other) == image_id
    assert (await edit(database, image_id, external_id="X-9")).external_id == "X-9"
    assert await external_ids(database, image_id) == ["X-9", "X-2", "X-3"]
    assert (await edit(database, image_id, external_id="X-3")).external_id == "X-3"
    assert await external_ids(database, image_id) == ["X-3", "X-2"]


async def test_an_import_repeats_what_it_says_and_leaves_alone_what_it_does_not(database: Database) -> None:
    said: dict[str, Any] = {"external_id": "X-1", "title": "lamp", "tags": ("red",)}
    image_id = await add(database, content=png(70_002), **said)
    await edit(database, image_id, title="lantern", tags=("mine",), caption="A lantern", rights="ours")
    assert await add(database, content=png(70_002), **said) == image_id
    image = await images.get(database, image_id)
    assert (image.title, image.tags) == ("lamp", ("red",))
    assert (image.caption, image.rights) == ("A lantern", "ours")


async def test_an_image_without_external_id_gets_one(database: Database) -> None:
    image_id = await add(database, "one")
    assert (await edit(database, image_id, external_id="X-1")).external_id == "X-1"


async def test_an_edit_cannot_give_an_external_id_that_an_import_is_giving(database: Database) -> None:
    edited = await add(database, "edited", external_id="X-1")
    other = await add(database, "same bytes", brand="other", content=png(70_000))
    async with database.transaction() as holder:
        # The import knows by now that nobody has X-9, and waits for the bytes that it is about to show.
        await holder.execute(
            "SELECT FROM rage.contents AS c JOIN rage.images USING (content_id)"
            " WHERE image_id = %s FOR UPDATE OF c",
            [other],
        )
        importing = asyncio.create_task(add(database, "new", external_id="X-9", content=png(70_000)))
        await waiting(database, 1)
        editing = asyncio.create_task(edit(database, edited, external_id="X-9"))
        await waiting(database, 2)
    imported = await importing
    with pytest.raises(Conflict, match="external id"):
        await editing
    assert await external_ids(database, edited) == ["X-1"]
    assert await external_ids(database, imported) == ["X-9"]


async def test_an_import_sees_the_external_id_that_an_edit_is_giving(database: Database) -> None:
    image_id = await add(database, "edited", external_id="X-1")
    async with database.transaction() as holder:
        await holder.execute("SELECT FROM rage.images WHERE image_id = %s FOR UPDATE", [image_id])
        editing = asyncio.create_task(edit(database, image_id, external_id="X-9"))
        await waiting(database, 1)
        importing = asyncio.create_task(add(database, external_id="X-9", content=png(70_001)))
        await waiting(database, 2)
    await editing
    assert await importing == image_id
    assert (await images.get(database, image_id)).version == 2
    assert await external_ids(database, image_id) == ["X-9"]


async def test_edits_and_imports_across_brands_do_not_block_each_other(database: Database) -> None:
    ids = [await add(database, external_id="X", brand=brand) for brand in ("one", "two")]
    async with database.transaction() as importing:
        await store(
            importing, [record(1, brand="two", external_id="N"), record(2, brand="one", external_id="N")]
        )
        editing = asyncio.create_task(ingest.edit_images(database, ids, ImageMetadata(title="new")))
        await waiting(database, 1)
        await store(
            importing, [record(3, brand="one", external_id="X"), record(4, brand="two", external_id="X")]
        )
    await editing
    edited = await images.get_many(database, ids)
    assert [(image.title, image.version) for image in edited] == [("new", 2), ("new", 2)]


async def test_a_tag_put_on_while_it_is_renamed_is_not_lost(database: Database) -> None:
    await add(database, "one", tags=("light",))
    image_id = await add(database, "other")
    async with database.transaction() as holder:
        await holder.execute("SELECT FROM rage.images WHERE image_id = %s FOR UPDATE", [image_id])
        editing = asyncio.create_task(edit(database, image_id, tags=("light",)))
        await waiting(database, 1)
        renaming = asyncio.create_task(tags.rename(database, "light", "glow", brand="default"))
        await waiting(database, 2)
    await editing
    await renaming
    assert (await images.get(database, image_id)).tags == ("glow",)


async def test_captions_edited_at_once_are_both_kept(database: Database) -> None:
    image_id = await add(database, "lamp")
    async with database.transaction() as holder:
        await holder.execute("SELECT FROM rage.images WHERE image_id = %s FOR UPDATE", [image_id])
        edits = [asyncio.create_task(edit(database, image_id, caption=text)) for text in ("second", "third")]
        await waiting(database, len(edits))
    await asyncio.gather(*edits)
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT text FROM rage.captions WHERE image_id = %s ORDER BY text", [image_id]
        )
        assert [row["text"] for row in await cursor.fetchall()] == ["second", "third"]


async def waiting(database: Database, count: int) -> None:
    """Until so many sessions of this database wait for a lock."""
    waits = """
        SELECT count(*) AS n FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    async with asyncio.timeout(20):
        while True:
            async with database.transaction() as connection:
                row = await (await connection.execute(waits)).fetchone()
            if row is not None and row["n"] >= count:
                return


@pytest.mark.parametrize("image_id", [2**63, -1, 0])
async def test_ids_that_no_image_can_have_are_not_found(database: Database, image_id: int) -> None:
    with pytest.raises(NotFound, match=str(image_id)):
        await ingest.edit_images(database, [image_id], ImageMetadata(title="x"))


async def test_many_are_edited_or_none(database: Database) -> None:
    ids = [await add(database, f"lamp {number}") for number in range(3)]
    await ingest.edit_images(database, ids, ImageMetadata(state="retired", tags=("sale",)))
    assert {(image.state, image.tags) for image in await images.get_many(database, ids)} == {
        ("retired", ("sale",))
    }
    with pytest.raises(NotFound):
        await ingest.edit_images(database, [*ids, 999_999], ImageMetadata(state="approved"))
    assert {image.state for image in await images.get_many(database, ids)} == {"retired"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"brand": "other"}, "brand"),
        ({"tags": ("",)}, "tags"),
        ({"tags": ("ok", "a//b")}, "tags"),
        ({"tags": ("a/ \u00a0",)}, "tags"),
        ({"title": "a\0b"}, "title"),
        ({"usable_from": "2026-02-01", "usable_until": "2026-01-01"}, "usable_from"),
    ],
)
async def test_unusable_edits_are_refused(database: Database, said: dict[str, Any], field: str) -> None:
    import msgspec

    image_id = await add(database, "lamp")
    with pytest.raises(InvalidInput) as caught:
        await ingest.edit_images(database, [image_id], msgspec.convert(said, ImageMetadata))
    assert caught.value.field == field


async def test_hidden_image_cannot_be_edited(database: Database) -> None:
    image_id = await add(database, "lamp")
    await images.delete(database, image_id)
    with pytest.raises(NotFound):
        await edit(database, image_id, title="x")
