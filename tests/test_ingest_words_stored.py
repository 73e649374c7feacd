"""A file's own words in the store: they fill gaps, below all that people say, and once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from rage_pg import ingest
from rage_pg.database import Database
from rage_pg.ingest import import_files
from rage_pg.types import ImageMetadata
from tests.hostile import encoded, picture, write
from tests.records import images
from tests.test_ingest_own_words import exif

FIELDS = ("title", "caption", "tags")


def photo(number: int = 0, **said: str) -> bytes:
    said = said or {"title": "Lantern", "description": "It glows.", "keywords": "Light;Camp/Night;a//b"}
    return encoded(picture(number), "JPEG", exif=exif(**said))


async def known(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(image[field] for field in FIELDS) for image in (await images(database)).values()]


async def sources(database: Database) -> list[tuple[str, str | None]]:
    async with database.transaction() as connection:
        rows = await (
            await connection.execute("SELECT source, author FROM rage.captions ORDER BY 1")
        ).fetchall()
    return [(row["source"], row["author"]) for row in rows]


def manifest(folder: Path, **cells: str) -> Path:
    file = folder / "list.csv"
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, ["path", *cells])
        writer.writeheader()
        writer.writerow({"path": "a/red_lantern.jpg", **cells})
    return file


async def test_an_import_of_a_folder_takes_the_files_words(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "a/red_lantern.jpg", photo())
    await import_files(database, [tmp_path], defaults=ImageMetadata(tags=("spring",)))
    assert await known(database) == [("Lantern", "It glows.", ["a", "camp/night", "light", "spring"])]
    assert await sources(database) == [("file", None)]


async def test_an_upload_takes_the_files_words(database: Database) -> None:
    await ingest.add_image(database, photo(), ImageMetadata(), filename="IMG_1.jpg", author="mia")
    assert await known(database) == [("Lantern", "It glows.", ["camp/night", "light"])]
    assert await sources(database) == [("file", None)]


async def test_what_is_said_counts_more(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "a/red_lantern.jpg", photo())
    await import_files(database, [], manifest=manifest(tmp_path, title="Mine", caption="Said.", tags="own"))
    assert await known(database) == [("Mine", "Said.", ["own"])]
    assert await sources(database) == [("import", None)]


async def test_what_a_manifest_leaves_empty_is_filled(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "a/red_lantern.jpg", photo())
    await import_files(database, [], manifest=manifest(tmp_path, title="", caption="Said.", tags=""))
    assert await known(database) == [("Lantern", "Said.", ["camp/night", "light"])]


@pytest.mark.parametrize("said", [{"title": None, "caption": None, "tags": ()}])
async def test_what_is_said_to_be_nothing_is_no_gap(database: Database, said: dict[str, Any]) -> None:
    await ingest.add_image(database, photo(), ImageMetadata(**said), filename="IMG_1.jpg")
    assert await known(database) == [("IMG 1", None, [])]


async def test_a_file_name_is_the_last_resort(database: Database) -> None:
    await ingest.add_image(database, photo(description="It glows."), ImageMetadata(), filename="IMG_1.jpg")
    assert (await known(database))[0][:2] == ("IMG 1", "It glows.")


async def test_what_people_took_off_does_not_come_back(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "a/red_lantern.jpg", photo())
    await import_files(database, [tmp_path])
    (image_id,) = await images(database)
    await ingest.edit_images(database, [image_id], ImageMetadata(caption=None, tags=("kept",)))
    report = await import_files(database, [tmp_path])
    assert (report.duplicates, report.updated) == (0, 1)  # the folder's tag
    assert await known(database) == [("Lantern", None, ["a", "kept"])]


async def test_a_new_version_fills_only_what_is_empty(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "lamp.jpg", encoded(picture(5), "JPEG"))
    await import_files(database, [tmp_path])
    (image_id,) = await images(database)
    await ingest.edit_images(database, [image_id], ImageMetadata(tags=("kept",)))
    write(tmp_path / "lamp.jpg", photo())
    await import_files(database, [tmp_path])
    assert await known(database) == [("lamp", "It glows.", ["kept"])]


async def test_bytes_known_to_one_brand_are_new_to_another(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "lamp.jpg", photo())
    await import_files(database, [tmp_path], defaults=ImageMetadata(brand="one"))
    await import_files(database, [tmp_path], defaults=ImageMetadata(brand="two"))
    assert await known(database) == [("Lantern", "It glows.", ["camp/night", "light"])] * 2


async def test_a_caption_that_a_later_row_says_is_not_the_files(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "a/red_lantern.jpg", photo())
    write(tmp_path / "b.jpg", photo())
    rows = "path,external_id,caption\na/red_lantern.jpg,E,\nb.jpg,E,Said.\n"
    (tmp_path / "two.csv").write_text(rows)
    await import_files(database, [], manifest=tmp_path / "two.csv")
    assert [caption for _, caption, _ in await known(database)] == ["Said."]
    assert await sources(database) == [("import", None)]


async def test_words_that_no_column_holds_cost_no_picture(database: Database) -> None:
    long = "\u1e9e" * 150  # folding makes it longer than a tag may be
    content = photo(title="nul\0l", description="bell\x07\x1b[2J", keywords=f"{long};fine")
    await ingest.add_image(database, content, ImageMetadata(), filename="x.jpg")
    assert await known(database) == [("nul", "bell[2J", ["fine"])]


async def test_the_number_of_frames_is_stored(database: Database) -> None:
    moving = encoded(picture(1), "GIF", save_all=True, append_images=[picture(2), picture(3)])
    for content in (moving, encoded(picture(1), "GIF")):
        await ingest.add_image(database, content, ImageMetadata())
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT frames FROM rage_v1.images ORDER BY image_id")
        assert [row["frames"] for row in await cursor.fetchall()] == [3, 1]


async def document(database: Database) -> str:
    (image,) = (await images(database)).values()
    return str(image["document"])


async def test_a_files_name_is_embedded_where_nothing_else_says_what_there_is(
    database: Database, tmp_path: Path
) -> None:
    plain = encoded(picture(), "JPEG")
    write(tmp_path / "a/red_lantern-02.v1.jpg", plain)
    await import_files(database, [tmp_path])
    assert await document(database) == "red lantern 02.v1. a"
    await import_files(database, [tmp_path], defaults=ImageMetadata(caption="It glows."))
    assert await document(database) == "It glows. a"
    assert (await known(database))[0][0] == "red lantern 02.v1"


async def test_a_title_that_somebody_said_is_embedded_beside_the_caption(
    database: Database, tmp_path: Path
) -> None:
    write(tmp_path / "a/red_lantern.jpg", encoded(picture(), "JPEG"))
    await import_files(database, [], manifest=manifest(tmp_path, title="A Red Lantern", caption="It glows."))
    assert await document(database) == "A Red Lantern. It glows"


async def test_what_stands_before_the_captions_of_uploads_is_their_title(database: Database) -> None:
    said = ImageMetadata(caption="It glows.", title="Lantern")
    await ingest.add_image(database, encoded(picture(), "JPEG"), said, filename="IMG_1.jpg")
    assert await document(database) == "Lantern. It glows"
