"""The list of batches: over HTTP, in a terminal, and for whom."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from rage_pg import jobs
from rage_pg.callers import SYSTEM
from rage_pg.catalogue import brands
from rage_pg.cli.batch_list import COLUMNS
from rage_pg.database import Database
from rage_pg.errors import InvalidInput
from rage_pg.generation import batches
from rage_pg.generation.batches import BatchItem, BatchRequest
from tests.api_service import make_key, problem, runtime_of, service
from tests.command_line import Rage, in_process
from tests.generating import COST, FakeGenerator, carry_out, only, rows


async def put(database: Database, *items: str, asked_by: str | None = None, **said: Any) -> UUID:
    """Not begun by anybody."""
    request = BatchRequest(items=tuple([BatchItem(prompt=prompt) for prompt in items or ("x",)]), **said)
    return await batches.put(
        database, only(FakeGenerator()), request, defer=jobs.defer_batch, asked_by=asked_by
    )


async def ids(database: Database, **filters: Any) -> list[UUID]:
    return [one.id for one in (await batches.listing(database, **filters)).items]


async def test_each_stands_with_its_counts_and_what_it_cost(database: Database) -> None:
    generator = FakeGenerator()
    first = await put(database, "a", "b", name="spring", budget_usd=Decimal(5), asked_by="ann")
    second = await put(database)
    for usage in (generator.usage, None):
        # While nobody can tell what a call costs, a budget lets one be made at a time.
        await batches.go_on(database, only(generator), first, defer=jobs.defer_generation)
        (one,) = await batches.open_generations(database, first)
        generator.usage = usage
        await carry_out(database, generator, one)
    newest, oldest = (await batches.listing(database)).items
    assert (newest.id, newest.status, newest.item_count, newest.pending) == (second, "pending", 1, 1)
    assert oldest == await batches.get_batch(database, first)
    assert (oldest.name, oldest.status, oldest.succeeded, oldest.asked_by) == ("spring", "done", 2, "ann")
    assert (oldest.cost_usd, oldest.calls, oldest.calls_without_cost) == (Decimal(COST), 2, 1)
    assert (oldest.budget_usd, newest.budget_usd) == (Decimal(5), None)


async def test_brand_and_labels_narrow_it(database: Database) -> None:
    await brands.create(database, "Lumen")
    plain = await put(database)
    spring = await put(database, labels={"campaign": "spring", "channel": "web"})
    lumen = await put(database, brand="lumen", labels={"campaign": "spring"})
    assert await ids(database) == [lumen, spring, plain]
    assert await ids(database, brand=" LUMEN ") == [lumen]
    assert await ids(database, brand="nobody") == []
    assert await ids(database, labels={"campaign": "spring"}) == [lumen, spring]
    assert await ids(database, labels={"campaign": "spring", "channel": "web"}) == [spring]
    assert await ids(database, brand="lumen", labels={"campaign": "autumn"}) == []


async def test_pages_hold_each_batch_once_whatever_comes_meanwhile(database: Database) -> None:
    made = [await put(database) for _ in range(5)]
    # Two of one moment are told apart by their ids.
    await rows(
        database,
        "UPDATE rage.generation_batches SET created_at = '2026-01-01' WHERE batch_id = ANY (%(ids)s)",
        ids=made[:3],
    )
    expected = [*made[:2:-1], *sorted(made[:3], reverse=True)]
    seen: list[UUID] = []
    cursor = None
    while True:
        page = await batches.listing(database, cursor=cursor, limit=2)
        seen += [one.id for one in page.items]
        await put(database)
        if (cursor := page.cursor) is None:
            break
    assert seen == expected


async def test_a_limit_or_cursor_that_cannot_be_used_is_refused(database: Database) -> None:
    for limit in (0, 201, -1):
        with pytest.raises(InvalidInput, match="limit"):
            await batches.listing(database, limit=limit)
    for cursor in ("", "x", "???", "bnVsbA", "é", "\0", "[" * 5_000):
        with pytest.raises(InvalidInput, match="cursor"):
            await batches.listing(database, cursor=cursor)


async def test_a_key_is_told_of_the_batches_of_its_brands_alone(service_url: str) -> None:
    async with service(service_url) as client:
        system = runtime_of(client).database.acting_for(SYSTEM)
        for name in ("lumen", "north"):
            await brands.create(system, name)
        own = await put(system, brand="lumen", labels={"campaign": "spring"})
        others = await put(system, brand="north", labels={"campaign": "spring"})
        asking = client.asking(await make_key(client, "lumen-key", "lumen", scopes=("read",)))
        answer = (await asking.get("/api/generations/batch")).json()
        assert ([one["id"] for one in answer["items"]], answer["cursor"]) == ([str(own)], None)
        assert (answer["items"][0]["cost_usd"], answer["items"][0]["calls_without_cost"]) == (0, 0)
        for query in ("brand=north", "label.campaign=autumn"):
            assert (await asking.get(f"/api/generations/batch?{query}")).json()["items"] == []
        every = client.asking(await make_key(client, "every", scopes=("read",)))
        page = (await every.get("/api/generations/batch?label.campaign=spring&limit=1")).json()
        assert [one["id"] for one in page["items"]] == [str(others)]
        rest = (await every.get(f"/api/generations/batch?limit=1&cursor={page['cursor']}")).json()
        assert [one["id"] for one in rest["items"]] == [str(own)]
        for query, field in (
            ("cursor=abc", "cursor"),
            ("limit=0", "limit"),
            ("label.a=1&label.a=2", "label.a"),
            ("status=done", "status"),
        ):
            problem(await every.get(f"/api/generations/batch?{query}"), 400, "invalid-input", field)
        writing = client.asking(await make_key(client, "writer", "lumen", scopes=("write",)))
        own_view = (await writing.get("/api/generations/batch")).json()
        assert [one["id"] for one in own_view["items"]] == [str(own)]


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


ASKED = """
WITH asked AS (
    INSERT INTO rage.generation_batches (
        brand_id, name, request, request_sha256, budget_usd, asked_by, created_at
    )
    SELECT 1, name, jsonb_build_object('labels', jsonb_build_object('campaign', name)), sha256(''), 5,
           'ann', at
    FROM (VALUES ('spring', timestamptz '2026-03-01 10:00Z'), ('autumn', '2026-09-01 10:00Z')) AS b (name, at)
    RETURNING batch_id
)
INSERT INTO rage.generation_batch_items (batch_id, position, key, request, reason)
SELECT batch_id, position, 'x', '{}', CASE position WHEN 2 THEN 'There is no image 9.' END
FROM asked CROSS JOIN generate_series(1, 3) AS position
"""


def test_the_terminal_shows_them(rage: Rage, database_url: str) -> None:
    assert rage("history", "batches", "--json").json == {"items": [], "cursor": None}
    with psycopg.connect(database_url) as connection:
        connection.execute(ASKED)
    header, newest, oldest = rage("history", "batches").out.splitlines()
    assert header.split() == [*COLUMNS[:8], "not", "made", *COLUMNS[9:11], "asked", "by"]
    assert " ".join(newest.split()[1:]) == "2026-09-01 10:00 pending default autumn 3 0 2 1 $5 ann"
    assert oldest.split()[5] == "spring"
    [found] = rage("history", "batches", "--label", "campaign=spring", "--json").json["items"]
    assert (found["name"], found["pending"], found["rejected"], found["cost_usd"]) == ("spring", 2, 1, 0)
    assert (found["budget_usd"], found["calls_without_cost"], found["asked_by"]) == (5, 0, "ann")
    cursor = rage("history", "batches", "--limit", "1").err.rpartition("--cursor ")[2].strip()
    rest = rage("history", "batches", "--cursor", cursor, "--brand", "default", "--json").json
    assert ([one["name"] for one in rest["items"]], rest["cursor"]) == (["spring"], None)
    assert "not one that this list gave out" in rage("history", "batches", "--cursor", "x").complaint
