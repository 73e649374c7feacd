"""Prices and the costs that follow from them: by class and day, null where something is missing, never 0."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from rage_pg import generation, history, prices
from rage_pg.database import Database
from rage_pg.generation import Estimate
from rage_pg.tokens import tokens_by_class
from rage_pg.types import GenerationRequest, ReferenceRequest
from tests.generating import COST, USAGE, FakeGenerator, make, only, paid, rows, value
from tests.store import add

CACHED = {
    **USAGE,
    "input_tokens_details": {
        "text_tokens": 100,
        "image_tokens": 1_000,
        "cached_tokens": 60,
        "cached_tokens_details": {"text_tokens": 20, "image_tokens": 40},
    },
}
TODAY = datetime.now(UTC).date()


async def put(database: Database, token_class: str, usd: str, **said: Any) -> None:
    values: dict[str, Any] = {"provider": "openai", "model": "gpt-image-2", **said}
    await prices.put(database, token_class=token_class, usd_per_million=Decimal(usd), **values)


def details(**said: Any) -> dict[str, Any]:
    return {**USAGE, "input_tokens_details": {"text_tokens": 100, "image_tokens": 0, **said}}


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        (CACHED, {"text_input": 80, "image_input": 960, "cached_text_input": 20, "cached_image_input": 40}),
        (details(cached_tokens=30), {"text_input": 70, "image_input": 0, "cached_text_input": 30}),
        (
            details(text_tokens=0, image_tokens=50, cached_tokens=30),
            {"text_input": 0, "image_input": 20, "cached_image_input": 30},
        ),
        ({**USAGE, **details(image_tokens=50, cached_tokens=30)}, None),
        (details(cached_tokens=101), None),
        (details(cached_tokens="30"), None),
        (details(cached_tokens=30, cached_tokens_details={"text_tokens": 20, "image_tokens": 0}), None),
    ],
)
def test_cached_tokens_are_classes_of_their_own(usage: Any, told: dict[str, int] | None) -> None:
    found = tokens_by_class(usage)
    assert found == (None if told is None else {**told, "text_output": 0, "image_output": 2_000})


async def test_cached_tokens_cost_nothing_known_until_they_have_a_price(database: Database) -> None:
    generator = FakeGenerator()
    generator.usage = CACHED
    image_id = await add(database)
    assert (await make(database, generator, image_id)).cost_usd is None
    await put(database, "cached_text_input", "1")
    await put(database, "cached_image_input", "2")
    # 80 x 5 + 960 x 8 + 20 x 1 + 40 x 2 + 2,000 x 30
    assert (await make(database, generator, image_id)).cost_usd == Decimal("0.06818")


async def test_a_late_price_fills_in_what_was_not_known_and_leaves_the_rest(database: Database) -> None:
    generator = FakeGenerator()
    image_id = await add(database)
    priced = await make(database, generator, image_id)
    late = await make(database, generator, image_id, model="new-1")
    generator.usage = None
    uncounted = await make(database, generator, image_id, model="new-1")
    await put(database, "text_input", "500")
    for token_class in ("text_input", "image_input", "image_output"):
        await put(database, token_class, "10", model="new-1", since=date(2026, 1, 1))
    done = await prices.recompute(database, "openai", "new-1", date(2026, 1, 1))
    assert (done.recomputed, done.cost_usd, done.still_without_cost) == (1, Decimal("0.031"), 1)
    costs = [row["cost_usd"] for row in await paid(database)]
    assert costs == [Decimal(COST), Decimal("0.031"), None]
    told = {made.id: made.cost_usd for made in (await rows_of(database))}
    assert told == {priced.id: Decimal(COST), late.id: Decimal("0.031"), uncounted.id: None}
    again = await prices.recompute(database, "openai", "new-1", date(2026, 1, 1))
    assert (again.recomputed, again.still_without_cost) == (0, 1)


async def rows_of(database: Database) -> Any:
    return (await history.listing(database)).items


async def test_costs_are_worked_out_anew_at_the_price_of_their_day_from_a_day_on(database: Database) -> None:
    call = """INSERT INTO rage.paid_calls (brand_id, purpose, provider, model, status, started_at, usage)
              VALUES (1, 'embedding', 'openai', 'e-1-2026-01-05', 'succeeded', %(at)s,
                      '{"prompt_tokens": 1000000}')"""
    for at in ("2026-01-31T23:59:00Z", "2026-02-01T00:01:00Z", "2026-03-01T12:00:00Z"):
        await rows(database, call, at=at)
    await put(database, "text_input", "1", model="e-1", since=date(2026, 1, 1))
    await put(database, "text_input", "3", model="e-1", since=date(2026, 3, 1))
    done = await prices.recompute(database, "openai", "e-1", date(2026, 2, 1))
    assert (done.recomputed, done.cost_usd) == (2, Decimal(4))
    assert [row["cost_usd"] for row in await paid(database)] == [None, Decimal(1), Decimal(3)]


async def test_a_snapshot_with_a_price_of_its_own_costs_that(database: Database) -> None:
    await put(database, "text_input", "1", model="e-1", since=TODAY)
    await put(database, "text_input", "2", model="e-1-2026-01-05", since=date(2026, 1, 1))
    cost = """SELECT rage.cost_of('openai', %(model)s, '{"text_input": 1000000}', current_date)"""
    assert await value(database, cost, model="e-1-2026-01-05") == 2
    assert await value(database, cost, model="path/to/e-1-20260606") == 1
    assert await value(database, cost, model="e-1-large") is None


async def test_sums_by_day_stand_beside_the_number_of_calls_that_they_leave_out(database: Database) -> None:
    generator = FakeGenerator()
    image_id = await add(database)
    await make(database, generator, image_id)
    generator.usage = None
    await make(database, generator, image_id)
    (day,) = await rows(database, "SELECT * FROM rage_v1.daily_usage")
    assert (day["day"], day["brand"], day["purpose"], day["model"]) == (
        TODAY,
        "default",
        "generation",
        "gpt-image-2",
    )
    assert (day["calls"], day["cost_usd"], day["calls_without_cost"]) == (2, Decimal(COST), 1)
    assert (day["image_output_tokens"], day["image_input_tokens"], day["calls_without_tokens"]) == (
        2_000,
        1_000,
        1,
    )
    told = await rows(
        database, "SELECT cost_usd, calls_without_cost FROM rage_v1.generations ORDER BY created_at"
    )
    assert [tuple(row.values()) for row in told] == [(Decimal(COST), 0), (None, 1)]


async def preview(database: Database, generator: FakeGenerator, *image_ids: int, **said: Any) -> Estimate:
    references = tuple(ReferenceRequest(image_id=image_id) for image_id in image_ids)
    request = GenerationRequest(prompt="Lotion on it", references=references, dry_run=True, **said)
    return (await generation.preview(database, only(generator), request)).estimate


async def test_what_nobody_can_tell_is_no_estimate_and_says_why(database: Database) -> None:
    generator = FakeGenerator()
    found = await preview(database, generator, await add(database))
    assert (found.cost_usd, found.tokens["image_input"], found.tokens["image_output"]) == (None, None, None)
    assert "References: not known; none was sent to this model before." in found.basis
    assert found.basis[-1].startswith("Pictures made: not known;")
    assert await paid(database) == []


async def test_an_estimate_rests_on_earlier_calls_of_the_same_size_and_quality(database: Database) -> None:
    generator = FakeGenerator()
    image_id, other = await add(database), await add(database)
    made = await make(database, generator, image_id, quality="low")
    assert made.prompt_sent is not None
    found = await preview(database, generator, image_id, other, quality="low", count=2)
    text = found.tokens["text_input"]
    assert text is not None
    assert found.tokens == {"text_input": text, "image_input": 2_000, "text_output": 0, "image_output": 4_000}
    assert found.cost_usd == (text * 5 + 2_000 * 8 + 4_000 * 30) / Decimal(1_000_000)
    assert "the median of 1 earlier" in found.basis[-1]
    assert (await preview(database, generator, image_id, quality="high")).cost_usd is None


async def test_published_tokens_are_used_where_there_is_nothing_earlier(database: Database) -> None:
    said = {"model": "gpt-image-1.5", "quality": "medium", "size": "1024x1536"}
    found = await preview(database, FakeGenerator(), **said)
    assert found.tokens == {"text_input": 3, "image_input": 0, "text_output": 0, "image_output": 1_584}
    assert found.cost_usd == Decimal("0.050703")
    assert (await preview(database, FakeGenerator(), **{**said, "size": "auto"})).cost_usd is None


async def test_an_estimate_without_a_price_names_the_price(database: Database) -> None:
    generator = FakeGenerator()
    await make(database, generator, model="new-1")
    found = await preview(database, generator, model="new-1")
    assert (found.cost_usd, found.tokens["image_output"]) == (None, 2_000)
    assert found.basis[-1] == "A price of openai new-1 is not known: rage prices set adds it."


async def test_what_charges_nothing_is_estimated_at_nothing(database: Database) -> None:
    found = await preview(database, FakeGenerator("local", charges=False), await add(database))
    assert (found.cost_usd, found.tokens) == (Decimal(0), {})
