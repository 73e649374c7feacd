"""What is written of a picture, from files, uploads and generations, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.errors import DatabaseUnavailable, InvalidInput
from rage_pg.ingest import add_image, store
from rage_pg.types import ImageMetadata
from tests.hostile import png
from tests.records import images, put, record, sha256, statuses


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


async def test_bytes_about_to_be_shown_cannot_be_erased_meanwhile(database: Database) -> None:
    await put(database, record(1))
    async with database.transaction() as importing:
        await store(importing, [record(1, brand="Other")])
        with pytest.raises(DatabaseUnavailable):
            async with database.transaction() as erasing:
                await erasing.execute("SELECT FROM rage.contents FOR NO KEY UPDATE NOWAIT")


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
