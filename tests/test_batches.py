"""Batches: what a brief comes to, each item once, one budget, and what stops all of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from rage_pg import budgets, jobs
from rage_pg.database import Database
from rage_pg.errors import (
    BudgetReached,
    Conflict,
    InvalidInput,
    NotFound,
    NotPossible,
    ProviderError,
    SetupError,
)
from rage_pg.generation import batches
from rage_pg.generation.batches import Batch, BatchItem, BatchRequest
from rage_pg.types import ReferenceRequest
from tests.generating import COST, FakeGenerator, carry_out, only, paid, rows, value
from tests.store import add

OPEN = "SELECT generation_id FROM rage.generations WHERE finished_at IS NULL ORDER BY batch_position"
KEYS = "SELECT key FROM rage.generation_batch_items ORDER BY position"
REQUESTS = "SELECT request FROM rage.generation_batch_items ORDER BY position"


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


@pytest.fixture
async def soap(database: Database) -> int:
    return await add(database, "Rose soap", sku=("SOAP-1",), kind="product")


def one(image_id: int, **said: Any) -> BatchItem:
    return BatchItem(references=(ReferenceRequest(image_id=image_id),), **said)


async def put(database: Database, generator: FakeGenerator, *, key: str | None = None, **said: Any) -> UUID:
    request = BatchRequest(**{"prompt": "On a shelf", **said})
    return await batches.put(database, only(generator), request, defer=jobs.defer_batch, idempotency_key=key)


async def begin(database: Database, generator: FakeGenerator, batch_id: UUID) -> Batch:
    await batches.go_on(database, only(generator), batch_id, defer=jobs.defer_generation)
    return await batches.get_batch(database, batch_id)


async def end_all(database: Database, generator: FakeGenerator, batch_id: UUID) -> Batch:
    """Do what workers do until nothing is left to do."""
    await begin(database, generator, batch_id)
    while waiting := await rows(database, OPEN):
        for row in waiting:
            await carry_out(database, generator, row["generation_id"])
            await batches.conclude(database, row["generation_id"])
        await begin(database, generator, batch_id)
    return await batches.get_batch(database, batch_id)


async def test_a_brief_is_products_times_purposes_times_sizes(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    lamp = await add(database, "Lamp", sku=("LAMP/2",), kind="product")
    beach = await add(database, "Beach", kind="scene")
    batch_id = await put(
        database,
        generator,
        prompt="{title} ({sku}) {as it is}",
        skus=("SOAP-1", "LAMP/2"),
        with_=(ReferenceRequest(image_id=beach, role="background"),),
        purposes=("compose", "edit"),
        sizes=("1024x1024",),
        quality="low",
        labels={"campaign": "spring"},
    )
    assert [row["key"] for row in await rows(database, KEYS)] == [
        "sku=SOAP-1/purpose=compose/size=1024x1024",
        "sku=SOAP-1/purpose=edit/size=1024x1024",
        "sku=LAMP/2/purpose=compose/size=1024x1024",
        "sku=LAMP/2/purpose=edit/size=1024x1024",
    ]
    told = await end_all(database, generator, batch_id)
    assert (told.status, told.item_count, told.succeeded) == ("done", 4, 4)
    made = await rows(database, "SELECT * FROM rage_v1.generations ORDER BY batch_position")
    assert [row["prompt"] for row in made] == ["Rose soap (SOAP-1) {as it is}"] * 2 + [
        "Lamp (LAMP/2) {as it is}"
    ] * 2
    assert {row["batch_id"] for row in made} == {batch_id}
    assert made[0]["labels"] == {"campaign": "spring"}
    sent = await rows(
        database, "SELECT image_id FROM rage.generation_references ORDER BY image_id, generation_id"
    )
    assert [row["image_id"] for row in sent] == [soap] * 2 + [lamp] * 2 + [beach] * 4
    assert told.cost_usd == 4 * Decimal(COST)


async def test_of_a_product_the_pictures_that_may_be_used_are_taken_the_best_first(
    database: Database, generator: FakeGenerator
) -> None:
    await add(database, "draft", sku=("S",), kind="product", state="draft")
    await add(database, "others", sku=("S",), kind="product", brand="north")
    scene = await add(database, "scene", sku=("S",), kind="scene")
    front = await add(database, "front", sku=("S",), kind="product")
    await put(database, generator, skus=("S",), images_per_sku=5)
    [row] = await rows(database, REQUESTS)
    assert [reference["image_id"] for reference in row["request"]["references"]] == [front, scene]


async def test_items_take_from_the_batch_what_they_do_not_say(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    items = (one(soap), one(soap, prompt="In the rain", size="1536x1024", key="rain", count=2))
    await put(database, generator, items=items, sizes=("1024x1024", "1024x1536"), provider="openai")
    found = await rows(database, "SELECT key, request FROM rage.generation_batch_items ORDER BY position")
    assert [(row["key"], row["request"]["size"], row["request"]["count"]) for row in found] == [
        (f"image={soap}/size=1024x1024", "1024x1024", 1),
        (f"image={soap}/size=1024x1536", "1024x1536", 1),
        ("rain", "1536x1024", 2),
    ]
    assert found[2]["request"]["prompt"] == "In the rain"


async def test_an_item_that_cannot_be_asked_for_is_told_and_stops_no_other(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    draft = await add(database, state="draft")
    untitled = await add(database, None, sku=("MUTE",))
    items = (one(draft, key="draft"), one(999_999, key="none"), one(soap, quality="impossible", key="able"))
    batch_id = await put(database, generator, prompt="{title}", skus=("SOAP-1", "NOPE", "MUTE"), items=items)
    assert untitled
    told = await batches.page(database, batch_id)
    assert (told.batch.status, told.batch.rejected, told.batch.pending) == ("pending", 5, 1)
    reasons = [item.reason or "" for item in told.items]
    for reason, words in zip(
        reasons, ("", "'NOPE'", "no title", "draft, not approved", "no image 999999", "quality"), strict=True
    ):
        assert words in reason, reasons
    done = await end_all(database, generator, batch_id)
    assert (done.status, done.succeeded, done.rejected) == ("done", 1, 5)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({}, InvalidInput, "no items"),
        ({"skus": ("NOPE", "NEITHER")}, NotPossible, "Item 1 (sku=NOPE): The product 'NOPE' has no image"),
        (
            {"skus": ("A",) * 2_000, "sizes": ("1x1", "2x2", "3x3")},
            InvalidInput,
            "6,000 items; at most 5,000",
        ),
        ({"skus": ("NOPE",), "brand": "nobody"}, NotFound, "no brand"),
        ({"skus": ("NO\0PE",)}, InvalidInput, "NUL"),
        ({"skus": ("SOAP-1",), "prompt": None}, NotPossible, "prompt"),
        ({"skus": ("SOAP-1",), "budget_usd": Decimal("-1")}, InvalidInput, "budget"),
        ({"skus": ("SOAP-1",), "dry_run": True}, InvalidInput, "dry run"),
    ],
)
async def test_a_batch_that_cannot_be_is_refused_and_leaves_nothing(
    database: Database,
    generator: FakeGenerator,
    soap: int,
    said: dict[str, Any],
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error) as refused:
        await put(database, generator, **said)
    assert words in str(refused.value)
    assert await value(database, "SELECT count(*) FROM rage.generation_batches") == 0
    assert soap


async def test_a_dry_run_says_what_would_be_sent_and_cost_and_writes_nothing(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    request = BatchRequest(prompt="On a shelf", skus=("SOAP-1", "NOPE"), dry_run=True)
    told = await batches.preview_batch(database, only(generator), request)
    assert (told.item_count, told.rejected_count, told.rejected[0].key) == (2, 1, "sku=NOPE")
    assert told.first[0].plan.references[0].image_id == soap
    assert (told.estimate.cost_usd, told.estimate.items_without_cost) == (Decimal(0), 1)
    await end_all(database, generator, await put(database, generator, skus=("SOAP-1",)))
    told = await batches.preview_batch(database, only(generator), request)
    assert told.estimate.items_without_cost == 0
    assert told.estimate.cost_usd > 0
    assert await value(database, "SELECT count(*) FROM rage.generation_batches") == 1


async def test_the_same_key_is_the_same_batch_and_with_another_request_a_conflict(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    first = await put(database, generator, items=(one(soap), one(soap)), key="spring")
    assert await put(database, generator, items=(one(soap), one(soap)), key="spring") == first
    with pytest.raises(Conflict, match="another batch"):
        await put(database, generator, items=(one(soap),), key="spring")
    assert await value(database, "SELECT count(*) FROM rage.generation_batch_items") == 2


async def test_many_at_once_begin_each_item_once_and_no_more_than_the_window(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    batch_id = await put(database, generator, items=(one(soap),) * 12)

    async def accept() -> list[UUID]:
        begun = []
        for _ in range(4):
            step = await batches.accept_next(
                database, only(generator), batch_id, defer=jobs.defer_generation, window=9, alone=True
            )
            begun += [step.generation_id] if step.generation_id else []
        return begun

    begun = [found for some in await asyncio.gather(*(accept() for _ in range(4))) for found in some]
    assert len(begun) == len(set(begun)) == 9
    positions = await rows(database, "SELECT batch_position FROM rage.generations ORDER BY 1")
    assert [row["batch_position"] for row in positions] == list(range(1, 10))
    assert (await batches.get_batch(database, batch_id)).pending == 3


async def test_the_budget_pauses_the_batch_before_it_is_passed_and_more_money_goes_on(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    batch_id = await put(database, generator, items=(one(soap),) * 6, budget_usd=Decimal("0.2"))
    told = await end_all(database, generator, batch_id)
    assert (told.status, told.succeeded, told.pending) == ("paused", 2, 4)
    assert told.reason is not None
    assert "The budget of the batch is $0.2: $0.137 is spent" in told.reason
    assert f"rage generate --resume {batch_id} --budget USD" in told.reason
    assert told.cost_usd == 2 * Decimal(COST)
    await batches.resume(database, batch_id, budget_usd=Decimal("0.42"))
    told = await end_all(database, generator, batch_id)
    assert (told.status, told.succeeded, told.cost_usd, len(generator.calls)) == (
        "done",
        6,
        6 * Decimal(COST),
        6,
    )


async def test_while_nobody_can_tell_the_cost_items_under_a_budget_go_one_by_one(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    free = await put(database, FakeGenerator("local", charges=False), items=(one(soap),) * 3)
    held = await put(database, generator, items=(one(soap),) * 3, budget_usd=Decimal(1))
    assert (await begin(database, FakeGenerator("local", charges=False), free)).under_way == 3
    assert (await begin(database, generator, held)).under_way == 1


async def test_a_call_that_the_budget_forbids_at_the_last_moment_waits_anew(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    batch_id = await put(database, generator, items=(one(soap),) * 3)
    await begin(database, generator, batch_id)
    await batches.resume(database, batch_id, budget_usd=Decimal(0))
    first = (await rows(database, OPEN))[0]["generation_id"]
    made = await carry_out(database, generator, first)
    assert (made.status, made.error and made.error["type"]) == ("failed", BudgetReached("").type)
    await batches.conclude(database, first)
    told = await batches.get_batch(database, batch_id)
    assert (told.status, told.pending, told.under_way, told.failed) == ("paused", 3, 0, 0)
    assert generator.calls == []


async def test_what_would_fail_every_item_pauses_the_batch_after_the_first(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    batch_id = await put(database, generator, items=(one(soap),) * 5)
    generator.error = ProviderError(
        "The key is not good.", code="invalid_api_key", charged=False, hopeless=True
    )
    told = await end_all(database, generator, batch_id)
    assert (told.status, told.reason, told.pending) == ("paused", "The key is not good.", 5)
    assert len(generator.calls) == 1
    generator.error = None
    await batches.resume(database, batch_id)
    told = await end_all(database, generator, batch_id)
    assert (told.status, told.succeeded) == ("done", 5)


async def test_a_provider_that_is_not_set_up_where_it_goes_on_pauses_it(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    batch_id = await put(database, generator, items=(one(soap),) * 2)

    def without(_: str | None) -> Any:
        raise SetupError("The provider openai has no key.")

    await batches.go_on(database, without, batch_id, defer=jobs.defer_generation)
    told = await batches.get_batch(database, batch_id)
    assert (told.status, told.reason, told.pending) == ("paused", "The provider openai has no key.", 2)


async def test_what_ended_badly_is_made_once_more_only_when_asked_for(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    batch_id = await put(database, generator, items=(one(soap), one(soap)))
    generator.error = ProviderError("The server is busy.", code="busy", retryable=True)
    assert (await end_all(database, generator, batch_id)).failed == 2
    generator.error = None
    await batches.resume(database, batch_id)
    assert (await end_all(database, generator, batch_id)).failed == 2
    await batches.resume(database, batch_id, retry=["failed"])
    told = await end_all(database, generator, batch_id)
    assert (told.succeeded, told.failed, len(await paid(database))) == (2, 0, 4)
    assert (told.calls, told.calls_without_cost) == (4, 2)
    assert await value(database, "SELECT count(*) FROM rage.generations WHERE batch_position = 1") == 2


async def test_cancelling_calls_off_what_nobody_has_begun(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    batch_id = await put(database, generator, items=(one(soap),) * 3)
    await batches.accept_next(database, only(generator), batch_id, defer=jobs.defer_generation, window=2)
    await batches.cancel_batch(database, batch_id)
    told = await begin(database, generator, batch_id)
    assert (told.status, told.cancelled, told.pending) == ("cancelled", 3, 0)
    with pytest.raises(Conflict, match="was cancelled"):
        await batches.resume(database, batch_id)
    with pytest.raises(NotFound):
        await batches.cancel_batch(database, UUID(int=1))


async def test_a_batch_is_counted_by_other_budgets_too(
    database: Database, generator: FakeGenerator, soap: int
) -> None:
    await budgets.put(database, budgets.Target(label=("campaign", "spring")), Decimal("0.15"))
    batch_id = await put(database, generator, items=(one(soap),) * 3, labels={"campaign": "spring"})
    told = await end_all(database, generator, batch_id)
    assert (told.status, told.succeeded) == ("paused", 2)
    assert told.reason is not None
    # What all brands spend is not for everybody who may read of this one.
    assert told.reason.startswith("The budget of this store")
