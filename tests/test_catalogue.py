"""The catalogue: lists in pages, facets, bytes, hiding and erasing, brands, collections, tags."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from rage_pg import index, ingest
from rage_pg.catalogue import brands, collections, images, tags
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.errors import Conflict, InvalidInput, NotFound
from rage_pg.providers import usem3
from rage_pg.types import FacetValue, Filters, ImageMetadata, TagFilter
from tests.store import HashingEncoder, add, png


async def waits_for_a_lock(database: Database, task: asyncio.Task[Any]) -> None:
    """Until the task's transaction stands still at a lock; fails if it ends or never gets there."""
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while True:
            async with database.transaction() as connection:
                if (await connection.execute(waiting)).rowcount:
                    return
            assert not task.done(), task
            await asyncio.sleep(0.01)


async def test_pages_follow_one_another_without_gap_or_repeat(database: Database) -> None:
    ids = [await add(database, f"thing {number % 3}") for number in range(7)]
    for sort in ("created_at", "-created_at", "updated_at", "-updated_at", "title", "-title", "id", "-id"):
        seen: list[int] = []
        cursor = None
        while True:
            page = await images.listing(database, Filters(), sort=sort, cursor=cursor, limit=3)
            seen += [image.id for image in page.items]
            cursor = page.cursor
            if cursor is None:
                break
        assert sorted(seen) == ids, sort
        assert len(seen) == 7


async def test_page_is_stable_while_images_come_in(database: Database) -> None:
    first = [await add(database, "a") for _ in range(4)]
    page = await images.listing(database, Filters(), limit=2)
    await add(database, "newcomer")
    rest = await images.listing(database, Filters(), limit=10, cursor=page.cursor)
    assert [image.id for image in (*page.items, *rest.items)] == first[::-1]


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "WyJpZCIsMSwyXQ", "é"])
async def test_cursor_that_is_not_ours_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await images.listing(database, Filters(), cursor=cursor)
    assert caught.value.field == "cursor"


async def test_cursor_of_another_sort_is_refused(database: Database) -> None:
    for _ in range(3):
        await add(database, "a")
    page = await images.listing(database, Filters(), sort="id", limit=1)
    with pytest.raises(InvalidInput, match="sorted by id"):
        await images.listing(database, Filters(), sort="title", cursor=page.cursor)


async def test_unknown_sort_and_limit_are_refused(database: Database) -> None:
    with pytest.raises(InvalidInput) as caught:
        await images.listing(database, Filters(), sort="beauty")
    assert caught.value.field == "sort"
    for limit in (0, 201):
        with pytest.raises(InvalidInput):
            await images.listing(database, Filters(), limit=limit)


async def test_list_shows_every_state_and_finds_all_words_of_q(database: Database) -> None:
    await add(database, "red lamp", state="draft")
    await add(database, "red boat")
    page = await images.listing(database, Filters(), q="red -boat")
    assert [(image.title, image.state) for image in page.items] == [("red lamp", "draft")]


async def test_facets_count_under_the_filter(database: Database) -> None:
    await add(
        database, "one", brand="lumen", tags=("red", "soap"), kind="product", attributes={"size": ["s", "m"]}
    )
    await add(database, "two", brand="north", tags=("red",), attributes={"size": "m", "price": 3})
    await add(database, "three", brand="north")
    everything = await images.facets(database, Filters())
    assert everything.tags == (FacetValue("red", 2), FacetValue("soap", 1))
    assert everything.brands == (FacetValue("north", 2), FacetValue("lumen", 1))
    assert everything.attributes["size"] == (FacetValue("m", 2), FacetValue("s", 1))
    under = await images.facets(database, Filters(tags=TagFilter(any=("soap",))))
    assert (under.kinds, under.brands) == ((FacetValue("product", 1),), (FacetValue("lumen", 1),))


async def test_bytes_come_back_as_they_came(database: Database) -> None:
    content = png(5)
    image_id = await add(database, "lamp", content=content)
    found = await images.content(database, image_id)
    assert (found.data, found.media_type) == (content, "image/png")
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert (await images.thumbnail(database, image_id)).data[8:12] == b"WEBP"


async def test_older_version_keeps_its_bytes(database: Database) -> None:
    image_id = await add(database, "lamp", external_id="X", content=png(1))
    assert await add(database, "lamp", external_id="X", content=png(2)) == image_id
    assert (await images.content(database, image_id)).data == png(2)
    assert (await images.content(database, image_id, version=1)).data == png(1)
    with pytest.raises(NotFound):
        await images.content(database, image_id, version=3)


@pytest.mark.parametrize("image_id", [0, -1, 12345, 2**63, 2**200])
async def test_id_that_does_not_exist_is_not_found(database: Database, image_id: int) -> None:
    for call in (images.get, images.content, images.thumbnail, images.delete):
        with pytest.raises(NotFound):
            await call(database, image_id)


