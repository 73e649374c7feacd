"""Which image a file is: by its identifier and its bytes, on a real database."""

from __future__ import annotations

import hashlib
import random
from datetime import date
from typing import Any

import pytest

from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.errors import DatabaseUnavailable, InvalidInput
from rage_pg.ingest import add_image, decode, store
from rage_pg.types import ImageMetadata, ImageRecord, ImportItem, Origin
from tests.hostile import png

STATE = """
SELECT i.image_id, b.name AS brand, i.version, i.kind, i.state, i.origin, i.title, i.rights, i.attributes,
       i.deleted_at IS NOT NULL AS hidden, encode(c.sha256, 'hex') AS sha256, i.updated_at,
       (SELECT text FROM rage.captions WHERE image_id = i.image_id AND is_current) AS caption,
       (SELECT count(*)::int FROM rage.captions WHERE image_id = i.image_id) AS captions,
       ARRAY(SELECT name FROM rage.tags JOIN rage.image_tags USING (tag_id)
             WHERE image_id = i.image_id ORDER BY name) AS tags,
       ARRAY(SELECT sku FROM rage.image_products
             WHERE image_id = i.image_id ORDER BY position) AS skus,
       ARRAY(SELECT identifier FROM rage.image_identifiers
             WHERE image_id = i.image_id ORDER BY identifier_id) AS keys,
       ARRAY(SELECT encode(v.sha256, 'hex')
             FROM rage.image_versions JOIN rage.contents AS v USING (content_id)
             WHERE image_id = i.image_id ORDER BY version) AS versions,
       (SELECT input FROM rage.image_documents WHERE image_id = i.image_id) AS document
FROM rage.images AS i JOIN rage.brands AS b USING (brand_id) JOIN rage.contents AS c USING (content_id)
ORDER BY i.image_id
"""
ROOT = "/catalogue"
OUTCOME = ("version", "state", "title", "tags", "skus", "keys", "sha256", "versions")


def record(number: int, path: str | None = None, *, origin: Origin = "imported", **said: Any) -> ImageRecord:
    """Picture `number` as it comes from a file (with a path) or from elsewhere."""
    decoded = decode(png(number), Limits())
    return ImageRecord(
        metadata=ImageMetadata(**said),
        sha256=decoded.sha256,
        media_type=decoded.media_type,
        width=decoded.width,
        height=decoded.height,
        content=decoded.content,
        thumbnail=decoded.thumbnail,
        root=ROOT if path else None,
        path=path,
        origin=origin,
    )


async def put(database: Database, *records: ImageRecord) -> list[ImportItem]:
    async with database.transaction() as connection:
        return await store(connection, records)


async def images(database: Database) -> dict[int, dict[str, Any]]:
    async with database.transaction() as connection:
        rows = await (await connection.execute(STATE)).fetchall()
    return {row["image_id"]: row for row in rows}


