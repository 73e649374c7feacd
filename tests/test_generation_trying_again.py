"""What a provider turned away is sent again, later and so often; what may have been charged never is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from rage_pg import budgets, generation, jobs
from rage_pg.config import Limits, Secret
from rage_pg.database import Database
from rage_pg.errors import BudgetReached, OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.generation import Rules, trying_again
from rage_pg.providers.openai import OpenAIGenerator
from tests.generating import COST, IMAGES, FakeGenerator, ask, make, names, only, paid, rows, take_up, value
from tests.image_api_stub import ImageApiStub, image_api_stub
from tests.store import add
from tests.working import UNHURRIED, work, working

BUSY = ProviderError("Come again.", code="rate_limit_exceeded", retryable=True, charged=False)
WAITS = "SELECT waits_for, extract(epoch FROM waits_until - now())::float AS seconds FROM rage.generations"
PAUSED = "SELECT extract(epoch FROM paused_until - now())::float FROM rage.provider_pauses"
DUE = "UPDATE rage.generations SET waits_until = now() WHERE waits_for IS NOT NULL"


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        yield running


def asked_to_wait(seconds: float) -> ProviderError:
    return ProviderError("Come again.", code="busy", retryable=True, charged=False, retry_after=seconds)


async def run(
    database: Database, generator: Any, generation_id: UUID, rules: Rules | None = None
) -> datetime | None:
    running = generation.run(database, only(generator), IMAGES, generation_id, rules or Rules())
    return await asyncio.wait_for(running, 20)


async def waits(database: Database) -> tuple[Any, Any]:
    (row,) = await rows(database, WAITS)
    return row["waits_for"], row["seconds"]


async def test_what_was_turned_away_waits_in_the_queue_and_is_sent_again(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    generator.error = BUSY
    later = await run(database, generator, asked.id)
    assert later is not None
    waiting = await generation.wait_for(database, asked.id, 0)
    assert (waiting.status, waiting.started_at, waiting.prompt_sent) == ("queued", None, None)
    kind, seconds = await waits(database)
    assert (kind, seconds) == ("retry", pytest.approx(4, abs=1.5))
    last = (await generation.events(database, asked.id))[-1]
    assert (last.name, last.data["reason"], last.data["code"]) == ("waiting", "retry", "rate_limit_exceeded")
    assert last.data["retry_in"] == pytest.approx(4, abs=1)
    (first,) = await paid(database)
    assert (first["status"], first["cost_usd"]) == ("failed", 0)

    generator.error = None
    assert await run(database, generator, asked.id) == later
    assert len(generator.calls) == 1
    await rows(database, DUE)
    assert await run(database, generator, asked.id) is None
    made = await generation.wait_for(database, asked.id, 0)
    assert (made.status, made.cost_usd, len(made.outputs)) == ("succeeded", Decimal(COST), 1)
    assert [row["status"] for row in await paid(database)] == ["failed", "succeeded"]
    assert await names(database, made) == ["queued", "running", "waiting", "running", "succeeded"]
    assert await waits(database) == (None, None)


async def test_it_is_given_up_after_so_many_tries_and_says_so(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    generator.error = BUSY
    for _ in range(2):
        assert await run(database, generator, asked.id, Rules(tries=3)) is not None
        await rows(database, DUE)
    assert await run(database, generator, asked.id, Rules(tries=3)) is None
    made = await generation.wait_for(database, asked.id, 0)
    assert (made.status, made.cost_usd) == ("failed", Decimal(0))
    assert made.error is not None
    assert made.error["detail"] == "Come again. It was tried 3 times."
    assert (made.error["code"], made.error["retryable"], made.error["tries"]) == (
        "rate_limit_exceeded",
        True,
        3,
    )
    assert [row["status"] for row in await paid(database)] == ["failed"] * 3


async def test_waits_grow_and_are_bounded(database: Database, generator: FakeGenerator) -> None:
    asked = await ask(database, generator, await add(database))
    task = await take_up(database, asked.id)
    assert isinstance(task, generation.take_up.Task)
    spans = []
    for turned_away in (0, 1, 2, 9):
        task.turned_away = turned_away
        seconds = trying_again.wait_before_next(BUSY, task, Rules(tries=100))
        assert seconds is not None
        spans.append(seconds)
    assert spans == [pytest.approx(middle, rel=0.21) for middle in (4, 12, 36, 600)]


async def test_as_long_as_the_provider_asks_is_waited_and_by_everybody(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    generator.error = asked_to_wait(90)
    assert await run(database, generator, asked.id) is not None
    kind, seconds = await waits(database)
    assert (kind, 85 < seconds < 97) == ("retry", True)
    assert await value(database, PAUSED) == pytest.approx(88, abs=4)
    assert seconds >= await value(database, PAUSED)


async def test_a_provider_that_asks_for_too_long_is_not_waited_for(
    database: Database, generator: FakeGenerator
) -> None:
    generator.error = asked_to_wait(3 * 3600)
    made = await make(database, generator, await add(database))
    assert (made.status, made.cost_usd) == ("failed", Decimal(0))
    assert made.error is not None
    assert made.error["detail"] == "Come again. It asks to wait 3.0 hours, which is not waited for here."
    # The others leave it alone for an hour, and then one of them asks.
    assert await value(database, PAUSED) == pytest.approx(3590, abs=15)


@pytest.mark.parametrize(
    "error",
    [
        ProviderError("Busy, maybe at work.", code="503", retryable=True),
        ProviderError("No money.", code="insufficient_quota", charged=False, hopeless=True),
        ProviderError("Bad size.", code="invalid_value", charged=False),
        ProviderRefused("No.", code="moderation_blocked", retryable=True, charged=False),
        OutcomeUnknown("Lost.", retryable=True, charged=False),
    ],
    ids=lambda error: str(error.code),
)
async def test_what_may_have_been_charged_or_cannot_change_is_sent_once(
    database: Database, generator: FakeGenerator, error: ProviderError
) -> None:
    generator.error = error
    made = await make(database, generator, await add(database))
    assert made.status in ("failed", "refused", "unknown")
    assert len(generator.calls) == 1
    assert "waiting" not in await names(database, made)


async def test_a_worker_that_is_killed_right_after_loses_and_doubles_nothing(
    database: Database, generator: FakeGenerator
) -> None:
    """The call is closed and the generation queued in one: whoever comes next finds both or neither."""
    asked = await ask(database, generator, await add(database))
    generator.error = BUSY
    for _ in range(3):
        assert await run(database, generator, asked.id) is not None
        # Its job was not put off: another worker gets it at once, and must wait all the same.
        assert await run(database, generator, asked.id) is not None
        await rows(database, DUE)
    assert len(generator.calls) == 3
    task = await take_up(database, asked.id)
    assert isinstance(task, generation.take_up.Task)
    assert (task.losses, task.turned_away) == (0, 3)


async def test_what_waits_is_called_off_at_once(database: Database, generator: FakeGenerator) -> None:
    asked = await ask(database, generator, await add(database))
    generator.error = BUSY
    await run(database, generator, asked.id)
    cancelled = await generation.cancel(database, asked.id)
    assert (cancelled.status, cancelled.cost_usd) == ("cancelled", Decimal(0))
    await rows(database, DUE)
    assert await run(database, generator, asked.id) is None
    assert len(generator.calls) == 1


async def test_what_waits_to_be_sent_again_still_counts_into_its_budget(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    await make(database, generator, image_id)
    await budgets.put(database, budgets.Target(), Decimal("0.2"))
    asked = await ask(database, generator, image_id)
    generator.error = BUSY
    await run(database, generator, asked.id)
    with pytest.raises(BudgetReached):
        await ask(database, generator, image_id)


async def test_workers_send_it_again_when_the_provider_said(
    database: Database, stub: ImageApiStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying_again, "FIRST_WAIT", 0.05)
    stub.first, stub.retry_after = ["rate_limit", "busy"], "1"
    openai = OpenAIGenerator("gpt-image-2", key=Secret("sk-unused"), base_url=stub.url)
    asked = await ask(database, openai, await add(database))
    generate = jobs.generation_work(database, only(openai), Limits(), Rules())
    began = datetime.now(UTC)
    async with working(database, work(generate=generate), heartbeat=UNHURRIED):
        made = await generation.wait_for(database, asked.id, 30)
    assert (made.status, len(stub.requests)) == ("succeeded", 3)
    assert (datetime.now(UTC) - began).total_seconds() >= 2
    assert [row["status"] for row in await paid(database)] == ["failed", "failed", "succeeded"]
    assert (
        await value(database, "SELECT count(*) FROM rage.procrastinate_jobs WHERE task_name = 'generate'")
        == 0
    )
