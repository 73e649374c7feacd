"""Pictures as they are served: nothing of what their files say besides, and nothing but pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from rage_pg.api.pictures import PLAIN
from tests.api_service import Client, problem, service, upload, uploaded
from tests.hostile import chunk, encoded, picture
from tests.sound import shown_frames, sound, telling

HTML = b"<html><script>alert(1)</script></html>"


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as client:
        yield client


async def test_no_served_picture_tells_where_it_was_taken(client: Client) -> None:
    for name, content in telling().items():
        image = await uploaded(client, content)
        answer = await client.get(image["content_url"])
        assert answer.headers["content-type"] == image["media_type"] == f"image/{name.split()[0]}"
        assert b"SECRET" not in answer.content, name
        assert shown_frames(answer.content) == shown_frames(content), name
        small = await client.get(image["thumbnail_url"])
        assert b"SECRET" not in small.content
        again = await client.get(image["content_url"], headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


async def test_an_image_tells_its_frames(client: Client) -> None:
    assert (await uploaded(client, sound()["gif animated"]))["frames"] == 3
    assert (await uploaded(client, sound()["heic photo"]))["frames"] == 1


async def test_the_original_stays_in_the_database(client: Client) -> None:
    content = telling()["jpeg"]
    image = await uploaded(client, content)
    runtime: Any = client.app.state.runtime
    async with runtime.database.transaction() as connection:
        row = await (await connection.execute("SELECT bytes FROM rage.contents")).fetchone()
    assert row == {"bytes": content}
    assert (image["width"], image["height"]) == (48, 64)


def polyglots() -> dict[str, bytes]:
    """Pictures that are something else as well."""
    jpeg, png, gif = (encoded(picture(), name) for name in ("JPEG", "PNG", "GIF"))
    script = b"*/=1;alert(1);/*"
    return {
        "jpeg and zip": jpeg + b"PK\x03\x04" + bytes(26) + HTML + b"PK\x05\x06" + bytes(18),
        "jpeg and html": jpeg[:2] + b"\xff\xfe" + (len(HTML) + 2).to_bytes(2) + HTML + jpeg[2:],
        "jpeg and pdf": jpeg[:2] + b"\xff\xfe\x00\x0b%PDF-1.4\n" + jpeg[2:] + HTML,
        "png and html": png[:33] + chunk(b"tEXt", b"Comment\0" + HTML) + png[33:] + HTML,
        "png and php": png + b"<?php system($_GET[0]); ?>" + HTML,
        "gif and js": gif[:-1] + b"\x21\xfe" + bytes([len(script)]) + script + b"\0;" + HTML,
        "webp and html": encoded(picture(), "WEBP") + HTML,
        "bmp and js": encoded(picture(), "BMP") + script + HTML,
        "tiff and zip": encoded(picture(), "TIFF") + b"PK\x03\x04" + HTML,
    }


async def test_a_picture_that_is_something_else_too_is_served_as_a_picture(client: Client) -> None:
    for name, content in polyglots().items():
        image = await uploaded(client, content)
        answer = await client.get(image["content_url"])
        assert answer.headers["content-type"] == f"image/{name.split()[0]}"
        assert answer.headers["x-content-type-options"] == "nosniff"
        for part in (HTML, b"PK\x03\x04", b"%PDF", b"<?php", b"alert"):
            assert part not in answer.content, name
        assert shown_frames(answer.content) == shown_frames(content), name


async def test_what_begins_as_something_else_is_refused(client: Client) -> None:
    refused = {
        "PDF document": b"%PDF-1.4\n" + encoded(picture(), "JPEG"),
        "web page": HTML + encoded(picture(), "PNG"),
        "ZIP archive": b"PK\x03\x04" + bytes(26) + encoded(picture(), "JPEG"),
        "SVG drawing": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    }
    for reason, content in refused.items():
        assert reason in problem(await upload(client, content, name="a.png"), 422, "image-rejected")


async def test_a_stored_file_that_cannot_be_taken_apart_is_a_clear_problem(
    client: Client, database_url: str
) -> None:
    import psycopg

    image = await uploaded(client, encoded(picture(), "JPEG"))
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE rage.contents SET bytes = substr(bytes, 1, 30)")
    answer = await client.get(image["content_url"])
    assert "its thumbnail still is" in problem(answer, 422, "image-rejected")
    assert (await client.get(image["thumbnail_url"])).status_code == 200


async def test_no_plain_picture_is_kept_unasked(client: Client) -> None:
    image = await uploaded(client, encoded(picture(), "JPEG"))
    for url in (image["content_url"], f"{image['content_url']}?version=1"):
        answer = await client.get(url)
        assert answer.headers["cache-control"] == "private, no-cache"
        again = await client.get(url, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        # What was kept before less, or more, was taken out.
        old = answer.headers["etag"].replace(f"-plain-{PLAIN}", "-plain")
        assert (await client.get(url, headers={"If-None-Match": old})).status_code == 200
