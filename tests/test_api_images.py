"""Images over HTTP: uploaded, listed, edited, shown, deleted."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from rage_pg import index
from rage_pg.api.pictures import PLAIN
from rage_pg.config import MIB, Limits
from rage_pg.providers import usem3
from tests.api_service import Client, problem, runtime_of, service, upload, uploaded
from tests.store import HashingEncoder, png


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url, limits=Limits(max_bytes=MIB, max_pixels=1_000_000)) as opened:
        yield opened


async def ids(client: Client, query: str) -> list[int]:
    answer = await client.get(f"/api/images?{query}")
    assert answer.status_code == 200, answer.text
    return [image["id"] for image in answer.json()["items"]]


async def test_upload_makes_an_image_with_what_was_said(client: Client) -> None:
    content = png()
    said: dict[str, Any] = {
        "brand": "lumen",
        "title": "Lotion",
        "tags": ["Body-Care/Lotion"],
        "sku": ["L-1"],
        "kind": "product",
    }
    answer = await upload(client, content, **said, attributes={"season": "summer"}, usable_until="2099-01-01")
    image = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/images/{image['id']}"
    assert image["brand"] == "lumen"
    assert image["tags"] == ["body-care/lotion"]
    assert image["skus"] == ["L-1"]
    assert image["attributes"] == {"season": "summer"}
    assert image["usable_until"] == "2099-01-01"
    assert image["origin"] == "uploaded"
    assert (image["width"], image["height"], image["media_type"]) == (64, 48, "image/png")
    assert image["sha256"] == hashlib.sha256(content).hexdigest()
    assert (await client.get(answer.headers["location"])).json() == image


async def test_upload_of_known_bytes_is_200_and_merges(client: Client) -> None:
    content = png()
    first = await uploaded(client, content, sku=["L-1"])
    answer = await upload(client, content, sku=["L-2"])
    assert answer.status_code == 200
    assert answer.json()["id"] == first["id"]
    assert sorted(answer.json()["skus"]) == ["L-1", "L-2"]


async def test_upload_without_metadata_takes_its_title_from_the_file(client: Client) -> None:
    answer = await client.post("/api/images", files={"file": ("red-lantern_02.png", png())})
    assert answer.status_code == 201
    assert answer.json()["title"] == "red lantern 02"
    assert answer.json()["brand"] == "default"


async def test_upload_asks_for_vectors(client: Client) -> None:
    await uploaded(client)
    await uploaded(client)
    async with runtime_of(client).database.transaction() as connection:
        cursor = await connection.execute("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'")
        assert await cursor.fetchall() == [{"task_name": "fill_index"}]


async def test_upload_of_bad_bytes_is_refused(client: Client) -> None:
    cases = [
        (b"", 422, "image-rejected"),
        (b"not an image", 422, "image-rejected"),
        (png()[:-40], 422, "image-rejected"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "image-rejected"),
        (png(size=(1100, 1000)), 413, "too-large"),
    ]
    for content, status, slug in cases:
        problem(await upload(client, content), status, slug)
        assert await ids(client, "") == []


async def test_upload_beyond_the_byte_limits_is_refused(client: Client) -> None:
    problem(await upload(client, png() + bytes(MIB)), 413, "too-large")
    problem(await upload(client, bytes(3 * MIB)), 413, "too-large")


async def test_upload_with_wrong_metadata_names_the_fault(client: Client) -> None:
    cases = [
        ('{"title": ', "metadata"),
        ('["title"]', "metadata"),
        ('{"colour": "red"}', "colour"),
        ('{"kind": "animal"}', "kind"),
        ('{"title": "a\\u0000b"}', "title"),
        ('{"usable_from": "2030-01-02", "usable_until": "2030-01-01"}', "usable_from"),
    ]
    for metadata, field in cases:
        files = {"file": ("a.png", png())}
        answer = await client.post("/api/images", files=files, data={"metadata": metadata})
        problem(answer, 400, "invalid-input", field)
        assert await ids(client, "") == []


async def test_upload_without_a_file_is_refused(client: Client) -> None:
    files = {"picture": ("a.png", png())}
    assert "picture" in problem(
        await client.post("/api/images", files=files), 400, "invalid-input", "picture"
    )
    problem(await client.post("/api/images", json={}), 400, "invalid-input", "url")
    broken = {"content-type": "multipart/form-data; boundary=x"}
    problem(await client.post("/api/images", content=b"rubbish", headers=broken), 400, "invalid-input")


async def test_list_takes_every_filter(client: Client) -> None:
    red = await uploaded(
        client, title="Red lamp", tags=["light/lamp", "old"], brand="lumen", sku=["R"], kind="product",
        attributes={"colour": "red", "price": 5},
    )  # fmt: skip
    blue = await uploaded(
        client, title="Blue boat", tags=["boat", "old"], state="draft", attributes={"colour": "blue"}
    )
    first, second = red["id"], blue["id"]
    assert await ids(client, "sort=id") == [first, second]
    assert await ids(client, "tag=LIGHT&tag=old") == [first]
    assert await ids(client, "tag=light&tag=boat") == []
    assert await ids(client, "tag_any=light&tag_any=boat&sort=-id") == [second, first]
    assert await ids(client, "tag_none=boat") == [first]
    assert await ids(client, "brand=Lumen") == [first]
    assert await ids(client, "sku=R&kind=product&origin=uploaded") == [first]
    assert await ids(client, "state=draft") == [second]
    assert await ids(client, "attribute.colour=red") == [first]
    assert await ids(client, "attribute.colour=red&attribute.colour=blue&sort=id") == [first, second]
    assert await ids(client, "attribute.price=5") == [first]
    assert await ids(client, "q=boat") == [second]
    assert await ids(client, "min_width=65") == []
    assert await ids(client, "updated_after=2000-01-01T00:00:00Z&created_before=2000-01-01T00:00:00Z") == []
    await client.put("/api/collections/best", json={"brand": "lumen", "image_ids": [first]})
    assert await ids(client, "collection=best") == [first]


async def test_list_is_paged_by_cursor(client: Client) -> None:
    expected = [(await uploaded(client))["id"] for _ in range(5)]
    seen: list[int] = []
    cursor = ""
    for _ in range(3):
        page = (await client.get(f"/api/images?sort=id&limit=2{cursor}")).json()
        seen += [image["id"] for image in page["items"]]
        cursor = f"&cursor={page['cursor']}"
    assert seen == expected
    assert page["cursor"] is None


async def test_list_refuses_what_it_cannot_read(client: Client) -> None:
    cases = [
        ("limit=0", "limit"),
        ("limit=10000", "limit"),
        ("sort=size", "sort"),
        ("cursor=abc", "cursor"),
        ("colour=red", "colour"),
        ("attribute.=red", "attribute."),
        ("label.a=b", "label.a"),
        ("kind=animal", "kind"),
        ("min_width=wide", "min_width"),
        ("min_width=99999999999", None),
        ("updated_after=yesterday", "updated_after"),
        ("tag=%00", "tag"),
    ]
    for query, field in cases:
        problem(await client.get(f"/api/images?{query}"), 400, "invalid-input", field)


async def test_facets_count_what_a_filter_leaves(client: Client) -> None:
    await uploaded(client, tags=["lamp"], brand="lumen", attributes={"colour": "red"})
    await uploaded(client, tags=["boat"], attributes={"colour": "blue"})
    facets = (await client.get("/api/facets?tag=lamp")).json()
    assert facets["tags"] == [{"value": "lamp", "count": 1}]
    assert facets["brands"] == [{"value": "lumen", "count": 1}]
    assert facets["attributes"] == {"colour": [{"value": "red", "count": 1}]}
    problem(await client.get("/api/facets?limit=3"), 400, "invalid-input", "limit")


async def test_patch_changes_what_it_names_and_clears_null(client: Client) -> None:
    image = await uploaded(client, title="Lamp", caption="It glows.", tags=["a", "b"])
    answer = await client.patch(f"/api/images/{image['id']}", json={"caption": None, "tags": ["c"]})
    edited = answer.json()
    assert answer.status_code == 200
    assert (edited["title"], edited["caption"], edited["tags"]) == ("Lamp", None, ["c"])
    assert edited["updated_at"] > image["updated_at"]
    assert await ids(client, "tag=c") == [image["id"]]


async def test_patch_of_many_changes_all_or_none(client: Client) -> None:
    numbers = [(await uploaded(client))["id"] for _ in range(2)]
    body = {"ids": numbers, "metadata": {"state": "retired"}}
    answer = await client.patch("/api/images", json=body)
    assert [(image["id"], image["state"]) for image in answer.json()["items"]] == [
        (number, "retired") for number in numbers
    ]
    missing = {"ids": [*numbers, 999], "metadata": {"state": "draft"}}
    problem(await client.patch("/api/images", json=missing), 404, "not-found")
    assert await ids(client, "state=draft") == []
    problem(await client.patch("/api/images", json={**body, "ids": []}), 400, "invalid-input", "ids")


async def test_patch_refuses_unknown_fields(client: Client) -> None:
    image = await uploaded(client)
    answer = await client.patch(f"/api/images/{image['id']}", json={"colour": "red"})
    assert problem(answer, 400, "invalid-input", "colour") == "colour is not a known field."


async def test_delete_hides_and_erase_removes_the_bytes(client: Client) -> None:
    image = await uploaded(client)
    address = f"/api/images/{image['id']}"
    assert (await client.delete(address)).status_code == 204
    problem(await client.get(address), 404, "not-found")
    problem(await client.delete(address), 404, "not-found")
    assert await ids(client, "") == []
    other = await uploaded(client)
    assert (await client.delete(f"/api/images/{other['id']}?erase=true")).status_code == 204
    problem(await client.get(other["content_url"]), 404, "not-found")


async def test_content_is_the_picture_and_never_runs(client: Client) -> None:
    content = png()
    image = await uploaded(client, content)
    answer = await client.get(image["content_url"])
    assert answer.content == content
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["etag"] == f'"{image["sha256"]}-plain-{PLAIN}"'
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_content_of_an_older_version_stays(client: Client) -> None:
    old, new = png(), png()
    image = await uploaded(client, old, external_id="lamp")
    answer = await upload(client, new, external_id="lamp")
    assert answer.status_code == 200
    assert answer.json()["version"] == 2
    assert (await client.get(image["content_url"])).content == new
    earlier = await client.get(f"{image['content_url']}?version=1")
    assert earlier.content == old
    assert earlier.headers["cache-control"] == "private, no-cache"
    problem(await client.get(f"{image['content_url']}?version=3"), 404, "not-found")
    problem(await client.get(f"{image['content_url']}?version=0"), 400, "invalid-input", "version")


async def test_pictures_known_to_the_caller_are_not_sent_again(client: Client) -> None:
    image = await uploaded(client)
    for address in (image["content_url"], image["thumbnail_url"]):
        tag = (await client.get(address)).headers["etag"]
        for known in (tag, f'"other", W/{tag}', "*"):
            answer = await client.get(address, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == tag
        assert (await client.get(address, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_thumbnail_is_small_and_kept_for_good_at_its_own_address(client: Client) -> None:
    image = await uploaded(client, png(size=(900, 600)))
    answer = await client.get(image["thumbnail_url"])
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    with Image.open(BytesIO(answer.content)) as small:
        assert small.size == (512, 341)
    unversioned = await client.get(f"/api/images/{image['id']}/thumbnail")
    assert unversioned.headers["cache-control"] == "private, no-cache"


async def test_images_that_do_not_exist_are_not_found(client: Client) -> None:
    cases = ["0", "-1", "4711", "9223372036854775807", "abc"]
    for image_id in cases:
        address = f"/api/images/{image_id}"
        for answer in (
            await client.get(address),
            await client.patch(address, json={"title": "x"}),
            await client.delete(address),
            await client.get(f"{address}/content"),
            await client.get(f"{address}/thumbnail"),
        ):
            problem(answer, 404, "not-found")


async def test_an_image_tells_by_what_it_is_found_now(client: Client) -> None:
    image = await uploaded(client, title="red lamp")
    assert image["searched_by"] == ["text"]
    runtime = runtime_of(client)
    await index.fill(runtime.database, [HashingEncoder(usem3.Usem3().identity)])
    path = f"/api/images/{image['id']}"
    assert (await client.get(path)).json()["searched_by"] == ["caption", "text"]
    changed = await client.patch(path, json={"title": "blue boat"})
    assert changed.json()["searched_by"] == ["text"]
    [listed] = (await client.get("/api/images")).json()["items"]
    assert "searched_by" not in listed
