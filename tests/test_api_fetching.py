"""Images over HTTP by their URL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from rage_pg.config import MIB, Limits
from rage_pg.ingest import Fetcher
from tests.api_service import Client, make_key, problem, service
from tests.hostile import png
from tests.web_stub import Resolver, Web, moved, page, web

SIGNED = "AWSAccessKeyId=A&Expires=9&Signature="


@pytest.fixture
async def stub() -> AsyncIterator[Web]:
    async with web() as served:
        yield served


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url, limits=Limits(max_bytes=MIB)) as opened:
        opened.app.state.fetcher = Fetcher(["127.0.0.1/32"], resolve=Resolver(["127.0.0.1"]))
        yield opened


async def test_an_image_is_fetched_once_and_known_again(client: Client, stub: Web) -> None:
    stub.pages["/img/red-lantern_02.png"] = page(png(1))
    body: dict[str, Any] = {
        "url": stub.url(f"/img/red-lantern_02.png?{SIGNED}secret"),
        "metadata": {"tags": ["New"]},
    }
    first = await client.post("/api/images", json=body)
    image = first.json()
    assert first.status_code == 201
    assert first.headers["location"] == f"/api/images/{image['id']}"
    assert (image["title"], image["origin"], image["tags"]) == ("red lantern 02", "uploaded", ["new"])
    again = await client.post("/api/images", json=body)
    assert (again.status_code, again.json()["id"], again.json()["version"]) == (200, image["id"], 1)
    stub.pages["/img/red-lantern_02.png"] = page(png(2))
    other = await client.post(
        "/api/images", json={**body, "url": stub.url(f"/img/red-lantern_02.png?{SIGNED}other")}
    )
    assert (other.status_code, other.json()["id"], other.json()["version"]) == (200, image["id"], 2)
    assert (await client.get(f"{image['content_url']}")).content == png(2)


async def test_no_query_of_a_url_is_stored(client: Client, stub: Web, database_url: str) -> None:
    import psycopg

    stub.pages["/i"] = page(png(1))
    assert (await client.post("/api/images", json={"url": stub.url("/i?id=hunter2")})).status_code == 201
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT root, identifier FROM rage.image_identifiers").fetchall()
        assert len(rows) == 1
        assert rows[0][0] == stub.url("")
        assert rows[0][1].startswith("/i?sha256=")
        dump = connection.execute("SELECT string_agg(i::text, '') FROM rage.images AS i").fetchone()
    assert "hunter2" not in str(dump)


async def test_what_is_not_fetched_is_a_problem_of_the_url(client: Client, stub: Web) -> None:
    stub.pages["/none"] = page(b"", "404 Not Found")
    stub.pages["/page"] = page(b"<!doctype html><p>Hello")
    stub.pages["/text"] = page(b"plain")
    stub.pages["/large"] = page(bytes(MIB + 1))
    stub.pages["/inside"] = moved("http://169.254.169.254/latest/")
    cases = [
        (stub.url("/none"), 422, "not-fetched", "url"),
        (stub.url("/page"), 422, "image-rejected", "url"),
        (stub.url("/text"), 422, "image-rejected", None),
        (stub.url("/large"), 413, "too-large", "url"),
        (stub.url("/inside"), 400, "invalid-input", "url"),
        ("http://10.0.0.1/", 400, "invalid-input", "url"),
        ("//shop.example/a.png", 400, "invalid-input", "url"),
        ("", 400, "invalid-input", "url"),
        ("http://shop.example/" + "a" * 3_000, 400, "invalid-input", "url"),
        ("http://shop.exämple/", 400, "invalid-input", "url"),
    ]
    for url, status, slug, field in cases:
        problem(await client.post("/api/images", json={"url": url}), status, slug, field)
    assert (await client.get("/api/images")).json()["items"] == []


async def test_a_body_that_is_not_as_it_should_be_names_the_fault(client: Client, stub: Web) -> None:
    url = stub.url("/a.png")
    cases: list[tuple[Any, str | None]] = [
        ({}, "url"), ([], None), ({"url": 5}, "url"), ({"url": url, "file": "x"}, "file"), ({"url": None},
        "url"),
        ({"url": url, "metadata": {"colour": "red"}}, "metadata.colour"), ({"url": url, "metadata": []},
        "metadata"),
        ({"url": url, "metadata": {"tags": ["/"]}}, "tags"), ({"url": url, "metadata": "{}"}, "metadata"),
    ]  # fmt: skip
    for body, field in cases:
        problem(await client.post("/api/images", json=body), 400, "invalid-input", field)
    broken = {"content": b"{", "headers": {"content-type": "application/json"}}
    problem(await client.post("/api/images", **broken), 400, "invalid-input")  # type: ignore[arg-type]
    assert stub.asked == []


async def test_nothing_is_fetched_for_who_may_not_write(client: Client, stub: Web) -> None:
    stub.pages["/a.png"] = page(png(1))
    reader = client.asking(await make_key(client, "reader", scopes=["read", "generate"]))
    problem(await reader.post("/api/images", json={"url": stub.url("/a.png")}), 403, "forbidden")
    assert stub.asked == []


async def test_the_document_shows_both_bodies(client: Client) -> None:
    paths = (await client.get("/schema/openapi.json")).json()["paths"]
    bodies = paths["/api/images"]["post"]["requestBody"]["content"]
    assert bodies["multipart/form-data"]["schema"]["required"] == ["file"]
    assert bodies["application/json"]["schema"]["required"] == ["url"]
    assert bodies["application/json"]["schema"]["properties"]["metadata"] == {
        "$ref": "#/components/schemas/ImageMetadata"
    }
    archive = paths["/api/images/archive"]["post"]
    assert archive["requestBody"]["content"]["multipart/form-data"]["schema"]["required"] == ["file"]
    assert "imported" in str(archive["responses"]["200"]) or "$ref" in str(archive["responses"]["200"])
