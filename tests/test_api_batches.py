"""Batches over HTTP: asked for, begun by a worker, followed, resumed, called off; behind single requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.providers.registry import Registry
from tests.api_service import Client, make_key, runtime_of, service
from tests.generating import FakeGenerator, only, rows, value
from tests.store import add

NEWEST = "SELECT batch_id FROM rage.generation_batches ORDER BY created_at DESC LIMIT 1"


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> FakeGenerator:
    """What service and worker generate with."""
    made = FakeGenerator()
    monkeypatch.setattr(Registry, "generators", lambda _: only(made))
    return made


def brief(*image_ids: int, **said: Any) -> dict[str, Any]:
    sets = [[{"image_id": image_id}] for image_id in image_ids]
    return {"prompt": "On a shelf", "references": sets, **said}


async def until_ended(client: Client, address: str) -> dict[str, Any]:
    for _ in range(600):
        batch: dict[str, Any] = (await client.get(address)).json()["batch"]
        if batch["status"] in ("done", "paused", "cancelled") and not batch["under_way"]:
            return batch
        await asyncio.sleep(0.1)
    raise AssertionError(f"it did not end within a minute: {batch}")


async def test_a_worker_makes_every_item_and_pages_tell_of_them(
    service_url: str, generator: FakeGenerator
) -> None:
    async with service(service_url, worker=True) as client:
        database = runtime_of(client).database
        ids = [await add(database) for _ in range(2)]
        body = brief(*ids, 999_999, sizes=["1024x1024", "1024x1536"], name="spring", budget_usd=50)
        answer = await client.post("/api/generations/batch", json=body, headers={"Idempotency-Key": "a"})
        assert (answer.status_code, answer.json()["item_count"]) == (202, 6)
        address = answer.headers["Location"]
        again = await client.post("/api/generations/batch", json=body, headers={"Idempotency-Key": "a"})
        assert again.headers["Location"] == address
        ended = await until_ended(client, address)
        assert (ended["status"], ended["succeeded"], ended["rejected"], ended["calls"]) == ("done", 4, 2, 4)
        assert (ended["name"], ended["cost_usd"], ended["budget_usd"]) == ("spring", 0.274, 50)
        first = (await client.get(f"{address}?limit=4")).json()
        rest = (await client.get(f"{address}?limit=4&cursor={first['cursor']}")).json()
        assert [item["position"] for item in [*first["items"], *rest["items"]]] == [1, 2, 3, 4, 5, 6]
        assert rest["cursor"] is None
        assert "no image 999999" in rest["items"][1]["reason"]
        listed = (await client.get(f"/api/generations?batch={ended['id']}")).json()["items"]
        assert {one["batch_id"] for one in listed} == {ended["id"]}
        assert len(listed) == len(generator.calls) == 4


async def test_who_asks_for_one_picture_is_served_before_a_batch(
    service_url: str, generator: FakeGenerator
) -> None:
    generator.release.clear()
    async with service(service_url, worker=True) as client:
        database = runtime_of(client).database
        image_id = await add(database)
        body = {**brief(), "items": [{"references": [{"image_id": image_id}]}] * 30}
        address = (await client.post("/api/generations/batch", json=body)).headers["Location"]
        await asyncio.wait_for(generator.called.wait(), 20)
        single = {"prompt": "Now, please", "references": [{"image_id": image_id}]}
        asked = (await client.post("/api/generations", json=single)).json()["id"]
        open_now = await value(database, "SELECT count(*) FROM rage.generations WHERE batch_id IS NOT NULL")
        assert open_now <= 20
        generator.release.set()
        await client.get(f"/api/generations/{asked}")
        for _ in range(300):
            if (await client.get(f"/api/generations/{asked}")).json()["status"] == "succeeded":
                break
            await asyncio.sleep(0.1)
        place = [call.prompt.splitlines()[0] for call in generator.calls].index("Now, please")
        assert place <= 4
        cancelled = (await client.post(f"{address}/cancel")).json()
        assert cancelled["status"] == "cancelled"
        await until_ended(client, address)


async def test_a_paused_batch_is_resumed_with_more_money(service_url: str, generator: FakeGenerator) -> None:
    async with service(service_url, worker=True) as client:
        image_id = await add(runtime_of(client).database)
        answer = await client.post("/api/generations/batch", json=brief(image_id, image_id, budget_usd=0.05))
        address = answer.headers["Location"]
        paused = await until_ended(client, address)
        assert (paused["status"], paused["succeeded"], paused["pending"]) == ("paused", 1, 1)
        await client.post(f"{address}/resume", json={"budget_usd": 1})
        assert (await until_ended(client, address))["status"] == "done"
        assert (await client.post(f"{address}/resume", json={"budget_usd": -1})).status_code == 400
        assert (await client.post(f"{address}/cancel")).status_code == 200
        assert (await client.post(f"{address}/resume", json={})).status_code == 409


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({}, 400, "no items"),
        ({"skus": ["NOPE"]}, 422, "Item 1 (sku=NOPE)"),
        ({"skus": ["NOPE"], "sizes": "1x1"}, 400, "sizes must be a list"),
        ({"items": [{"skuu": "A"}]}, 400, "items[0].skuu is not a known field"),
        ({"skus": ["A"], "brand": "nobody"}, 404, "no brand"),
    ],
)
async def test_what_cannot_be_is_refused_at_once(
    service_url: str, generator: FakeGenerator, said: dict[str, Any], status: int, words: str
) -> None:
    async with service(service_url) as client:
        answer = await client.post("/api/generations/batch", json={"prompt": "x", **said})
        assert answer.status_code == status
        assert words in answer.json()["detail"]


async def test_items_are_made_on_behalf_of_who_asked_and_stop_with_their_key(
    service_url: str, generator: FakeGenerator
) -> None:
    async with service(service_url) as client:
        system = runtime_of(client).database
        await add(system, "theirs", brand="north", kind="product")
        own = await add(system, "ours", brand="lumen", kind="product")
        key = await make_key(client, "lumen-key", "lumen", scopes=("generate",))
        asking = client.asking(key)
        items = [{"collection": "all"}, {"references": [{"image_id": own}]}]
        await rows(
            system,
            "INSERT INTO rage.collections (brand_id, name)"
            " SELECT brand_id, 'all' FROM rage.brands WHERE name = 'north'",
        )
        body = {"prompt": "x", "brand": "lumen", "items": items}
        address = (await asking.post("/api/generations/batch", json=body)).headers["Location"]
        batch_id = address.rpartition("/")[2]
        await go_on(system, generator, batch_id)
        told = (await asking.get(address)).json()
        assert [item["status"] for item in told["items"]] == ["rejected", "queued"]
        assert "no collection" in told["items"][0]["reason"]
        [asked] = await rows(system, "SELECT asked_by FROM rage.generations")
        assert asked["asked_by"] == "lumen-key"
        await asking.post("/api/generations/batch", json=body)
        await rows(system, "UPDATE rage.callers SET revoked_at = now()")
        newest = await value(system, NEWEST)
        await go_on(system, generator, newest)
        reason = await value(
            system, "SELECT reason FROM rage.generation_batches WHERE batch_id = %(id)s", id=newest
        )
        assert "may no longer generate" in reason


async def go_on(system: Database, generator: FakeGenerator, batch_id: Any) -> None:
    from rage_pg import jobs
    from rage_pg.generation import batches

    await batches.go_on(system.acting_for(SYSTEM), only(generator), batch_id, defer=jobs.defer_generation)
