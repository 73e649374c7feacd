"""Which image a file is: by its identifier and its bytes, on a real database."""

from __future__ import annotations

import random
from typing import Any

import pytest

from rage_pg.database import Database
from tests.hostile import png
from tests.records import images, put, record, run, sha256, statuses

OUTCOME = ("version", "state", "title", "tags", "skus", "keys", "sha256", "versions")


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


async def test_updated_at_moves_only_with_a_change(database: Database) -> None:
    await put(database, record(1, external_id="E", title="A"))
    ((_, before),) = (await images(database)).items()
    await put(database, record(1, "further/path.png", external_id="E", title="A"))
    ((_, same),) = (await images(database)).items()
    assert same["updated_at"] == before["updated_at"]
    await put(database, record(1, external_id="E", tags=("new",)))
    ((_, after),) = (await images(database)).items()
    assert after["updated_at"] > before["updated_at"]
