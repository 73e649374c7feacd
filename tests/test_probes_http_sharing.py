"""Probes over HTTP of what two brands both touch: bytes, names, a picture that one lent the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import Response

from tests.api_service import Client, runtime_of, upload
from tests.generating import rows
from tests.probing import OURS, THEIRS, UNUSED_NUMBER, World
from tests.probing_world import served, world_on
from tests.store import png

NEW_EACH_TIME = (
    "id",
    "sha256",
    "content_url",
    "thumbnail_url",
    "created_at",
    "updated_at",
    "external_id",
    "skus",
)


@pytest.fixture(scope="module")
def world(server_18: str, template: str) -> World:
    return world_on(server_18, template)


@pytest.fixture
async def client(server_18: str, world: World) -> AsyncIterator[Client]:
    async with served(server_18, world.full) as opened:
        yield opened


def shape(answer: Response) -> tuple[int, dict[str, Any], list[str]]:
    """What an upload is answered, apart from what is new each time."""
    image = {name: value for name, value in answer.json().items() if name not in NEW_EACH_TIME}
    return answer.status_code, image, sorted(answer.headers)


async def test_their_bytes_are_uploaded_as_if_new(client: Client, world: World) -> None:
    ours = client.asking(world.ours.key)
    known = await upload(ours, world.theirs.content, brand=OURS, title="mine")
    new = await upload(ours, png(size=(64, 48)), brand=OURS, title="mine")
    assert shape(known) == shape(new)
    assert known.status_code == 201
    owned = await upload(client.asking(world.theirs.key), world.theirs.content, brand=THEIRS)
    assert owned.status_code == 200


@pytest.mark.parametrize("said", ["external_id", "sku", "title", "tags", "caption"])
async def test_their_names_are_given_as_if_new(client: Client, world: World, said: str) -> None:
    theirs = world.theirs
    taken: dict[str, Any] = {
        "external_id": theirs.external_id,
        "sku": [theirs.sku],
        "title": theirs.image.title,
        "tags": [theirs.tag],
        "caption": theirs.image.caption,
    }
    free: dict[str, Any] = {"external_id": "n-1", "sku": ["n-1"], "title": "n", "tags": ["n"], "caption": "n"}
    ours = client.asking(world.ours.key)
    first = await upload(ours, brand=OURS, **{said: taken[said]})
    second = await upload(ours, brand=OURS, **{said: free[said]})
    told = first.text.replace(theirs.image.caption or "", "").replace(theirs.tag, "")
    for known in (theirs.external_id, theirs.sku, theirs.image.title or ""):
        told = told.replace(known, "")
    assert world.told(told) == []
    assert [first.status_code, second.status_code] == [201, 201]
    assert (await client.asking(theirs.key).get(f"/api/images/{theirs.image.id}")).json()["version"] == 2


async def test_their_idempotency_key_is_not_in_use(client: Client, world: World) -> None:
    body = {"prompt": "x", "brand": OURS, "references": [{"image_id": world.ours.image.id}]}
    again = {"Idempotency-Key": world.theirs.idempotency_key}
    ours = client.asking(world.ours.key)
    first = await ours.post("/api/generations", json=body, headers=again)
    assert first.status_code == 202, first.text
    assert (await ours.post("/api/generations", json=body, headers=again)).json()["id"] == first.json()["id"]
    theirs = await client.asking(world.theirs.key).post(
        "/api/generations", json={"prompt": "x", "brand": THEIRS}, headers=again
    )
    assert theirs.status_code == 409


async def test_a_collection_of_the_same_name_is_ours_alone(client: Client, world: World) -> None:
    ours = client.asking(world.ours.key)
    found = await ours.get("/api/collections/best")
    assert found.status_code == 200
    assert world.told(found.text) == []
    both = await client.asking(world.both_key).get("/api/collections/best")
    assert both.status_code == 409
    assert world.told(both.text)
    replaced = await ours.put(
        "/api/collections/best", json={"brand": OURS, "image_ids": [world.ours.image.id]}
    )
    assert replaced.status_code == 200
    theirs = (await client.asking(world.theirs.key).get("/api/collections/best")).json()
    assert theirs["image_ids"] == [world.theirs.image.id, world.theirs.twin_id]


async def test_a_lent_picture_is_a_number_and_a_hash(client: Client, world: World) -> None:
    ours, path = client.asking(world.ours.key), f"/api/generations/{world.mixed.id}"
    shown = await ours.get(path)
    (lent,) = [one for one in shown.json()["references"] if one["image_id"] == world.lent.id]
    assert lent["sha256"] == world.lent.sha256
    assert (lent["title"], lent["thumbnail_url"]) == (None, None)
    assert shown.json()["prompt_sent"] is None
    assert world.told(shown.text) == []
    for answer in (await ours.get(f"{path}/events"), await ours.get("/api/generations?limit=200")):
        assert world.told(answer.text) == []
    cookie = {"Cookie": f"rage_session={world.ours.session}"}
    for piece in (f"/page/generations/{world.mixed.id}", "/page/history", "/"):
        page = await client.get(piece, headers=cookie)
        assert page.status_code == 200
        assert world.told(page.text) == []
        assert f"/api/images/{world.lent.id}/thumbnail" not in page.text
    both = (await client.asking(world.both_key).get(path)).json()
    assert "moonstone jar" in both["prompt_sent"]
    assert "moonstone jar" in [one["title"] for one in both["references"]]


@pytest.mark.parametrize("what", ["", "/content", "/thumbnail", "/content?version=1"])
async def test_a_lent_picture_is_not_shown(client: Client, world: World, what: str) -> None:
    ours = client.asking(world.ours.key)
    lent = await ours.get(
        f"/api/images/{world.lent.id}{what}", headers={"If-None-Match": f'"{world.lent.sha256}"'}
    )
    unknown = await ours.get(f"/api/images/{UNUSED_NUMBER}{what}")
    assert lent.status_code == unknown.status_code == 404
    assert lent.text.replace(str(world.lent.id), "?") == unknown.text.replace(str(UNUSED_NUMBER), "?")
    theirs = await client.asking(world.theirs.key).get(f"/api/images/{world.lent.id}{what}")
    assert theirs.status_code == 200


async def test_a_lent_picture_is_no_reference_of_ours(client: Client, world: World) -> None:
    ours = client.asking(world.ours.key)
    for dry_run in (False, True):
        answers = []
        for image_id in (world.lent.id, UNUSED_NUMBER):
            body = {"prompt": "x", "brand": OURS, "references": [{"image_id": image_id}], "dry_run": dry_run}
            answer = await ours.post("/api/generations", json=body)
            answers.append((answer.status_code, answer.text.replace(str(image_id), "?")))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404


async def test_what_was_made_of_a_lent_picture_is_all_that_is_shown_of_it(
    client: Client, world: World
) -> None:
    ours = client.asking(world.ours.key)
    for output in world.mixed.outputs:
        image = await ours.get(f"/api/images/{output.image_id}")
        assert image.status_code == 200
        assert world.told(image.text) == []
        assert (
            await ours.get(f"/api/generations/{world.mixed.id}/outputs/{output.position}")
        ).status_code == 200


async def test_what_was_revoked_meanwhile_is_told_no_more(client: Client, world: World) -> None:
    theirs, database = client.asking(world.theirs.key), runtime_of(client).database
    assert (await theirs.get("/api/images")).json()["items"]
    cookie = {"Cookie": f"rage_session={world.theirs.session}"}
    assert "quagga" in (await client.get("/", headers=cookie)).text
    await rows(database, "UPDATE rage.callers SET revoked_at = now() WHERE name = 'vfx-key'")
    unknown = await client.asking("rage_00000000_" + "0" * 43).get("/api/images")
    answer = await theirs.get("/api/images")
    assert (answer.status_code, answer.text) == (401, unknown.text)
    page = await client.get("/", headers=cookie)
    assert world.told(page.text) == []


async def test_grants_that_were_changed_count_at_once(client: Client, world: World) -> None:
    both, database = client.asking(world.both_key), runtime_of(client).database
    path = f"/api/images/{world.theirs.image.id}"
    assert (await both.get(path)).status_code == 200
    await rows(
        database,
        "DELETE FROM rage.caller_brands AS g USING rage.brands AS b"
        " WHERE b.brand_id = g.brand_id AND b.name = %(name)s",
        name=THEIRS,
    )
    assert (await both.get(path)).status_code == 404
    assert world.told((await both.get(f"/api/generations/{world.mixed.id}")).text) == []