async def test_deleted_image_is_hidden_everywhere_but_its_row_stays(database: Database) -> None:
    image_id = await add(database, "lamp", tags=("red",))
    await images.delete(database, image_id)
    assert (await images.listing(database, Filters())).items == ()
    assert (await images.facets(database, Filters())).tags == ()
    assert await tags.listing(database) == []
    with pytest.raises(NotFound):
        await images.get(database, image_id)
    with pytest.raises(NotFound):
        await images.delete(database, image_id)
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT count(*) AS n FROM rage.images")
        assert await cursor.fetchone() == {"n": 1}


async def test_erased_image_leaves_its_hash_and_nothing_else(database: Database) -> None:
    content = png(9)
    said: dict[str, Any] = {
        "kind": "person",
        "caption": "secret words",
        "external_id": "X",
        "sku": ("S-1",),
        "tags": ("anna",),
        "rights": "Anna",
        "attributes": {"model": "Anna"},
    }
    image_id = await add(database, "lamp", content=content, **said)
    await collections.put(database, "Best", brand="default", image_ids=[image_id])
    await index.fill(database, [HashingEncoder(usem3.Usem3().identity)])
    gone = ("embeddings", "image_documents", "captions", "image_tags", "image_identifiers", "image_products")
    async with database.transaction() as connection:
        for table in (*gone, "collection_images"):
            cursor = await connection.execute(f"SELECT FROM rage.{table}")
            assert cursor.rowcount > 0, table
    await images.delete(database, image_id)
    await images.delete(database, image_id, erase=True)
    async with database.transaction() as connection:
        for table in (*gone, "collection_images"):
            cursor = await connection.execute(f"SELECT FROM rage.{table}")
            assert cursor.rowcount == 0, table
        cursor = await connection.execute("SELECT title, rights, attributes, kind, state FROM rage.images")
        assert await cursor.fetchone() == {
            "title": None,
            "rights": None,
            "attributes": {},
            "kind": "person",
            "state": "retired",
        }
        assert (await connection.execute("SELECT FROM rage.image_versions")).rowcount == 1
        cursor = await connection.execute("SELECT sha256, bytes, thumbnail FROM rage.contents")
        assert await cursor.fetchone() == {
            "sha256": hashlib.sha256(content).digest(),
            "bytes": None,
            "thumbnail": None,
        }


async def test_erasing_keeps_bytes_that_an_import_under_way_shows(database: Database) -> None:
    content = png(5)
    erased = await add(database, "lamp", content=content)
    async with database.transaction() as connection:
        await connection.execute("SELECT FROM rage.contents FOR SHARE")
        cursor = await connection.execute("""
            INSERT INTO rage.images (brand_id, content_id)
            SELECT b.brand_id, c.content_id FROM rage.brands AS b, rage.contents AS c WHERE b.key = 'shared'
            RETURNING image_id
        """)
        row = await cursor.fetchone()
        assert row is not None
        await connection.execute("""
            INSERT INTO rage.image_versions (brand_id, image_id, version, content_id)
            SELECT i.brand_id, i.image_id, 1, i.content_id
            FROM rage.images AS i JOIN rage.brands AS b USING (brand_id) WHERE b.key = 'shared'
        """)
        erasing = asyncio.create_task(images.delete(database, erased, erase=True))
        await waits_for_a_lock(database, erasing)
    await erasing
    assert (await images.content(database, row["image_id"])).data == content


async def test_erasing_keeps_bytes_that_another_brand_shows(database: Database) -> None:
    content = png(3)
    erased = await add(database, "lamp", content=content, brand="a")
    kept = await add(database, "lamp", content=content, brand="b")
    await images.delete(database, erased, erase=True)
    assert (await images.content(database, kept)).data == content


async def test_erased_picture_that_comes_again_is_a_new_image(database: Database) -> None:
    erased = await add(database, "lamp", content=png(4))
    await images.delete(database, erased, erase=True)
    item = await ingest.add_image(database, png(4), ImageMetadata(title="lamp"), limits=Limits())
    assert item.status == "imported"
    assert item.image_id not in (None, erased)
    assert (await images.content(database, item.image_id or 0)).data == png(4)


async def test_brands_are_made_once_and_compared_by_normal_form(database: Database) -> None:
    made = await brands.create(database, " Lumen ", title="LUMEN", guidelines="calm")
    assert (made.name, made.title, made.guidelines) == ("Lumen", "LUMEN", "calm")
    assert (await brands.get(database, "lumen")).name == "Lumen"
    for name in ("LUMEN", "Shared", "default"):
        with pytest.raises(Conflict):
            await brands.create(database, name)
    with pytest.raises(InvalidInput):
        await brands.create(database, "  ")
    assert [brand.name for brand in await brands.listing(database)] == ["default", "Lumen", "shared"]
    assert (await brands.update(database, "lumen", title=None, guidelines="loud")).guidelines == "loud"


async def test_collection_keeps_its_order_and_is_replaced_whole(database: Database) -> None:
    one, two, three = [await add(database, str(number)) for number in range(3)]
    made = await collections.put(database, "Best", brand="default", image_ids=[three, one, three])
    assert made.image_ids == (three, one)
    made = await collections.put(database, "best", brand="default", image_ids=[two], title="The best")
    assert (made.name, made.image_ids, made.title) == ("Best", (two,), "The best")
    with pytest.raises(NotFound):
        await collections.put(database, "best", brand="default", image_ids=[one, 999])
    assert (await collections.get(database, "BEST")).image_ids == (two,)
    await collections.delete(database, "best", brand="default")
    assert await collections.listing(database) == []


