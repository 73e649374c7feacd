"""`rage import` of URLs and archives, beside files and by a manifest."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rage_pg.ingest.refusals import NOT_AN_IMAGE
from tests import archives as made
from tests.command_line import Rage, in_process
from tests.hostile import png, write


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    monkeypatch.setenv("RAGE_FETCH_ALLOW", "127.0.0.1")
    return in_process(database_url, monkeypatch, capsys)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder that `address` serves."""
    folder = tmp_path / "site"
    for number in range(9):
        write(folder / f"img/lamp-{number}.png", png(number))
    return folder


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def report(rage: Rage, *arguments: object) -> Any:
    outcome = rage("import", *arguments, "--no-index", "--json")
    assert outcome.code == 0, outcome.err
    return outcome.json


def statuses(said: Any) -> list[str]:
    return [item["status"] for item in said["items"]]


def test_urls_are_imported_in_order_and_known_again(rage: Rage, site: Path, address: str) -> None:
    urls = [f"{address}/img/lamp-{number}.png" for number in range(9)]
    first = report(rage, *urls, "--tag", "new")
    assert [item["path"] for item in first["items"]] == urls
    assert statuses(first) == ["imported"] * 9
    assert statuses(report(rage, *urls, "--tag", "new")) == ["duplicate"] * 9
    write(site / "img/lamp-3.png", png(99))
    changed = report(rage, *urls, "--tag", "new")
    assert statuses(changed) == ["duplicate"] * 3 + ["updated"] + ["duplicate"] * 5
    assert [item["image_id"] for item in changed["items"]] == [item["image_id"] for item in first["items"]]


def test_a_url_that_gives_nothing_stops_nothing(rage: Rage, site: Path, address: str) -> None:
    write(site / "page.png", b"<!doctype html><p>Hello")
    write(site / "text.png", b"plain")
    outcome = rage(
        "import", f"{address}/img/lamp-1.png", f"{address}/none.png?sig=secret", f"{address}/page.png",
        f"{address}/text.png", "http://10.0.0.1/a.png", "ftp://shop.example/a.png", "--no-index",
    )  # fmt: skip
    assert (outcome.code, outcome.out) == (0, "1 imported, 0 duplicates, 0 updated, 5 rejected\n")
    assert outcome.err.splitlines() == [
        f"rage: {address}/none.png?…: There is nothing at this URL: 127.0.0.1 answered 404.",
        f"rage: {address}/page.png: This URL leads to a web page, not to an image.",
        f"rage: {address}/text.png: {NOT_AN_IMAGE}",
        "rage: http://10.0.0.1/a.png: There is no public address for 10.0.0.1.",
        "rage: ftp://shop.example/a.png: The URL must start with http:// or https://, not ftp:.",
    ]


def test_loopback_is_not_fetched_from_unless_allowed(
    rage: Rage, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAGE_FETCH_ALLOW")
    outcome = rage("import", f"{address}/img/lamp-1.png", "--no-index")
    assert outcome.code == 1
    assert "There is no public address for 127.0.0.1." in outcome.err
    monkeypatch.setenv("RAGE_FETCH_ALLOW", "http://127.0.0.1")
    assert "RAGE_FETCH_ALLOW takes host names and networks" in rage("import", f"{address}/a.png").complaint


def test_a_manifest_names_files_and_urls(rage: Rage, address: str, tmp_path: Path) -> None:
    write(tmp_path / "local.png", png(50))
    rows = f"path,external_id,title\nlocal.png,L-1,Here\n{address}/img/lamp-1.png,L-2,There\nhttp://10.0.0.1/,L-3,\n"
    manifest = write(tmp_path / "manifest.csv", f"{rows}http://user@127.0.0.1/,L-4,\n".encode())
    said = report(rage, "--manifest", manifest, f"{address}/img/lamp-1.png", f"{address}/img/lamp-2.png")
    assert [(item["external_id"], item["status"]) for item in said["items"]] == [
        ("L-1", "imported"), ("L-2", "imported"), ("L-3", "rejected"), ("L-4", "rejected"),
        (None, "imported"),
    ]  # fmt: skip
    assert said["rejected"][1]["reason"] == "Line 5: The URL must not hold a user name or a password."


def test_an_archive_is_imported_like_a_folder(rage: Rage, tmp_path: Path, database_url: str) -> None:
    file = write(tmp_path / "Photos.ZIP", made.named("camp/a.png", "b.png", "../c.png", "__MACOSX/._b.png"))
    said = report(rage, file, "--brand", "lumen", "--tag", "new")
    assert [(item["path"], item["status"]) for item in said["items"]] == [
        (f"{file}/../c.png", "rejected"), (f"{file}/b.png", "imported"), (f"{file}/camp/a.png", "imported"),
    ]  # fmt: skip
    write(file, made.named("camp/a.png", "b.png"))
    assert statuses(report(rage, file, "--brand", "lumen", "--tag", "new")) == ["duplicate", "duplicate"]
    write(file, made.archive([("b.png", png(70)), ("camp/a.png", png(0))]))
    assert statuses(report(rage, file, "--brand", "lumen", "--tag", "new")) == ["updated", "duplicate"]
    with psycopg.connect(database_url) as connection:
        keys = connection.execute("SELECT DISTINCT root FROM rage.image_identifiers").fetchall()
        origins = connection.execute("SELECT DISTINCT origin FROM rage.images").fetchall()
    assert keys == [(os.path.realpath(file),)]
    assert origins == [("imported",)]


def test_an_archive_that_cannot_be_taken_is_named(rage: Rage, tmp_path: Path) -> None:
    good = write(tmp_path / "good.zip", made.named("a.png"))
    overlap = "Entries of the archive overlap, as those of a bomb do."
    bad = {
        write(tmp_path / "bomb.zip", made.overlapping()): overlap,
        write(tmp_path / "cut.zip", made.named("a.png")[:60]): "This is no intact ZIP archive.",
        write(tmp_path / "none.zip", made.named("notes.txt")): "There are no images in this archive.",
    }
    said = report(rage, *bad, good)
    assert {Path(one["path"]): one["reason"] for one in said["rejected"]} == bad
    assert statuses(said) == ["rejected", "rejected", "rejected", "imported"]
    outcome = rage("import", *bad)
    assert outcome.code == 2
    assert "There is nothing to import." in outcome.complaint


def test_a_path_that_does_not_exist_is_wrong_usage(rage: Rage) -> None:
    outcome = rage("import", "nowhere.zip")
    assert outcome.code == 2
    assert "'nowhere.zip' does not exist" in outcome.err
