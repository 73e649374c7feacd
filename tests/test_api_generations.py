"""Search and generations over HTTP, with the local generator and the worker beside the service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from rage_pg.api.pictures import PLAIN
from rage_pg.types import MAX_PROMPT
from tests.api_service import Client, problem, service, uploaded
from tests.store import png

UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    """No worker: what is queued stays queued."""
    async with service(database_url) as opened:
        yield opened


@pytest.fixture
async def working(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url, worker=True) as opened:
        yield opened


async def composition(client: Client, **more: Any) -> dict[str, Any]:
    """A request that the local generator can carry out."""
    images = [await uploaded(client, png(size=(320, 240)), title=title) for title in ("Soap", "Lotion")]
    references = [{"image_id": image["id"], "role": "product", "note": "in front"} for image in images]
    return {"prompt": "Put them side by side", "references": references, **more}


def events(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Id, name and data of each server-sent event."""
    found = []
    for block in text.replace("\r\n", "\n").strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


async def test_search_ranks_and_explains(working: Client) -> None:
    await uploaded(working, title="Lavender body lotion", tags=["lotion"], brand="lumen")
    await uploaded(working, title="Mountain tent", tags=["tent"])
    body = {"prompt": "a bottle of lotion", "k": 1, "filters": {"tags": {"none": ["scene"]}}}
    answer = await working.post("/api/search", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    (item,) = found["items"]
    assert item["image"]["title"] == "Lavender body lotion"
    assert item["score"] > 0
    assert item["legs"]["text"]["rank"] == 1
    assert (found["matched"], found["complete"]) == (2, True)
    assert found["took_ms"] > 0
    narrowed = {"prompt": "a bottle of lotion", "filters": {"tags": {"all": ["tent"]}}}
    found = (await working.post("/api/search", json=narrowed)).json()
    assert [one["image"]["title"] for one in found["items"]] == ["Mountain tent"]


async def test_search_refuses_what_it_cannot_do(client: Client) -> None:
    cases = [
        ({}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": "a\0b"}, "prompt"),
        ({"prompt": "x" * 100_000}, "prompt"),
        ({"prompt": "x", "k": 0}, "k"),
        ({"prompt": "x", "k": 10_000}, "k"),
        ({"prompt": "x", "colour": "red"}, "colour"),
        ({"prompt": "x", "filters": {"colour": ["red"]}}, "filters.colour"),
        ({"prompt": "x", "filters": {"tags": {"some": ["red"]}}}, "filters.tags.some"),
        ({"prompt": "x", "filters": {"brand": "lumen"}}, "filters.brand"),
        ({"prompt": "x", "filters": {"attributes": {"price": {"above": 5}}}}, "attributes.price"),
        ({"prompt": "x", "legs": {"smell": 1}}, "legs"),
        ({"prompt": "x", "min_relevance": 2}, "min_relevance"),
    ]
    for body, field in cases:
        problem(await client.post("/api/search", json=body), 400, "invalid-input", field)


async def test_generation_runs_and_is_followed(working: Client) -> None:
    request = await composition(working, labels={"campaign": "spring"})
    answer = await working.post("/api/generations?wait=30", json=request)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made["status"] == "succeeded"
    assert made["provider"] == "local"
    assert made["cost_usd"] == 0
    assert [reference["role"] for reference in made["references"]] == ["product", "product"]
    assert answer.headers["location"] == f"/api/generations/{made['id']}"
    assert (await working.get(answer.headers["location"])).json() == made

    (output,) = made["outputs"]
    picture = await working.get(output["url"])
    assert picture.headers["etag"] == f'"{output["sha256"]}-plain-{PLAIN}"'
    with Image.open(BytesIO(picture.content)) as shown:
        assert shown.width > 320
    known = await working.get(output["url"], headers={"If-None-Match": picture.headers["etag"]})
    assert known.status_code == 304

    stream = await working.get(f"/api/generations/{made['id']}/events")
    assert stream.headers["content-type"].startswith("text/event-stream")
    happened = events(stream.text)
    assert [(number, name) for number, name, _ in happened] == [
        (1, "queued"), (2, "running"), (3, "succeeded"),
    ]  # fmt: skip
    assert happened[-1][2]["data"] == {"outputs": 1}
    rest = await working.get(f"/api/generations/{made['id']}/events", headers={"Last-Event-ID": "2"})
    assert [name for _, name, _ in events(rest.text)] == ["succeeded"]
    ended = await working.get(f"/api/generations/{made['id']}/events", headers={"Last-Event-ID": "3"})
    assert ended.status_code == 204

    rated = await working.post(f"{output['url']}/rating", json={"rating": 1, "reasons": ["other"]})
    assert rated.status_code == 204
    draft = (await working.get(f"/api/images/{output['image_id']}")).json()
    assert (draft["state"], draft["origin"]) == ("draft", "generated")
    kept = await working.post(f"{output['url']}/keep")
    assert (kept.status_code, kept.json()["state"]) == (200, "approved")
    problem(await working.post(f"/api/generations/{made['id']}/cancel"), 409, "conflict")


async def test_generation_is_queued_with_its_address(client: Client) -> None:
    answer = await client.post("/api/generations?wait=0.2", json=await composition(client))
    assert answer.status_code == 202
    queued = await client.get(answer.headers["location"])
    assert queued.json()["status"] == "queued"


async def test_cancelled_generation_ends(client: Client) -> None:
    queued = (await client.post("/api/generations", json=await composition(client))).json()
    cancelled = await client.post(f"/api/generations/{queued['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    stream = await client.get(f"/api/generations/{queued['id']}/events")
    assert [name for _, name, _ in events(stream.text)] == ["queued", "cancelled"]
    problem(await client.get(f"/api/generations/{queued['id']}/outputs/1"), 404, "not-found")


async def test_cancelled_generation_is_made_again_as_another(client: Client) -> None:
    queued = (await client.post("/api/generations", json=await composition(client))).json()
    address = f"/api/generations/{queued['id']}"
    problem(await client.post(f"{address}/retry"), 409, "conflict")
    await client.post(f"{address}/cancel")
    headers = {"Idempotency-Key": "again-1"}
    made = await client.post(f"{address}/retry", headers=headers)
    assert (made.status_code, made.headers["location"]) == (202, f"/api/generations/{made.json()['id']}")
    assert (made.json()["status"], made.json()["retry_of"]) == ("queued", queued["id"])
    assert made.json()["references"] == queued["references"]
    assert (await client.post(f"{address}/retry", headers=headers)).json()["id"] == made.json()["id"]
    problem(await client.post(f"/api/generations/{UNKNOWN}/retry"), 404, "not-found")


async def test_same_key_and_request_is_the_same_generation(client: Client) -> None:
    request = await composition(client)
    headers = {"Idempotency-Key": "order-1"}
    first = await client.post("/api/generations", json=request, headers=headers)
    again = await client.post("/api/generations", json=request, headers=headers)
    assert first.json()["id"] == again.json()["id"]
    other = {**request, "prompt": "Something else"}
    problem(await client.post("/api/generations", json=other, headers=headers), 409, "conflict")
    unkeyed = await client.post("/api/generations", json=request)
    assert unkeyed.json()["id"] != first.json()["id"]
    long = {"Idempotency-Key": "x" * 300}
    answer = await client.post("/api/generations", json=request, headers=long)
    problem(answer, 400, "invalid-input", "Idempotency-Key")


async def test_dry_run_shows_what_would_be_sent(client: Client) -> None:
    request = await composition(client, dry_run=True)
    answer = await client.post("/api/generations", json=request)
    assert answer.status_code == 200
    preview = answer.json()
    assert preview["provider"] == "local"
    assert preview["conditioned_on_prompt"] is False
    assert [reference["position"] for reference in preview["references"]] == [1, 2]
    assert (await client.get("/api/generations")).json()["items"] == []


async def test_auto_lets_a_proposal_choose_what_the_prompt_names(client: Client) -> None:
    await composition(client)
    request = {"prompt": "soap", "auto": {"k": 1, "filters": {"brand": ["default"]}}}
    made = (await client.post("/api/generations", json=request)).json()
    (reference,) = made["references"]
    assert reference["title"] == "Soap"
    assert reference["search_rank"] == 1
    assert (made["search_id"], made["proposal_id"] is None) == (None, False)


async def test_auto_lets_the_search_choose_where_the_prompt_names_nothing(client: Client) -> None:
    await composition(client)
    request = {"prompt": "quite calm and bright", "auto": {"k": 1, "filters": {"brand": ["default"]}}}
    made = (await client.post("/api/generations", json=request)).json()
    (reference,) = made["references"]
    assert reference["search_rank"] == 1
    assert (made["search_id"] is None, made["proposal_id"]) == (False, None)


async def test_list_takes_every_filter(client: Client) -> None:
    request = await composition(client, labels={"campaign": "spring"})
    older = (await client.post("/api/generations", json=request)).json()["id"]
    newer = (await client.post("/api/generations", json={**request, "labels": {}})).json()["id"]

    async def listed(query: str) -> list[str]:
        answer = await client.get(f"/api/generations?{query}")
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert await listed("") == [newer, older]
    assert await listed("label.campaign=spring") == [older]
    assert await listed("label.campaign=winter") == []
    assert await listed("brand=default&provider=local&status=queued&purpose=compose") == [newer, older]
    assert await listed("status=succeeded") == []
    assert await listed("model=other") == []
    assert await listed("tag=nothing") == []
    page = (await client.get("/api/generations?limit=1")).json()
    assert await listed(f"limit=1&cursor={page['cursor']}") == [older]


async def test_list_refuses_what_it_cannot_read(client: Client) -> None:
    cases = [
        ("limit=0", "limit"),
        ("status=done", "status"),
        ("cursor=abc", "cursor"),
        ("campaign=spring", "campaign"),
        ("label.a=1&label.a=2", "label.a"),
    ]
    for query, field in cases:
        problem(await client.get(f"/api/generations?{query}"), 400, "invalid-input", field)


async def test_generation_with_a_bad_request_is_refused(client: Client) -> None:
    cases = [
        ({"references": []}, "prompt"),
        ({"prompt": "x" * (MAX_PROMPT + 1)}, "prompt"),
        ({"prompt": "x", "count": 0}, "count"),
        ({"prompt": "x", "referenzen": []}, "referenzen"),
        ({"prompt": "x", "references": [{"image_id": 1, "rolle": "logo"}]}, "references[0].rolle"),
        ({"prompt": "x", "provider": "nobody"}, "provider"),
    ]
    for body, field in cases:
        problem(await client.post("/api/generations", json=body), 400, "invalid-input", field)
        assert (await client.get("/api/generations")).json()["items"] == []


async def test_generation_that_cannot_be_is_refused_before_it_is_queued(client: Client) -> None:
    problem(await client.post("/api/generations", json={"prompt": "A castle"}), 422, "not-possible")
    unknown = {"prompt": "x", "references": [{"image_id": 4711}]}
    problem(await client.post("/api/generations", json=unknown), 404, "not-found")
    nobody = await composition(client, brand="nobody")
    problem(await client.post("/api/generations", json=nobody), 404, "not-found")
    waiting = await composition(client)
    refused = await client.post("/api/generations", json={**waiting, "background": "green"})
    problem(refused, 422, "not-possible", "background")
    assert refused.json()["allowed"] == ["auto", "opaque", "transparent"]
    problem(await client.post("/api/generations?wait=9999", json=waiting), 400, "invalid-input", "wait")
    assert (await client.get("/api/generations")).json()["items"] == []


async def test_generations_that_do_not_exist_are_not_found(client: Client) -> None:
    address = f"/api/generations/{UNKNOWN}"
    for answer in (
        await client.get(address),
        await client.get(f"{address}/events"),
        await client.post(f"{address}/cancel"),
        await client.get(f"{address}/outputs/1"),
        await client.post(f"{address}/outputs/1/rating", json={"rating": 1}),
        await client.post(f"{address}/outputs/1/keep"),
        await client.get("/api/generations/4711"),
    ):
        problem(answer, 404, "not-found")
    bad_rating = await client.post(f"{address}/outputs/1/rating", json={"rating": 7})
    problem(bad_rating, 400, "invalid-input", "rating")
    bad_event = await client.get(f"{address}/events", headers={"Last-Event-ID": "x"})
    problem(bad_event, 400, "invalid-input", "Last-Event-ID")