async def test_namesakes_of_two_brands_need_the_brand(database: Database) -> None:
    await brands.create(database, "other")
    for brand in ("default", "other"):
        await collections.put(database, "Best", brand=brand, image_ids=[])
    with pytest.raises(Conflict, match="default, other"):
        await collections.get(database, "best")
    assert (await collections.get(database, "best", brand="other")).brand == "other"
    with pytest.raises(NotFound):
        await collections.put(database, "x", brand="nobody", image_ids=[])


async def test_tag_is_renamed_with_its_children(database: Database) -> None:
    await add(database, "lamp", tags=("light/lamp", "lightning"))
    assert await tags.rename(database, "light", "Glow", brand="default") == 1
    assert [tag.value for tag in await tags.listing(database)] == ["glow/lamp", "lightning"]
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT score > 0 AS hit FROM rage_v1.search_images('glow')")
        assert await cursor.fetchone() == {"hit": True}
    with pytest.raises(NotFound):
        await tags.rename(database, "nothing", "x", brand="default")


async def test_tags_are_merged_only_when_asked(database: Database) -> None:
    both = await add(database, "both", tags=("soap", "soaps"))
    await add(database, "one", tags=("soaps",))
    with pytest.raises(Conflict, match="merge"):
        await tags.rename(database, "soaps", "soap", brand="default")
    await tags.rename(database, "soaps", "soap", brand="default", merge=True)
    assert await tags.listing(database, brand="default") == [FacetValue("soap", 2)]
    assert (await images.get(database, both)).tags == ("soap",)


async def test_tag_moves_up_with_children_of_the_same_name(database: Database) -> None:
    await add(database, "lamp", tags=("a/a", "a/a/a"))
    assert await tags.rename(database, "a/a", "a", brand="default") == 2
    assert [tag.value for tag in await tags.listing(database)] == ["a", "a/a"]


async def test_tag_is_not_renamed_below_itself(database: Database) -> None:
    await add(database, "lamp", tags=("light", "light/lamp"))
    for merge in (False, True):
        with pytest.raises(InvalidInput, match="own child") as caught:
            await tags.rename(database, "light", " Light/Lamp", brand="default", merge=merge)
        assert caught.value.field == "new"
    assert [tag.value for tag in await tags.listing(database)] == ["light", "light/lamp"]


@pytest.mark.parametrize(
    "new",
    [
        "",
        " \u00a0",
        "x" * 201,
        "ß" * 101,
        "x" * 199,
        "/",
        "a//b",
        "/a",
        "a/",
        "a/ /b",
        "a\0",
        "a\x1bb",
        "a\ud800",
    ],
)
async def test_new_name_that_no_tag_can_have_is_refused(database: Database, new: str) -> None:
    await add(database, "lamp", tags=("light", "light/lamp"))
    with pytest.raises(InvalidInput) as caught:
        await tags.rename(database, "light", new, brand="default")
    assert caught.value.field == "new"


async def test_tag_is_named_as_imports_store_it(database: Database) -> None:
    await add(database, "lamp", tags=("light / lamp",))
    assert await tags.rename(database, "Light/ Lamp", " Glow /Lamp ", brand="default") == 1
    assert [tag.value for tag in await tags.listing(database)] == ["glow/lamp"]
    with pytest.raises(InvalidInput) as caught:
        await tags.rename(database, "glow\0", "x", brand="default")
    assert caught.value.field == "old"


async def test_renaming_a_tag_updates_what_carries_it_and_nothing_else(database: Database) -> None:
    carrier = await add(database, "lamp", tags=("light/lamp",))
    other = await add(database, "soap", tags=("soap",))
    before = [await images.get(database, image_id) for image_id in (carrier, other)]
    await tags.rename(database, "light", "glow", brand="default")
    after = [await images.get(database, image_id) for image_id in (carrier, other)]
    assert after[0].updated_at > before[0].updated_at
    assert after[1].updated_at == before[1].updated_at


async def test_merge_waits_for_an_import_that_uses_the_tag(database: Database) -> None:
    await add(database, "one", tags=("soap",))
    await add(database, "two", tags=("soaps",))
    late = await add(database, "late")
    async with database.transaction() as connection:
        await connection.execute("SELECT FROM rage.brands WHERE key = 'default' FOR NO KEY UPDATE")
        merging = asyncio.create_task(tags.rename(database, "soaps", "soap", brand="Default", merge=True))
        await waits_for_a_lock(database, merging)
        await connection.execute(
            "INSERT INTO rage.image_tags (brand_id, image_id, tag_id)"
            " SELECT brand_id, %s, tag_id FROM rage.tags WHERE name = 'soaps'",
            [late],
        )
    await merging
    assert await tags.listing(database) == [FacetValue("soap", 3)]
