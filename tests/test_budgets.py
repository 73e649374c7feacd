"""Budgets: no call is made that would pass one, whoever asks and however many at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from rage_pg import budgets, index
from rage_pg.budgets import Spending, Target, hold_to_budgets
from rage_pg.callers import Caller
from rage_pg.database import Database
from rage_pg.errors import BudgetBusy, BudgetReached, InvalidInput, NotFound
from rage_pg.spending import Outcome, close_paid_call, open_paid_call
from rage_pg.types import Budget
from tests.captioning import FakeCaptioner
from tests.generating import COST, FakeGenerator, ask, carry_out, counts, make, paid, rows, value
from tests.store import add

THIS_MONTH = datetime.now(UTC).date().replace(day=1)
LAST_MONTH = (THIS_MONTH - timedelta(days=1)).replace(day=1)
SPENT = """INSERT INTO rage.paid_calls (brand_id, purpose, provider, model, status, cost_usd, started_at)
           SELECT brand_id, %(purpose)s, 'openai', 'm', %(status)s, %(cost)s, %(at)s
           FROM rage.brands WHERE name = %(brand)s"""


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


async def spend(
    database: Database,
    cost: str | None,
    *,
    brand: str = "default",
    purpose: str = "generation",
    status: str = "succeeded",
    at: Any = "now",
) -> None:
    values = {"cost": cost, "brand": brand, "purpose": purpose, "status": status, "at": at}
    await rows(database, SPENT, **values)


async def only_budget(database: Database) -> Budget:
    (found,) = await budgets.listing(database)
    return found


async def set_budget(database: Database, usd: str, **target: Any) -> Budget:
    return await budgets.put(database, Target(**target), Decimal(usd))


async def test_a_budget_counts_every_paid_call_of_the_month_and_says_what_it_cannot_count(
    database: Database,
) -> None:
    await spend(database, "1.5")
    await spend(database, "0.25", purpose="embedding")
    await spend(database, "9", at=LAST_MONTH)
    await spend(database, None, status="unknown")
    found = await set_budget(database, "2")
    told = (found.spent_usd, found.left_usd, found.calls, found.calls_without_cost, found.is_in_force)
    assert told == (Decimal("1.75"), Decimal("0.25"), 3, 1, True)
    assert await only_budget(database) == found


async def test_setting_a_budget_again_replaces_it_and_removing_takes_it_away(database: Database) -> None:
    await set_budget(database, "2", label=("campaign", "spring"), month=THIS_MONTH)
    found = await set_budget(database, "3", label=("campaign", "spring"), month=THIS_MONTH)
    assert (found.limit_usd, found.label_name, found.month) == (Decimal(3), "campaign", THIS_MONTH)
    assert await only_budget(database) == found
    target = Target(label=("campaign", "spring"), month=THIS_MONTH)
    await budgets.remove(database, target)
    with pytest.raises(NotFound, match=f"no budget of label campaign=spring, {THIS_MONTH:%Y-%m}"):
        await budgets.remove(database, target)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ({"brand": "nobody"}, NotFound),
        ({"label": ("a\0", "b")}, InvalidInput),
        ({"label": ("a", "\ud800")}, InvalidInput),
        ({"month": date(2026, 11, 2)}, InvalidInput),
    ],
)
async def test_a_budget_of_what_there_cannot_be_is_refused(
    database: Database, target: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await set_budget(database, "1", **target)
    assert await budgets.listing(database) == []


async def test_a_request_that_would_pass_a_budget_is_refused_and_leaves_nothing(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    await make(database, generator, image_id)
    await spend(database, None, status="unknown")
    await set_budget(database, "0.1")
    before = await counts(database)
    with pytest.raises(BudgetReached) as refused:
        await ask(database, generator, image_id)
    assert str(refused.value) == (
        f"The budget of all brands for {THIS_MONTH:%Y-%m} is $0.1: $0.0685 is spent, and this call may cost"
        " $0.06836. Calls without a known cost, which are not counted: 1. To raise it: rage budgets set."
    )
    assert await counts(database) == before
    assert len(generator.calls) == 1


async def test_what_is_queued_counts_before_it_is_carried_out(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    await make(database, generator, image_id)
    await set_budget(database, str(3 * Decimal(COST)))
    queued = await ask(database, generator, image_id)
    second = await ask(database, generator, image_id)
    with pytest.raises(BudgetReached, match=r"\$0.13672 is set aside for calls to come"):
        await ask(database, generator, image_id)
    for accepted in (queued, second):
        assert (await carry_out(database, generator, accepted.id)).status == "succeeded"
    assert (await only_budget(database)).left_usd == 0


async def test_requests_at_once_do_not_pass_a_budget_together(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    await make(database, generator, image_id)
    await set_budget(database, str(3 * Decimal(COST)))
    asked = [ask(database, generator, image_id) for _ in range(8)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    accepted = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(accepted) == 2
    assert {type(answer) for answer in answers if isinstance(answer, BaseException)} == {BudgetReached}


async def test_calls_at_once_do_not_pass_a_budget_together(
    database: Database, generator: FakeGenerator
) -> None:
    """Generations that were queued before there was a budget are held to it when they are carried out."""
    image_id = await add(database)
    await make(database, generator, image_id)
    queued = [await ask(database, generator, image_id) for _ in range(4)]
    await set_budget(database, str(3 * Decimal(COST)))
    done = await asyncio.gather(*(carry_out(database, generator, each.id) for each in queued))
    assert sorted(each.status for each in done) == ["failed", "failed", "succeeded", "succeeded"]
    failed = next(each for each in done if each.status == "failed")
    assert failed.error is not None
    assert (failed.error["type"], failed.cost_usd) == ("urn:rage-pg:problem:budget-reached", Decimal(0))
    assert len(await paid(database)) == 3
    assert await value(database, "SELECT sum(cost_usd) FROM rage.paid_calls") == 3 * Decimal(COST)


async def test_of_calls_whose_cost_nobody_can_tell_one_is_made_at_a_time(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    await set_budget(database, "0.07")
    queued = [await ask(database, generator, image_id) for _ in range(3)]
    generator.release.clear()
    under_way = {asyncio.create_task(carry_out(database, generator, each.id)) for each in queued}
    waiting = []
    while len(under_way) > 1:
        done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        waiting += [each.result() for each in done]
    assert [each.status for each in waiting] == ["queued", "queued"]
    await asyncio.wait_for(generator.called.wait(), 10)
    with pytest.raises(BudgetBusy):
        async with database.transaction() as connection:
            await hold_to_budgets(connection, spending())
    assert len(generator.calls) == 1
    generator.release.set()
    assert [each.status for each in await asyncio.gather(*under_way)] == ["succeeded"]
    await rows(database, "UPDATE rage.generations SET waits_until = now() WHERE waits_for IS NOT NULL")
    ended = [await carry_out(database, generator, each.id) for each in waiting]
    assert [each.status for each in ended] == ["failed", "failed"]
    assert len(generator.calls) == 1


def spending(**said: Any) -> Spending:
    common: dict[str, Any] = {
        "brand_id": 1,
        "labels": {},
        "provider": "openai",
        "model": "gpt-image-2",
        "purpose": "generation",
        "expected": None,
    }
    return Spending(**{**common, **said})


async def test_a_lost_call_holds_nothing_back_for_long(database: Database) -> None:
    await set_budget(database, "1")
    async with database.transaction() as connection:
        await open_paid_call(
            connection,
            brand_id=1,
            purpose="generation",
            provider="openai",
            model="gpt-image-2",
            expected=Decimal("0.9"),
        )
    assert (await only_budget(database)).reserved_usd == Decimal("0.9")
    with pytest.raises(BudgetReached):
        async with database.transaction() as connection:
            await hold_to_budgets(connection, spending(expected=Decimal("0.2")))
    await rows(database, "UPDATE rage.paid_calls SET started_at = now() - interval '36 minutes' RETURNING 1")
    async with database.transaction() as connection:
        assert await hold_to_budgets(connection, spending(expected=Decimal("0.2"))) == Decimal("0.2")


async def test_a_model_without_prices_is_not_held_back_by_what_cannot_be_counted(database: Database) -> None:
    await set_budget(database, "1")
    async with database.transaction() as connection:
        for _ in range(2):
            call = {"brand_id": 1, "purpose": "caption", "provider": "openai", "model": "unpriced"}
            await open_paid_call(connection, **call)  # type: ignore[arg-type]  # one call twice
    assert (await only_budget(database)).calls_without_cost == 2


@pytest.mark.parametrize(
    ("target", "held"),
    [
        ({"brand": "acme"}, {"acme", "acme spring"}),
        ({"label": ("campaign", "spring")}, {"acme spring", "lumen spring"}),
        ({"brand": "acme", "label": ("campaign", "spring")}, {"acme spring"}),
        ({"month": LAST_MONTH}, set()),
        ({"month": THIS_MONTH}, {"acme", "lumen", "acme spring", "lumen spring"}),
    ],
)
async def test_a_budget_holds_those_it_is_for(
    database: Database, generator: FakeGenerator, target: dict[str, Any], held: set[str]
) -> None:
    acme, lumen = await add(database, brand="acme"), await add(database, brand="lumen")
    await set_budget(database, "0", **target)
    refused = set()
    for brand, image_id in (("acme", acme), ("lumen", lumen)):
        for labels in ({}, {"campaign": "spring"}):
            try:
                await ask(database, generator, image_id, brand=brand, labels=labels)
            except BudgetReached:
                refused.add(" ".join([brand, *labels.values()]))
    assert refused == held


async def test_a_budget_of_this_month_stands_in_for_that_of_every_month(
    database: Database, generator: FakeGenerator
) -> None:
    await set_budget(database, "0")
    await set_budget(database, "5", month=THIS_MONTH)
    assert [each.is_in_force for each in await budgets.listing(database)] == [False, True]
    await ask(database, generator, await add(database))


async def test_a_generator_that_charges_nothing_is_never_held_back(database: Database) -> None:
    await set_budget(database, "0")
    free = FakeGenerator("local", charges=False)
    assert (await make(database, free, await add(database))).status == "succeeded"


async def test_captions_stop_at_a_budget_and_say_so(database: Database) -> None:
    for _ in range(3):
        await add(database)
    await spend(database, "5", purpose="embedding")
    await set_budget(database, "5", brand="default")
    captioner = FakeCaptioner()
    done = await index.describe(database, captioner)
    assert (done.calls, captioner.contexts, done.remaining) == (0, [], 3)
    assert done.stopped is not None
    assert done.stopped.startswith("The budget of brand default for")


async def test_a_key_is_not_told_what_others_spend(database: Database) -> None:
    await add(database, brand="acme")
    brand_id = await value(database, "SELECT brand_id FROM rage.brands WHERE name = 'acme'")
    key = await value(
        database,
        "INSERT INTO rage.callers (kind, name, scopes) VALUES ('key', 'k', '{generate}') RETURNING caller_id",
    )
    grant = "INSERT INTO rage.caller_brands (caller_id, brand_id) VALUES (%(key)s, %(brand)s) RETURNING 1"
    await rows(database, grant, key=key, brand=brand_id)
    await spend(database, "7", brand="default")
    await set_budget(database, "7")
    await set_budget(database, "3", brand="acme")
    theirs = database.acting_for(Caller(setting=str(key), name="k", scopes=frozenset({"generate"})))
    assert [each.brand for each in await budgets.listing(theirs)] == ["acme"]
    with pytest.raises(BudgetReached, match="budget of this store for the month") as refused:
        async with theirs.transaction() as connection:
            await hold_to_budgets(connection, spending(brand_id=brand_id, expected=Decimal(1)), queueing=True)
    assert "7" not in str(refused.value)


async def test_what_a_call_cost_takes_the_place_of_what_was_set_aside(database: Database) -> None:
    await set_budget(database, "1")
    async with database.transaction() as connection:
        call_id = await open_paid_call(
            connection,
            brand_id=1,
            purpose="embedding",
            provider="openai",
            model="text-embedding-3-small",
            expected=Decimal("0.5"),
        )
        usage = {"prompt_tokens": 1_000_000, "total_tokens": 1_000_000}
        await close_paid_call(connection, call_id, "embedding", Outcome(status="succeeded", usage=usage))
    found = await only_budget(database)
    assert (found.spent_usd, found.reserved_usd, found.calls_without_cost) == (Decimal("0.02"), Decimal(0), 0)
