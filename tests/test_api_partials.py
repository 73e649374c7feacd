"""Partial images over HTTP: told of while a generation runs, fetched by who may see it, gone with its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from rage_pg.api.pictures import POLICY
from rage_pg.runtime import Runtime
from tests.api_service import ANY_ID, Client, make_key, problem, runtime_of, service, stream
from tests.generating import FakeGenerator, carry_out, only
from tests.test_api_generations import events


def with_place(colour: int) -> bytes:
    """A picture whose file says where it was made."""
    said, buffer = PngInfo(), BytesIO()
    said.add_text("Location", "48.137, 11.575")
    Image.new("RGB", (64, 48), (colour, 120, 90)).save(buffer, "PNG", pnginfo=said)
    return buffer.getvalue()


@pytest.fixture
def generator() -> FakeGenerator:
    made = FakeGenerator()
    made.partials = [with_place(10), with_place(20)]
    made.release.clear()
    return made


@pytest.fixture
async def client(database_url: str, generator: FakeGenerator) -> AsyncIterator[Client]:
    """A service; whoever asks for a picture carries it out."""

    def prepare(runtime: Runtime) -> None:
        runtime.registry.generators = lambda: only(generator)  # type: ignore[method-assign]

    async with service(database_url, on_ready=prepare) as opened:
        yield opened


@asynccontextmanager
async def painting(client: Client, generator: FakeGenerator, **said: Any) -> AsyncIterator[str]:
    """The address of a generation whose picture is not finished before the block ends."""
    body = {"prompt": "Soap on a shelf", "partial_images": 2, **said}
    answer = await client.post("/api/generations", json=body)
    assert answer.status_code == 202, answer.text
    database, made = runtime_of(client).database, UUID(answer.json()["id"])
    running = asyncio.create_task(carry_out(database, generator, made))
    try:
        async with asyncio.timeout(60):
            await generator.shown.wait()
            yield answer.headers["location"]
    finally:
        generator.release.set()
        await running


async def told(pieces: AsyncIterator[str], count: int) -> list[tuple[int, str, dict[str, Any]]]:
    """The next events of a stream."""
    found: list[tuple[int, str, dict[str, Any]]] = []
    while len(found) < count:
        piece = await anext(pieces)
        found += [] if piece.startswith(":") else events(piece)
    return found


async def test_who_follows_sees_the_picture_come(client: Client, generator: FakeGenerator) -> None:
    async with (
        painting(client, generator) as location,
        stream(client, f"{location}/events") as pieces,
    ):
        happened = await told(pieces, 4)
        assert [(number, name) for number, name, _ in happened] == [
            (1, "queued"), (2, "running"), (3, "partial_image"), (4, "partial_image"),
        ]  # fmt: skip
        urls = [said["data"]["url"] for _, _, said in happened[2:]]
        assert [said["data"]["number"] for _, _, said in happened[2:]] == [1, 2]

        shown = await client.get(urls[0])
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
        assert shown.headers["content-security-policy"] == POLICY
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["cache-control"] == "private, no-cache"
        assert b"48.137" in generator.partials[0]
        assert b"48.137" not in shown.content
        with Image.open(BytesIO(shown.content)) as picture:
            assert picture.getpixel((0, 0)) == (10, 120, 90)
        known = await client.get(urls[0], headers={"If-None-Match": shown.headers["etag"]})
        assert known.status_code == 304
        head = await client.head(urls[1])
        assert (head.status_code, head.headers["content-type"]) == (200, "image/png")

        # Who comes back, or comes while it runs, misses nothing.
        async with stream(client, f"{location}/events", **{"Last-Event-ID": "3"}) as rest:
            assert [number for number, _, _ in await told(rest, 1)] == [4]
        generator.release.set()
        assert [(number, name) for number, name, _ in await told(pieces, 1)] == [(5, "succeeded")]
    # Nor is who comes late sent where nothing is any more.
    late = events((await client.get(f"{location}/events")).text)
    assert [(number, name) for number, name, _ in late] == [(1, "queued"), (2, "running"), (5, "succeeded")]
    back = events((await client.get(f"{location}/events", headers={"Last-Event-ID": "3"})).text)
    assert [number for number, _, _ in back] == [5]
    ended = await client.get(f"{location}/events", headers={"Last-Event-ID": "5"})
    assert ended.status_code == 204
    assert "its outputs take their place" in problem(await client.get(urls[0]), 404, "not-found")
    made = (await client.get(location)).json()
    assert [output["url"] for output in made["outputs"]] == [f"{location}/outputs/1"]
    images = (await client.get("/api/images?state=draft")).json()["items"]
    assert [image["id"] for image in images] == [made["outputs"][0]["image_id"]]


async def test_who_may_not_see_the_generation_is_told_that_there_is_none(
    client: Client, generator: FakeGenerator
) -> None:
    await client.post("/api/brands", json={"name": "acme"})
    await client.post("/api/brands", json={"name": "other"})
    async with painting(client, generator, brand="acme") as location:
        theirs = client.asking(await make_key(client, "theirs", "other"))
        ours = client.asking(await make_key(client, "ours", "acme"))
        for method in ("GET", "HEAD"):
            assert (await ours.request(method, f"{location}/partials/3")).status_code == 200
            assert (await theirs.request(method, f"{location}/partials/3")).status_code == 404
        hidden = problem(await theirs.get(f"{location}/partials/3"), 404, "not-found")
        missing = problem(await theirs.get(f"/api/generations/{ANY_ID}/partials/3"), 404, "not-found")
        assert hidden.replace(location.rpartition("/")[2], ANY_ID) == missing
        assert (await client.asking().get(f"{location}/partials/3")).status_code == 401


async def test_what_cannot_be_asked_for_is_said_at_once(client: Client, generator: FakeGenerator) -> None:
    for number in (-1, 4, "two", None):
        body = {"prompt": "Soap", "partial_images": number}
        problem(await client.post("/api/generations", json=body), 400, "invalid-input", "partial_images")
    assert generator.calls == []
    for number in ("0", "99999999999999999999", "-1", "x"):
        answer = await client.get(f"/api/generations/{ANY_ID}/partials/{number}")
        assert answer.status_code in (400, 404), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
