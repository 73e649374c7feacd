"""Archives over HTTP: what becomes of each image, what a request may be, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import tempfile
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from rage_pg.config import MIB, Limits
from rage_pg.ingest.refusals import NOT_AN_IMAGE
from tests import archives as made
from tests.api_service import Client, make_key, problem, service, uploaded
from tests.hostile import png

BOUNDARY = "b0undary"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n'
    "Content-Type: application/zip\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    limits = Limits(max_bytes=MIB, max_archive_bytes=80 * MIB)
    async with service(database_url, limits=limits) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def kept(folder: Path) -> int:
    """Files in a folder that this process holds or that are there, named or not."""
    held = [Path(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
    links = [os.readlink(file) for file in held if os.path.lexists(file)]
    return len(os.listdir(folder)) + sum(link.startswith(f"{folder}/") for link in links)


async def send(client: Client, content: bytes, **said: Any) -> Response:
    return await client.post(
        "/api/images/archive",
        files={"file": ("photos.zip", content, "application/zip")},
        data={"metadata": json.dumps(said)} if said else {},
    )


async def report(client: Client, content: bytes, **said: Any) -> Any:
    answer = await send(client, content, **said)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def images(client: Client) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await client.get("/api/images?sort=id")).json()["items"]
    return listed


async def test_each_image_of_an_archive_is_reported_and_stored(client: Client) -> None:
    content = made.archive(
        [("camp/Lamp_1.png", png(1)), ("b.png", png(2)), ("text.png", b"not a picture"), ("notes.txt", b"x")]
    )
    said = await report(client, content, brand="lumen", tags=["New"], state="draft")
    assert said == {
        "imported": 2,
        "duplicates": 0,
        "updated": 0,
        "rejected": [{"path": "text.png", "reason": NOT_AN_IMAGE}],
        "items": [
            {"path": "b.png", "external_id": None, "image_id": 1, "status": "imported"},
            {"path": "camp/Lamp_1.png", "external_id": None, "image_id": 2, "status": "imported"},
            {"path": "text.png", "external_id": None, "image_id": None, "status": "rejected"},
        ],
    }
    stored = await images(client)
    assert [(one["title"], one["tags"], one["brand"], one["state"], one["origin"]) for one in stored] == [
        ("b", ["new"], "lumen", "draft", "uploaded"),
        ("Lamp 1", ["camp", "new"], "lumen", "draft", "uploaded"),
    ]
    again = await report(client, content, brand="lumen")
    assert (again["imported"], again["duplicates"], len(again["rejected"])) == (0, 2, 1)
    assert await images(client) == stored


async def test_a_manifest_in_the_archive_names_its_images(client: Client) -> None:
    rows = "path,external_id,title,colour\na.png,A-1,Lamp,red\nnone.png,A-2,,\n"

    def content(number: int) -> bytes:
        return made.archive([("manifest.csv", rows.encode()), ("a.png", png(number)), ("b.png", png(9))])

    first = await report(client, content(1))
    assert first["rejected"] == [{"path": "none.png", "reason": "The archive does not have this file."}]
    assert [item["external_id"] for item in first["items"]] == ["A-1", "A-2", None]
    second = await report(client, content(2))
    assert [item["status"] for item in second["items"]] == ["updated", "rejected", "duplicate"]
    lamp = (await client.get(f"/api/images/{first['items'][0]['image_id']}")).json()
    assert (lamp["title"], lamp["attributes"], lamp["version"]) == ("Lamp", {"colour": "red"}, 2)


async def test_a_request_without_one_sound_archive_is_refused(client: Client, folder: Path) -> None:
    sound = made.named("a.png")
    file = ("a.zip", sound)
    cases: list[tuple[dict[str, Any], int, str, str | None]] = [
        ({}, 400, "invalid-input", "file"),
        ({"content": sound, "headers": {"content-type": "application/zip"}}, 400, "invalid-input", "file"),
        ({"json": {"file": "a.zip"}}, 400, "invalid-input", "file"),
        ({"files": {"metadata": (None, "{}")}}, 400, "invalid-input", "file"),
        ({"files": {"archive": file}}, 400, "invalid-input", "archive"),
        ({"files": [("file", file), ("file", file)]}, 400, "invalid-input", "file"),
        ({"files": {"file": file}, "data": {"metadata": "{"}}, 400, "invalid-input", "metadata"),
        ({"files": {"file": file}, "data": {"metadata": '{"kind": "animal"}'}}, 400, "invalid-input", "kind"),
        ({"files": {"file": file}, "data": {"metadata": '{"tags": ["/"]}'}}, 400, "invalid-input", "tags"),
        ({"files": {"file": file}, "data": {"metadata": " " * 2 * MIB}}, 413, "too-large", "metadata"),
        ({"files": {"file": ("a.zip", b"")}}, 400, "invalid-input", "file"),
        ({"files": {"file": ("a.zip", png())}}, 400, "invalid-input", "file"),
        ({"files": {"file": ("a.zip", made.named("notes.txt"))}}, 400, "invalid-input", "file"),
        ({"files": {"file": ("a.zip", made.overlapping())}}, 400, "invalid-input", "file"),
        ({"files": {"file": ("a.zip", made.many(50_001))}}, 413, "too-large", "file"),
        ({"content": HEAD + sound, "headers": FORM}, 400, "invalid-input", None),
        ({"content": b"rubbish", "headers": FORM}, 400, "invalid-input", None),
        ({"content": b"", "headers": FORM}, 400, "invalid-input", None),
        ({"files": {"file": file}, "data": {"metadata": b"\xff"}}, 400, "invalid-input", "metadata"),
    ]
    for number, (request, status, slug, field) in enumerate(cases):
        answer = await client.post("/api/images/archive", **request)
        assert problem(answer, status, slug, field), number
        assert kept(folder) == 0
    assert await images(client) == []


async def test_an_archive_beyond_the_limit_is_refused_said_or_not(client: Client, folder: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield HEAD
        for _ in range(90):
            yield bytes(MIB)
        yield TAIL

    sentence = "The archive has more than 83,886,080 bytes, the most that is taken."
    said = {**FORM, "content-length": str(90 * MIB)}
    for headers in (FORM, said):
        answer = await client.post("/api/images/archive", content=body(), headers=headers)
        assert problem(answer, 413, "too-large", "file") == sentence
        assert kept(folder) == 0


async def test_a_large_archive_is_never_in_memory(client: Client, folder: Path) -> None:
    """An image beside 64 MiB of film: the film goes to disk, is not read, and goes away."""
    film = made.archive([("film.mp4", os.urandom(64 * MIB)), ("a.png", png(1))], zipfile.ZIP_STORED)
    seen: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        yield HEAD
        for start in range(0, len(film), 65_536):
            yield film[start : start + 65_536]
            seen.append(kept(folder))
        yield TAIL

    tracemalloc.start()
    answer = await client.post("/api/images/archive", content=body(), headers=FORM)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.json()["imported"] == 1
    assert peak < 16 * MIB
    assert max(seen) == 1
    assert kept(folder) == 0


async def test_a_temporary_folder_that_cannot_be_written_is_said(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("rage_pg.api.archives.TemporaryFile", lambda **_: Broken())
    said = problem(await send(client, made.named("a.png")), 503, "setup")
    assert said.startswith("The archive cannot be kept: Read-only file system.")


@pytest.mark.parametrize("at", ["upload", "import"])
async def test_a_request_that_is_cancelled_leaves_nothing(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    waiting = asyncio.Event()

    async def wait(*_: object, **__: object) -> None:
        waiting.set()
        await asyncio.Event().wait()

    async def body() -> AsyncIterator[bytes]:
        yield HEAD + made.named("a.png")
        if at == "upload":
            await wait()
        yield TAIL

    if at == "import":
        monkeypatch.setattr("rage_pg.ingest.importing.put", wait)
    asking = asyncio.create_task(client.post("/api/images/archive", content=body(), headers=FORM))
    await waiting.wait()
    assert kept(folder) == 1
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert kept(folder) == 0
    assert await images(client) == []


async def test_a_key_brings_an_archive_into_its_own_brands_only(client: Client) -> None:
    theirs = await uploaded(client, png(1), brand="theirs", title="Secret")
    await uploaded(client, png(5), brand="mine")
    mine = client.asking(await make_key(client, "shop", "mine", scopes=["write"]))
    rows = "path,brand\na.png,theirs\nb.png,unheard\nc.png,mine\n"
    pictures = [(f"{name}.png", png(number)) for number, name in enumerate("abc", 1)]
    content = made.archive([("manifest.csv", rows.encode()), *pictures])
    said = await report(mine, content)
    assert said["rejected"] == [
        {"path": f"{name}.png", "reason": f"There is no brand '{brand}' that you may add images to."}
        for name, brand in (("a", "theirs"), ("b", "unheard"))
    ]
    same = await report(mine, made.archive([("x.png", png(1))]), brand="mine")
    assert same["imported"] == 1
    assert same["items"][0]["image_id"] != theirs["id"]
    assert {image["brand"] for image in await images(mine)} == {"mine"}
    reader = client.asking(await make_key(client, "reader", "mine"))
    problem(await send(reader, content), 403, "forbidden")