async def run(database: Database, statement: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(statement)


def sha256(number: int) -> str:
    return hashlib.sha256(png(number)).hexdigest()


def statuses(items: list[ImportItem]) -> list[str]:
    return [item.status for item in items]


async def test_a_new_image_holds_all_that_is_said(database: Database) -> None:
    said: dict[str, Any] = {
        "external_id": "E1",
        "brand": "Lumen",
        "sku": ("S2", "S1"),
        "title": "Soap",
        "caption": "A bar.",
        "tags": ("Care/Soap", "care/soap ", "Green"),
        "kind": "product",
        "state": "draft",
        "rights": "ours",
        "attributes": {"season": "summer"},
    }
    (item,) = await put(database, record(1, "a/soap.png", **said))
    image = (await images(database))[item.image_id or 0]
    assert (item.status, item.external_id, item.path) == ("imported", "E1", "a/soap.png")
    assert (image["brand"], image["kind"], image["state"], image["rights"]) == (
        "Lumen",
        "product",
        "draft",
        "ours",
    )
    assert image["tags"] == ["care/soap", "green"]
    assert image["skus"] == ["S2", "S1"]
    assert image["keys"] == ["E1", "a/soap.png"]
    assert image["versions"] == [sha256(1)]
    assert image["document"] == "Soap. A bar. care soap, green"


async def test_original_bytes_are_kept_unchanged(database: Database) -> None:
    await put(database, record(1))
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT bytes, byte_size, width FROM rage.contents")).fetchone()
    assert row == {"bytes": png(1), "byte_size": len(png(1)), "width": 48}


async def test_the_same_again_changes_nothing(database: Database) -> None:
    for again in (
        record(1, "a.png", title="A", tags=("x",)),
        record(2, external_id="E", caption="Two", sku=("S",)),
    ):
        assert statuses(await put(database, again)) == ["imported"]
        before = await images(database)
        assert statuses(await put(database, again)) == ["duplicate"]
        assert await images(database) == before


@pytest.mark.parametrize("key", [{"path": "a.png"}, {"external_id": "E"}])
async def test_other_metadata_of_a_known_key_is_an_update(database: Database, key: dict[str, Any]) -> None:
    (first,) = await put(
        database,
        record(1, **key, title="A", caption="One", tags=("x", "y"), sku=("S1",), attributes={"a": 1, "b": 1}),
    )
    (second,) = await put(
        database,
        record(1, **key, title=None, caption="Two", tags=("y", "z"), sku=("S2", "S1"), attributes={"b": 2}),
    )
    assert (second.image_id, second.status) == (first.image_id, "updated")
    (image,) = (await images(database)).values()
    assert (image["title"], image["caption"], image["captions"]) == (None, "Two", 2)
    assert (image["tags"], image["skus"]) == (["y", "z"], ["S2", "S1"])
    assert image["attributes"] == {"a": 1, "b": 2}
    assert image["document"] == "Two. y, z"


async def test_what_a_row_does_not_say_stays(database: Database) -> None:
    await put(
        database, record(1, external_id="E", title="A", caption="One", tags=("x",), sku=("S",), kind="logo")
    )
    (again,) = await put(database, record(1, external_id="E"))
    assert again.status == "duplicate"
    (image,) = (await images(database)).values()
    assert (image["title"], image["caption"], image["tags"], image["skus"]) == ("A", "One", ["x"], ["S"])


async def test_new_bytes_of_a_known_key_are_a_new_version(database: Database) -> None:
    (first,) = await put(database, record(1, "a.png", title="A"))
    (second,) = await put(database, record(2, "a.png"))
    (third,) = await put(database, record(1, "a.png"))
    assert statuses([first, second, third]) == ["imported", "updated", "updated"]
    ((image_id, image),) = (await images(database)).items()
    assert {first.image_id, second.image_id, third.image_id} == {image_id}
    assert (image["version"], image["versions"]) == (3, [sha256(1), sha256(2), sha256(1)])
    assert image["title"] == "A"


async def test_two_products_may_show_one_picture(database: Database) -> None:
    one: dict[str, Any] = {"external_id": "E1", "sku": ("S1",), "title": "One", "tags": ("x",)}
    two: dict[str, Any] = {"external_id": "E2", "sku": ("S2",), "title": "Two", "tags": ("y",)}
    first, second = await put(
        database,
        record(1, "a.png", **one, attributes={"a": 1, "b": 1}),
        record(1, "b.png", **two, caption="Filled", attributes={"b": 2, "c": 2}),
    )
    assert statuses([first, second]) == ["imported", "duplicate"]
    assert first.image_id == second.image_id
    (image,) = (await images(database)).values()
    assert (image["title"], image["caption"]) == ("One", "Filled")
    assert (image["tags"], image["skus"]) == (["x", "y"], ["S1", "S2"])
    assert image["attributes"] == {"a": 1, "b": 1, "c": 2}
    assert image["keys"] == ["E1", "a.png", "E2", "b.png"]


async def test_a_shared_picture_imported_again_stays_as_it_is(database: Database) -> None:
    rows = (
        record(1, external_id="E1", sku=("S1",), title="One", tags=("x",)),
        record(1, external_id="E2", sku=("S2",), title="Two", tags=("y",)),
    )
    await put(database, *rows)
    before = await images(database)
    assert statuses(await put(database, *rows)) == ["duplicate", "duplicate"]
    assert await images(database) == before
    changed = await put(database, record(1, external_id="E1", title="New"), rows[1])
    assert statuses(changed) == ["updated", "duplicate"]
    assert [image["title"] for image in (await images(database)).values()] == ["New"]


async def test_new_bytes_split_a_shared_picture(database: Database) -> None:
    shared, _ = await put(
        database,
        record(1, "a.png", external_id="E1", sku=("S1",), rights="until June", kind="product"),
        record(1, "b.png", external_id="E2", sku=("S2",)),
    )
    (split,) = await put(database, record(2, "b.png", external_id="E2", sku=("S2",)))
    assert split.status == "updated"
    assert split.image_id != shared.image_id
    stored = await images(database)
    old, new = stored[shared.image_id or 0], stored[split.image_id or 0]
    assert (old["keys"], old["skus"], old["version"], old["state"]) == (
        ["E1", "a.png"],
        ["S1"],
        1,
        "approved",
    )
    assert (new["keys"], new["skus"], new["versions"]) == (["E2", "b.png"], ["S2"], [sha256(2)])
    assert (new["rights"], new["kind"]) == ("until June", "product")


async def test_a_key_moves_to_the_image_that_has_its_bytes(database: Database) -> None:
    one, two = await put(database, record(1, external_id="E1", sku=("S1",)), record(2, external_id="E2"))
    (moved,) = await put(database, record(2, external_id="E1", sku=("S1",)))
    assert (moved.image_id, moved.status) == (two.image_id, "duplicate")
    stored = await images(database)
    left, right = stored[one.image_id or 0], stored[two.image_id or 0]
    assert (left["keys"], left["skus"], left["state"]) == ([], [], "retired")
    assert (right["keys"], right["skus"], right["state"]) == (["E2", "E1"], ["S1"], "approved")
    (back,) = await put(database, record(1, external_id="E1", sku=("S1",)))
    assert back.image_id == one.image_id
    assert (await images(database))[one.image_id or 0]["state"] == "approved"


async def test_two_files_that_swap_names_stay_two_images(database: Database) -> None:
    one, two = await put(database, record(1, "a.png"), record(2, "b.png"))
    swapped = await put(database, record(2, "a.png"), record(1, "b.png"))
    assert [item.image_id for item in swapped] == [two.image_id, one.image_id]
    stored = await images(database)
    assert [(image["keys"], image["state"]) for image in stored.values()] == [
        (["b.png"], "approved"),
        (["a.png"], "approved"),
    ]


APPLE: dict[str, Any] = {"external_id": "APPLE", "title": "Apple", "caption": "An apple", "tags": ("apple",)}
BANANA: dict[str, Any] = {
    "external_id": "BANANA",
    "title": "Banana",
    "caption": "Yellow",
    "tags": ("banana",),
}
CHERRY: dict[str, Any] = {"external_id": "CHERRY", "title": "Cherry", "caption": "Red", "tags": ("cherry",)}


def words(image: dict[str, Any]) -> tuple[list[str], str, str, list[str]]:
    return image["keys"], image["title"], image["caption"], image["tags"]


async def test_pictures_exchanged_under_external_ids_are_new_versions(database: Database) -> None:
    one, two = await put(database, record(1, "a.png", **APPLE), record(2, "b.png", **BANANA))
    rows = (record(2, "a.png", **APPLE), record(1, "b.png", **BANANA))
    swapped = await put(database, *rows)
    assert [(item.image_id, item.status) for item in swapped] == [
        (one.image_id, "updated"),
        (two.image_id, "updated"),
    ]
    stored = await images(database)
    left, right = stored[one.image_id or 0], stored[two.image_id or 0]
    assert words(left) == (["APPLE", "a.png"], "Apple", "An apple", ["apple"])
    assert words(right) == (["BANANA", "b.png"], "Banana", "Yellow", ["banana"])
    assert (left["versions"], right["versions"]) == ([sha256(1), sha256(2)], [sha256(2), sha256(1)])
    assert (left["hidden"], right["hidden"]) == (False, False)
    assert statuses(await put(database, *rows)) == ["duplicate", "duplicate"]
    assert await images(database) == stored


async def test_bytes_handed_on_in_a_row_of_products_are_new_versions(database: Database) -> None:
    first = await put(database, record(1, **APPLE), record(2, **BANANA), record(3, **CHERRY))
    then = await put(database, record(2, **APPLE), record(3, **BANANA), record(4, **CHERRY))
    assert [item.image_id for item in then] == [item.image_id for item in first]
    assert statuses(then) == ["updated"] * 3
    shown = [(image["keys"], image["sha256"], image["state"]) for image in (await images(database)).values()]
    assert shown == [
        (["APPLE"], sha256(2), "approved"),
        (["BANANA"], sha256(3), "approved"),
        (["CHERRY"], sha256(4), "approved"),
    ]


async def test_an_image_that_keeps_its_bytes_for_another_id_is_not_lost(database: Database) -> None:
    one, two = await put(database, record(1, **APPLE), record(2, **BANANA))
    kept, new, changed = await put(database, record(1, **CHERRY), record(2, **APPLE), record(3, **BANANA))
    assert (kept.image_id, changed.image_id) == (one.image_id, two.image_id)
    stored = await images(database)
    shown = [
        (image["keys"], image["sha256"], image["hidden"])
        for image in (stored[item.image_id or 0] for item in (kept, new, changed))
    ]
    assert shown == [
        (["CHERRY"], sha256(1), False),
        (["APPLE"], sha256(2), False),
        (["BANANA"], sha256(3), False),
    ]


async def test_an_external_id_that_moves_brings_its_words_where_no_other_stays(database: Database) -> None:
    first = await put(database, record(1, **APPLE), record(2, **BANANA), record(3, **CHERRY))
    await put(database, record(2, **APPLE), record(3, **BANANA))  # the third keeps its picture
    stored = await images(database)
    assert words(stored[first[1].image_id or 0]) == (["APPLE"], "Apple", "An apple", ["apple"])
    shared = stored[first[2].image_id or 0]
    assert (shared["keys"], shared["title"]) == (["CHERRY", "BANANA"], "Cherry")


@pytest.mark.parametrize("stored_state", ["draft", "retired"])
async def test_a_state_that_is_said_of_a_duplicate_holds(database: Database, stored_state: str) -> None:
    (first,) = await put(database, record(1, "a.png", state=stored_state))
    silent, said, again = [
        (await put(database, one))[0]
        for one in (record(1), record(1, state="approved"), record(1, state="approved"))
    ]
    assert {silent.image_id, said.image_id} == {first.image_id}
    assert statuses([silent, said, again]) == ["duplicate", "updated", "duplicate"]
    assert (await images(database))[first.image_id or 0]["state"] == "approved"


async def test_bytes_about_to_be_shown_cannot_be_erased_meanwhile(database: Database) -> None:
    await put(database, record(1))
    async with database.transaction() as importing:
        await store(importing, [record(1, brand="Other")])
        with pytest.raises(DatabaseUnavailable):
            async with database.transaction() as erasing:
                await erasing.execute("SELECT FROM rage.contents FOR NO KEY UPDATE NOWAIT")


async def test_copies_of_a_file_are_one_image_until_one_is_edited(database: Database) -> None:
    first, copy = await put(database, record(1, "a.png"), record(1, "copy.png"))
    assert (copy.image_id, copy.status) == (first.image_id, "duplicate")
    edited, untouched = await put(database, record(2, "copy.png"), record(1, "a.png"))
    assert edited.image_id != first.image_id
    assert (untouched.image_id, untouched.status) == (first.image_id, "duplicate")


async def test_bytes_that_one_image_gives_up_can_be_another_ones_at_once(database: Database) -> None:
    (first,) = await put(database, record(1, "a.png"))
    changed, new = await put(database, record(2, "a.png"), record(1, "b.png"))
    assert (changed.image_id, changed.status) == (first.image_id, "updated")
    assert (new.status, new.image_id != first.image_id) == ("imported", True)


@pytest.mark.parametrize("seed", range(3))
async def test_a_batch_comes_out_as_its_rows_one_by_one(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        # Said twice: an exchange of pictures, which only a batch can see, is none where an id comes twice.
        rows = 2 * [random_row(chance) for _ in range(8)]
        for row in rows:
            await put(database, record(**row, brand="single"))
        await put(database, *(record(**row, brand="batch") for row in rows))
    stored = list((await images(database)).values())
    single, batch = (
        [{field: image[field] for field in OUTCOME} for image in stored if image["brand"] == brand]
        for brand in ("single", "batch")
    )
    assert len(single) > 4
    assert single == batch


def random_row(chance: random.Random) -> dict[str, Any]:
    row: dict[str, Any] = {"number": chance.randrange(6), "path": f"{chance.randrange(4)}.png"}
    if chance.random() < 0.5:
        row["external_id"] = f"E{chance.randrange(4)}"
    if chance.random() < 0.5:
        row["sku"] = (f"S{chance.randrange(3)}",)
    if chance.random() < 0.5:
        row["tags"] = (f"t{chance.randrange(3)}",)
    if chance.random() < 0.5:
        row["title"] = f"T{chance.randrange(3)}"
    return row


async def test_brands_share_bytes_but_not_images(database: Database) -> None:
    one, two, three = await put(
        database,
        record(1, external_id="E", brand="Lumen"),
        record(1, external_id="E", brand="Terra"),
        record(1, external_id="E", brand=" LUMEN"),
    )
    assert statuses([one, two, three]) == ["imported", "imported", "duplicate"]
    assert len({one.image_id, two.image_id}) == 2
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT count(*) AS n FROM rage.contents")).fetchone()
        brands = await (await connection.execute("SELECT name FROM rage.brands ORDER BY brand_id")).fetchall()
    assert row == {"n": 1}
    assert [brand["name"] for brand in brands][:2] == ["default", "shared"]
    assert {brand["name"] for brand in brands} == {"default", "shared", "Lumen", "Terra"}


async def test_the_shared_brand_takes_images(database: Database) -> None:
    (item,) = await put(database, record(1, brand="Shared"))
    assert (await images(database))[item.image_id or 0]["brand"] == "shared"


async def test_a_hidden_image_that_is_met_again_is_shown_again(database: Database) -> None:
    (item,) = await put(database, record(1, "a.png"))
    for again in (record(1, "a.png"), record(1), record(2, "a.png")):
        await run(database, "UPDATE rage.images SET deleted_at = now()")
        (met,) = await put(database, again)
        assert (met.image_id, met.status) == (item.image_id, "updated")
        assert not (await images(database))[item.image_id or 0]["hidden"]


async def test_an_erased_image_is_left_alone_and_its_bytes_come_back(database: Database) -> None:
    (erased,) = await put(database, record(1, "a.png"))
    await run(database, "UPDATE rage.images SET deleted_at = now(), erased_at = now()")
    await run(database, "UPDATE rage.contents SET bytes = NULL, thumbnail = NULL, erased_at = now()")
    (again,) = await put(database, record(1, "a.png"))
    assert again.status == "imported"
    assert again.image_id != erased.image_id
    stored = await images(database)
    assert (stored[erased.image_id or 0]["keys"], stored[again.image_id or 0]["keys"]) == ([], ["a.png"])
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT bytes, erased_at FROM rage.contents")).fetchone()
    assert row == {"bytes": png(1), "erased_at": None}


async def test_uploads_of_one_name_are_two_images(database: Database) -> None:
    said = ImageMetadata(tags=("x",))
    one = await add_image(database, png(1), said, limits=Limits(), filename="image.png")
    two = await add_image(database, png(2), said, limits=Limits(), filename="image.png")
    three = await add_image(database, png(1), said, limits=Limits(), filename="other.png")
    assert statuses([one, two, three]) == ["imported", "imported", "duplicate"]
    assert one.image_id == three.image_id != two.image_id
    stored = await images(database)
    assert [(image["title"], image["origin"], image["keys"]) for image in stored.values()] == [
        ("image", "uploaded", []),
        ("image", "uploaded", []),
    ]


async def test_an_upload_names_its_captions_author(database: Database) -> None:
    await add_image(database, png(1), ImageMetadata(caption="Mine"), filename=None, author="mia")
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT source, author, text FROM rage.captions")).fetchone()
    assert row == {"source": "person", "author": "mia", "text": "Mine"}


async def test_generated_images_are_drafts(database: Database) -> None:
    (item,) = await put(database, record(1, origin="generated"))
    image = (await images(database))[item.image_id or 0]
    assert (image["origin"], image["state"]) == ("generated", "draft")


async def test_updated_at_moves_only_with_a_change(database: Database) -> None:
    await put(database, record(1, external_id="E", title="A"))
    ((_, before),) = (await images(database)).items()
    await put(database, record(1, "further/path.png", external_id="E", title="A"))
    ((_, same),) = (await images(database)).items()
    assert same["updated_at"] == before["updated_at"]
    await put(database, record(1, external_id="E", tags=("new",)))
    ((_, after),) = (await images(database)).items()
    assert after["updated_at"] > before["updated_at"]


@pytest.mark.parametrize(
    "said",
    [
        {"title": "nul\0"},
        {"tags": (" ",)},
        {"tags": ("\u1e9e" * 150,)},
        {"caption": "\ud800"},
        {"attributes": {"a": ["\0"]}},
        {"sku": ("",)},
        {"brand": "x" * 101},
    ],
)
async def test_what_cannot_be_stored_leaves_nothing_behind(database: Database, said: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await add_image(database, png(1), ImageMetadata(**said))
    async with database.transaction() as connection:
        row = await (await connection.execute("SELECT count(*) AS n FROM rage.contents")).fetchone()
    assert row == {"n": 0}


async def test_dates_that_clash_with_stored_ones_are_rejected(database: Database) -> None:
    await put(database, record(1, external_id="E", usable_from=date(2026, 6, 1)))
    with pytest.raises(InvalidInput, match="usable_from lies after usable_until"):
        await put(database, record(1, external_id="E", usable_until=date(2026, 1, 1)))
