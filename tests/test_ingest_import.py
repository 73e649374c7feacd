"""Whole imports: files and manifests into a real database, two at once, interrupted, and on bad input."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.errors import DatabaseUnavailable, InvalidInput
from rage_pg.ingest import import_files
from rage_pg.types import ImageMetadata, ImportReport
from tests.hostile import bomb_png, encoded, picture, png, write
from tests.sound import PICTURES

# Imports a folder and waits for ever after its first batch.
INTERRUPTED = """
import asyncio, sys, threading
from pathlib import Path
from rage_pg.database import Database
from rage_pg.ingest import import_files

def hang(done, total):
    print(done, flush=True)
    threading.Event().wait()

async def main():
    async with Database(sys.argv[1]) as database:
        await import_files(database, [Path(sys.argv[2])], progress=hang)

asyncio.run(main())
"""
WORDS = """
SELECT i.title, b.name AS brand, i.state, array_agg(t.name ORDER BY t.name) AS tags
FROM rage.images AS i JOIN rage.brands AS b USING (brand_id)
JOIN rage.image_tags USING (image_id) JOIN rage.tags AS t USING (tag_id)
GROUP BY i.image_id, b.name
ORDER BY i.image_id
"""
FAIL_AFTER = """
CREATE FUNCTION rage.go_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM rage.image_versions) >= 60 THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER go_away AFTER INSERT ON rage.image_identifiers EXECUTE FUNCTION rage.go_away();
"""


def folder_of(folder: Path, count: int) -> Path:
    for number in range(count):
        write(folder / f"{number // 40}/picture-{number:03}.png", png(number))
    return folder


async def rows(database: Database, statement: str) -> list[dict[str, Any]]:
    async with database.transaction() as connection:
        return list(await (await connection.execute(statement.encode())).fetchall())


async def counts(database: Database) -> tuple[int, ...]:
    """Images, contents, versions, identifiers, documents."""
    tables = ("images", "contents", "image_versions", "image_identifiers", "image_documents")
    found = [await rows(database, f"SELECT count(*) AS n FROM rage.{table}") for table in tables]
    return tuple(row["n"] for (row,) in found)


def done_when_killed(url: str, folder: Path) -> str:
    """What an import in a process of its own said of its first batch, before it was killed."""
    command = [sys.executable, "-c", INTERRUPTED, url, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.kill()
    return said


def summary(report: ImportReport) -> tuple[int, int, int, int]:
    return report.imported, report.duplicates, report.updated, len(report.rejected)


def reasons(report: ImportReport) -> dict[str, str]:
    return {Path(rejection.path).name: rejection.reason for rejection in report.rejected}


async def test_a_folder_gives_titles_and_tags_by_its_names(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "animals/birds/red-crow_02.png", png(1))
    write(tmp_path / "top.png", png(2))
    seen: list[tuple[int, int]] = []
    report = await import_files(
        database,
        [tmp_path],
        defaults=ImageMetadata(tags=("New",), brand="Lumen", state="draft"),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert summary(report) == (2, 0, 0, 0)
    assert seen[-1] == (2, 2)
    found = await rows(database, WORDS)
    assert found == [
        {"title": "top", "brand": "Lumen", "state": "draft", "tags": ["new"]},
        {"title": "red crow 02", "brand": "Lumen", "state": "draft", "tags": ["animals/birds", "new"]},
    ]


async def test_import_again_is_all_duplicates_and_changes_nothing(database: Database, tmp_path: Path) -> None:
    folder_of(tmp_path, 60)
    first = await import_files(database, [tmp_path])
    stamps = await rows(database, "SELECT image_id, updated_at FROM rage.images ORDER BY 1")
    second = await import_files(database, [tmp_path])
    assert (summary(first), summary(second)) == ((60, 0, 0, 0), (0, 60, 0, 0))
    assert [item.image_id for item in first.items] == [item.image_id for item in second.items]
    assert await rows(database, "SELECT image_id, updated_at FROM rage.images ORDER BY 1") == stamps


async def test_items_are_in_the_order_of_the_input(database: Database, tmp_path: Path) -> None:
    folder_of(tmp_path, 120)
    broken = str(write(tmp_path / "0/broken.png", b"x"))
    report = await import_files(database, [tmp_path])
    paths = [item.path for item in report.items]
    assert len(paths) == 121
    assert paths == sorted(paths)
    assert [item.path for item in report.items if item.image_id is None] == [broken]


async def test_the_same_bytes_twice_in_one_import_are_one_image(database: Database, tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "sub/c.png"):
        write(tmp_path / name, png(1))
    report = await import_files(database, [tmp_path])
    assert [item.status for item in report.items] == ["imported", "duplicate", "duplicate"]
    assert len({item.image_id for item in report.items}) == 1


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_manifest_is_imported_and_updated(database: Database, tmp_path: Path, form: str) -> None:
    for number in range(3):
        write(tmp_path / f"pictures/{number}.png", png(number))
    manifests = {
        "csv": "path,external_id,title,tags,season\n"
        "pictures/0.png,E0,Zero,a;b,{season}\npictures/1.png,E1,,,\n../out.png,E2,,,\npictures/9.png,E9,,,\n",
        "jsonl": '{{"path": "pictures/0.png", "external_id": "E0", "title": "Zero", "tags": ["a", "b"],'
        ' "season": "{season}"}}\n{{"path": "pictures/1.png", "external_id": "E1"}}\n'
        '{{"path": "../out.png", "external_id": "E2"}}\n{{"path": "pictures/9.png", "external_id": "E9"}}\n',
    }
    manifest = write(tmp_path / f"manifest.{form}", manifests[form].format(season="summer").encode())
    report = await import_files(database, [], manifest=manifest)
    assert summary(report) == (2, 0, 0, 2)
    assert [(item.path, item.external_id, item.status) for item in report.items] == [
        ("pictures/0.png", "E0", "imported"),
        ("pictures/1.png", "E1", "imported"),
        ("../out.png", "E2", "rejected"),
        ("pictures/9.png", "E9", "rejected"),
    ]
    assert "outside the manifest's folder" in reasons(report)["out.png"]
    assert reasons(report)["9.png"] == "The file does not exist."
    write(manifest, manifests[form].format(season="winter").encode())
    assert summary(await import_files(database, [], manifest=manifest)) == (0, 1, 1, 2)
    found = await rows(database, "SELECT title, attributes FROM rage.images ORDER BY image_id")
    assert found == [{"title": "Zero", "attributes": {"season": "winter"}}, {"title": "1", "attributes": {}}]


async def test_a_manifest_is_used_only_if_it_is_named(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "a.png", png(1))
    write(tmp_path / "manifest.csv", b"path,title\na.png,Said\n")
    await import_files(database, [tmp_path])
    assert await rows(database, "SELECT title FROM rage.images") == [{"title": "a"}]
    write(tmp_path / "b.png", png(2))
    report = await import_files(database, [tmp_path], manifest=tmp_path / "manifest.csv")
    assert summary(report) == (1, 0, 1, 0)
    assert await rows(database, "SELECT title FROM rage.images ORDER BY 1") == [
        {"title": "Said"},
        {"title": "b"},
    ]


async def test_bad_files_are_named_and_stop_nothing(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "good.png", png(1))
    write(tmp_path / "really-a-png.jpg", png(2))
    write(tmp_path / "empty.png", b"")
    write(tmp_path / "text.png", b"not a picture")
    write(tmp_path / "cut.png", png(3, (400, 400))[:-300])
    write(tmp_path / "bomb.png", bomb_png())
    large = write(tmp_path / "large.png", png(4, (900, 900)) + bytes(1_100_000))
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    report = await import_files(database, [tmp_path], limits=Limits(max_bytes=1_000_000))
    assert summary(report) == (2, 0, 0, 6)
    assert reasons(report) == {
        "empty.png": "The file is empty.",
        "text.png": "This is not an intact JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC image.",
        "cut.png": "The image is cut off.",
        "bomb.png": "The image has more than 100,000,000 pixels, the most that is taken.",
        "large.png": f"The file has {large.stat().st_size:,} bytes, at most 1,000,000 are taken.",
        "gone.png": "The file does not exist.",
    }
    assert (await counts(database))[:2] == (2, 2)


async def test_what_a_person_takes_for_pictures_is_named_with_what_to_do(
    database: Database, tmp_path: Path
) -> None:
    write(tmp_path / "good.heic", (PICTURES / "photo.heic").read_bytes())
    write(tmp_path / "good.avif", encoded(picture(7), "AVIF"))
    write(tmp_path / "logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    write(tmp_path / "logo.png", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>")
    write(tmp_path / "shot.CR2", b"II*\0\x10\0\0\0CR\x02\0")
    write(tmp_path / "poster.psd", b"8BPS\0\1")
    write(tmp_path / "film.mp4", b"\0\0\0\x18ftypisom")
    write(tmp_path / "page.html", b"<html></html>")
    report = await import_files(database, [tmp_path])
    assert summary(report) == (2, 0, 0, 4)
    svg = "This is an SVG drawing, which is a program and no picture: export it as PNG."
    assert reasons(report) == {
        "logo.svg": svg,
        "logo.png": svg,
        "shot.CR2": "This is a camera's raw file, which has no colours yet: export it as JPEG or TIFF.",
        "poster.psd": "This is a Photoshop document: export it as PNG, JPEG or TIFF.",
    }


async def test_a_row_that_the_store_refuses_stops_only_itself(database: Database, tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png", png(number))
    lines = (
        '{{"path": "0.png", "external_id": "E0"}}\n'
        '{{"path": "1.png", "external_id": "E1"{more}}}\n'
        '{{"path": "2.png"}}'
    )
    manifest = write(tmp_path / "m.jsonl", lines.format(more=', "usable_from": "2026-06-01"').encode())
    await import_files(database, [], manifest=manifest)
    clash = lines.format(more=', "usable_until": "2026-01-01"').replace('"E0"', '"E0", "title": "New"')
    report = await import_files(database, [], manifest=write(manifest, clash.encode()))
    assert summary(report) == (0, 1, 1, 1)
    assert reasons(report) == {"1.png": "usable_from lies after usable_until."}
    tag = ', "tags": ["%s"]' % ("\u1e9e" * 150)
    report = await import_files(database, [], manifest=write(manifest, lines.format(more=tag).encode()))
    assert "has 300 characters" in reasons(report)["1.png"]


async def test_a_row_whose_tag_cannot_be_is_rejected_by_name(database: Database, tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / f"{number}.png", png(number))
    lines = b'{"path": "0.png", "tags": ["light / Lamp"]}\n{"path": "1.png", "tags": ["light//lamp"]}\n'
    report = await import_files(database, [], manifest=write(tmp_path / "m.jsonl", lines))
    assert summary(report) == (1, 0, 0, 1)
    assert reasons(report)["1.png"].startswith("Line 2: The tag 'light//lamp' has an empty part")
    assert await rows(database, "SELECT name FROM rage.tags") == [{"name": "light/lamp"}]
    with pytest.raises(InvalidInput, match="The tag '/' has an empty part"):
        await import_files(database, [tmp_path / "1.png"], defaults=ImageMetadata(tags=("/",)))


async def test_a_file_whose_name_is_not_utf8_is_rejected_alone(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "good.png", png(1))
    write(tmp_path / os.fsdecode(b"caf\xe9.png"), png(2))
    write(tmp_path / os.fsdecode(b"\xff") / "in.png", png(3))
    report = await import_files(database, [tmp_path])
    assert summary(report) == (1, 0, 0, 2)
    assert reasons(report) == dict.fromkeys((r"caf\xe9.png", "in.png"), "The file's path is not UTF-8.")
    assert rf"{tmp_path}/\xff/in.png" in [rejection.path for rejection in report.rejected]


async def test_two_imports_at_once_store_each_image_once(database: Database, tmp_path: Path) -> None:
    folder_of(tmp_path, 120)
    reports: Sequence[ImportReport] = await asyncio.gather(
        *(import_files(database, [tmp_path], defaults=ImageMetadata(brand="Both")) for _ in range(2))
    )
    assert sum(report.imported for report in reports) == 120
    assert sum(report.duplicates for report in reports) == 120
    assert [item.image_id for item in reports[0].items] == [item.image_id for item in reports[1].items]
    assert await counts(database) == (120, 120, 120, 120, 120)


async def test_two_imports_into_two_brands_share_the_bytes(database: Database, tmp_path: Path) -> None:
    folder_of(tmp_path, 120)
    await asyncio.gather(
        *(import_files(database, [tmp_path], defaults=ImageMetadata(brand=name)) for name in ("One", "Two"))
    )
    assert await counts(database) == (240, 120, 240, 240, 240)


async def test_a_killed_import_goes_on_where_it_stopped(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    folder_of(tmp_path, 130)
    assert done_when_killed(database_url, tmp_path) == "50\n"
    assert (await counts(database))[0] == 50
    assert summary(await import_files(database, [tmp_path])) == (80, 50, 0, 0)
    assert await counts(database) == (130, 130, 130, 130, 130)


async def test_a_database_that_goes_away_leaves_nothing_half_written(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    folder_of(tmp_path, 130)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(FAIL_AFTER)
        with pytest.raises(DatabaseUnavailable):
            await import_files(database, [tmp_path])
        assert await counts(database) == (50, 50, 50, 50, 50)
        owner.execute("DROP TRIGGER go_away ON rage.image_identifiers")
    assert summary(await import_files(database, [tmp_path])) == (80, 50, 0, 0)
    assert await counts(database) == (130, 130, 130, 130, 130)


async def test_an_unusable_manifest_imports_nothing(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "a.png", png(1))
    manifest = write(tmp_path / "m.csv", b"file\na.png\n")
    with pytest.raises(InvalidInput, match="no column 'path'"):
        await import_files(database, [tmp_path], manifest=manifest)
    assert await counts(database) == (0, 0, 0, 0, 0)


async def test_known_bytes_are_not_decoded(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, 3)
    await import_files(database, [tmp_path])

    def refuse(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr("rage_pg.ingest.importing.decode", refuse)
    other = ImageMetadata(brand="Other")
    assert summary(await import_files(database, [tmp_path])) == (0, 3, 0, 0)
    assert summary(await import_files(database, [tmp_path], defaults=other)) == (3, 0, 0, 0)
