"""What ends a refinement before its time: money, refusals, a judge that is not there, a person; and what then
is the result."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from rage_pg import budgets, generation, jobs
from rage_pg.budgets import Target
from rage_pg.callers import SYSTEM
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.errors import (
    Conflict,
    OutcomeUnknown,
    ProviderRefused,
)
from rage_pg.generation import refining
from rage_pg.types import Generation, Refine
from tests.caption_api_stub import CaptionApiStub, caption_api_stub
from tests.generating import FakeGenerator, names, only, paid, rows, value
from tests.refining import MATCHES, asked, carried_out, judges_at, lacks, loop_of, means_of, refined
from tests.store import add
from tests.working import change_jobs, work, working

T = TypeVar("T")
PICTURE = Decimal("0.068500")
PRICE_OF_JUDGING = """
INSERT INTO rage.prices
SELECT 'openai', 'see-1', c, '2026-01-01', 10 FROM unnest('{text_input,text_output}'::text[]) AS c
"""
"""1,000 tokens: a cent."""


@pytest.fixture
def stub() -> Iterator[CaptionApiStub]:
    with caption_api_stub(reply=dict(MATCHES)) as running:
        yield running


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


@pytest.fixture
async def soap(database: Database) -> int:
    return await add(database, "soap")


def failing(generator: FakeGenerator, error: Exception, *, at: int) -> None:
    """Have the call of this number fail, from 1."""

    async def on_call() -> None:
        generator.error = error if len(generator.calls) == at else None

    generator.on_call = on_call


async def test_a_judge_that_does_not_answer_ends_it_and_is_not_asked_again(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    stub.reply = "hold"
    judges = judges_at(stub, patience=3)
    root = await asked(database, generator, judges)
    made = await carried_out(database, generator, judges, root.id)
    loop = loop_of(made)
    assert (loop.ended_by, loop.detail) == ("unknown", "The judge did not answer within 3 seconds.")
    assert (loop.result_id, len(stub.requests), loop.calls_without_cost) == (made.id, 1, 1)
    assert [call["status"] for call in await paid(database)] == ["succeeded", "unknown"]
    assert (made.status, made.cost_usd) == ("succeeded", PICTURE)


@pytest.mark.parametrize(
    ("reply", "ended_by", "said"),
    [
        ("key", "failed", "does not accept the key"),
        ("no_model", "failed", "answered 404"),
        ("server_error", "failed", "answered 500"),
        ("gateway", "unknown", "may have been carried out"),
        ("disconnect", "unknown", "may have been"),
    ],
)
async def test_what_is_wrong_with_the_judge_is_said(
    database: Database,
    generator: FakeGenerator,
    stub: CaptionApiStub,
    reply: str,
    ended_by: str,
    said: str,
) -> None:
    loop = loop_of(await refined(database, generator, stub, [reply]))
    assert (loop.ended_by, len(stub.requests)) == (ended_by, 1)
    assert said in (loop.detail or "")


async def test_a_judge_that_turns_it_away_is_asked_later_and_nothing_is_charged(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    stub.replies, stub.retry_after = ["rate_limit", MATCHES], "7"
    judges = judges_at(stub)
    root = await asked(database, generator, judges)
    generate = jobs.generation_work(
        database, only(generator), Limits(), means=means_of(database, generator, judges)
    )
    asking = datetime.now(UTC)
    later = await generate(root.id)
    told = datetime.now(UTC)
    assert isinstance(later, datetime)
    # Between the two it was told to wait for so long.
    assert asking + timedelta(seconds=7) <= later <= told + timedelta(seconds=7)
    made = await carried_out(database, generator, judges, root.id)
    assert [one.verdict for one in loop_of(made).judgements] == ["turned_away", "match"]
    assert [call["cost_usd"] for call in await paid(database)][1] == 0


async def test_a_model_that_takes_no_temperature_is_asked_without(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    loop = loop_of(await refined(database, generator, stub, ["temperature", MATCHES]))
    assert [one.verdict for one in loop.judgements] == ["match"]
    assert ["temperature" in request for request in stub.requests] == [True, False]


async def test_no_more_is_spent_than_was_said(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub, soap: int
) -> None:
    await rows(database, PRICE_OF_JUDGING)
    limit = 2 * PICTURE
    made = await refined(database, generator, stub, [lacks("soap")], refine=Refine(rounds=3, max_cost=limit))
    loop = loop_of(made)
    assert (loop.ended_by, loop.cost_usd) == ("max_cost", PICTURE + Decimal("0.01"))
    assert loop.detail == "max_cost is $0.137: $0.0785 is spent, and the next call may cost $0.0685."
    assert (len(generator.calls), loop.result_id) == (1, made.id)
    assert soap == loop.judgements[0].concepts[0].image_id


async def test_as_much_is_spent_as_was_said(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub, soap: int
) -> None:
    await rows(database, PRICE_OF_JUDGING)
    limit = 2 * PICTURE + Decimal("0.01")
    stub.reply = lacks("soap")
    loop = loop_of(await refined(database, generator, stub, refine=Refine(rounds=3, max_cost=limit)))
    assert (loop.ended_by, loop.cost_usd, len(generator.calls)) == ("max_cost", limit, 2)
    assert (loop.result_id, soap) == (loop.steps[1].generation_id, generator_sent(loop, 0))


def generator_sent(loop: Any, judgement: int) -> int | None:
    found: int | None = loop.judgements[judgement].concepts[0].image_id
    return found


async def test_only_the_first_call_of_a_judge_may_pass_what_was_said(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    await rows(database, PRICE_OF_JUDGING)
    limit = Refine(rounds=3, max_cost=PICTURE + Decimal("0.009"))
    await add(database, "soap")
    for judged, spent in ((1, PICTURE + Decimal("0.01")), (0, PICTURE)):
        stub.requests.clear()
        loop = loop_of(await refined(database, generator, stub, [lacks("soap")], refine=limit))
        assert (loop.ended_by, len(loop.steps), loop.cost_usd) == ("max_cost", 1, spent)
        assert len(stub.requests) == judged


@pytest.mark.usefixtures("soap")
async def test_a_call_of_unknown_cost_ends_what_has_a_limit(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    made = await refined(database, generator, stub, [lacks("soap")], refine=Refine(max_cost=Decimal(5)))
    loop = loop_of(made)
    assert (loop.ended_by, loop.calls_without_cost, len(generator.calls)) == ("unknown_cost", 1, 1)
    assert loop.detail == "What a call cost is not known, and max_cost is $5."


@pytest.mark.usefixtures("soap")
async def test_a_budget_ends_it_and_counts_judgements_by_their_label(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    await rows(database, PRICE_OF_JUDGING)
    await budgets.put(database, Target(label=("campaign", "spring")), Decimal("0.1"))
    made = await refined(
        database, generator, stub, [lacks("soap")], labels={"campaign": "spring"}, refine=Refine(rounds=2)
    )
    loop = loop_of(made)
    assert (loop.ended_by, len(loop.steps), loop.result_id) == ("budget", 2, loop.steps[1].generation_id)
    assert (loop.detail or "").startswith("The budget of this store for the month does not allow this call")
    (budget,) = await budgets.listing(database)
    assert budget.spent_usd == 2 * PICTURE + Decimal("0.01")


@pytest.mark.parametrize(
    ("error", "ended_by"),
    [(ProviderRefused("Not this.", code="moderation"), "refused"), (OutcomeUnknown("Lost."), "unknown")],
)
async def test_a_second_picture_that_fails_leaves_the_first_as_the_result(
    database: Database,
    generator: FakeGenerator,
    stub: CaptionApiStub,
    soap: int,
    error: Exception,
    ended_by: str,
) -> None:
    failing(generator, error, at=2)
    made = await refined(database, generator, stub, [lacks("soap")], refine=Refine(rounds=3))
    loop = loop_of(made)
    assert (loop.ended_by, loop.detail, loop.result_id) == (ended_by, str(error), made.id)
    assert (len(generator.calls), len(stub.requests), soap) == (2, 1, generator_sent(loop, 0))


async def test_a_draft_that_fails_is_not_judged_and_made_again_it_is(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    failing(generator, ProviderRefused("Not this.", code="moderation"), at=1)
    made = await refined(database, generator, stub, refine=Refine(rounds=2, max_cost=Decimal(3)))
    assert (loop_of(made).ended_by, loop_of(made).result_id, stub.requests) == ("refused", None, [])
    again = await generation.again(database, only(generator), made.id, defer=jobs.defer_generation)
    loop = loop_of(again)
    assert (again.retry_of, loop.rounds, loop.max_cost, loop.state) == (made.id, 2, Decimal(3), "open")
    made = await carried_out(database, generator, judges_at(stub), again.id)
    assert loop_of(made).ended_by == "matched"


async def test_called_off_while_it_is_judged_the_call_is_dropped(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    stub.reply = "hold"
    judges = judges_at(stub)
    root = await asked(database, generator, judges)
    running = asyncio.create_task(carried_out(database, generator, judges, root.id))
    assert await asyncio.to_thread(stub.asked.wait, 20)
    called = await generation.cancel(database, root.id, by="anna")
    assert (called.status, called.is_over, loop_of(called).state) == ("succeeded", False, "open")
    assert loop_of(called).cancel_requested_at is not None
    made = await asyncio.wait_for(running, 20)
    loop = loop_of(made)
    assert (loop.ended_by, loop.result_id) == ("cancelled", root.id)
    assert [call["status"] for call in await paid(database)] == ["succeeded", "unknown"]
    assert (await names(database, made))[-3:] == ["cancelling", "judged", "refined"]
    with pytest.raises(Conflict, match="It has ended"):
        await generation.cancel(database, root.id)


async def step_of(database: Database, generator: FakeGenerator, stub: CaptionApiStub) -> Generation:
    """A root whose second picture is queued."""
    stub.replies = [lacks("soap")]
    judges = judges_at(stub)
    root = await asked(database, generator, judges)
    generate = jobs.generation_work(
        database, only(generator), Limits(), means=means_of(database, generator, judges)
    )
    await generate(root.id)
    return await generation.wait_for(database, root.id, 0)


@pytest.mark.usefixtures("soap")
async def test_the_first_called_off_takes_what_follows_with_it(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    root = await step_of(database, generator, stub)
    assert [one.status for one in loop_of(root).steps] == ["succeeded", "queued"]
    called = await generation.cancel(database, root.id)
    loop = loop_of(called)
    assert (loop.ended_by, [one.status for one in loop.steps]) == ("cancelled", ["succeeded", "cancelled"])
    await carried_out(database, generator, judges_at(stub), root.id)
    assert (len(generator.calls), called.is_over) == (1, True)


@pytest.mark.usefixtures("soap")
async def test_a_later_one_called_off_ends_it(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    root = await step_of(database, generator, stub)
    await generation.cancel(database, loop_of(root).steps[1].generation_id)
    made = await carried_out(database, generator, judges_at(stub), root.id)
    assert (loop_of(made).ended_by, loop_of(made).result_id, len(generator.calls)) == (
        "cancelled",
        root.id,
        1,
    )


async def test_called_off_before_it_began_nothing_is_asked(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    judges = judges_at(stub)
    root = await asked(database, generator, judges, refine=Refine(draft=False))
    called = await generation.cancel(database, root.id)
    assert (called.status, called.is_over, loop_of(called).ended_by) == ("cancelled", True, "cancelled")
    await jobs.generation_work(
        database, only(generator), Limits(), means=means_of(database, generator, judges)
    )(root.id)
    assert (generator.calls, stub.requests) == ([], [])


async def test_without_a_draft_a_judge_that_fails_ends_it_before_the_picture(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    made = await refined(database, generator, stub, ["key"], refine=Refine(draft=False))
    assert (made.status, made.cost_usd, len(generator.calls)) == ("failed", Decimal(0), 0)
    assert made.error is not None
    assert made.error["detail"].startswith("It was not made: its references were not looked up.")
    assert (loop_of(made).ended_by, loop_of(made).result_id) == ("failed", None)


async def all_but_one(driving: Sequence[asyncio.Task[T]]) -> tuple[list[T], asyncio.Task[T]]:
    """What came of all tasks but the one that does not end, and that one."""
    pending = set(driving)
    while len(pending) > 1:
        ended, pending = await asyncio.wait(pending, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        assert ended, "they do not end"
    return [one.result() for one in driving if one not in pending], pending.pop()


@pytest.mark.usefixtures("soap")
async def test_of_several_that_drive_it_at_once_one_asks_and_the_others_come_again(
    database: Database, service_url: str, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    judges = judges_at(stub)
    root = await asked(database, generator, judges)
    await generation.run(database, only(generator), jobs.OutputImages(Limits()), root.id)
    stub.replies = ["hold", lacks("soap")]
    async with Database(service_url, caller=SYSTEM) as another:
        driving = [
            asyncio.create_task(refining.go_on(one, means_of(one, generator, judges), root.id))
            for one in (database, another) * 2
        ]
        others, first = await all_but_one(driving)
        assert [type(one) for one in others] == [datetime] * 3
        stub.release.set()
        following = await asyncio.wait_for(first, 20)
    loop = loop_of(await generation.wait_for(database, root.id, 0))
    assert (loop.state, [one.verdict for one in loop.judgements]) == ("open", ["mismatch"])
    assert [one.generation_id for one in loop.steps] == [root.id, following]
    assert await refining.go_on(database, means_of(database, generator, judges), root.id) is None
    assert (len(stub.requests), await value(database, "SELECT count(*) FROM rage.generations")) == (1, 2)


@pytest.mark.usefixtures("soap")
async def test_of_several_that_prepare_it_at_once_one_asks_and_the_others_come_again(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    judges = judges_at(stub)
    root = await asked(database, generator, judges, refine=Refine(draft=False))
    stub.replies = ["hold", {"missing": lacks("soap")["missing"]}]
    means = means_of(database, generator, judges)
    others, first = await all_but_one(
        [asyncio.create_task(refining.prepare(database, means, root.id)) for _ in range(3)]
    )
    assert [type(one) for one in others] == [datetime] * 2
    stub.release.set()
    assert await asyncio.wait_for(first, 20) is None
    made = await carried_out(database, generator, judges, root.id)
    assert (loop_of(made).ended_by, len(made.references), len(stub.requests)) == ("rounds", 1, 1)


async def test_one_that_nobody_goes_on_with_is_found_and_carried_on(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    judges = judges_at(stub)
    root = await asked(database, generator, judges)
    await generation.run(database, only(generator), jobs.OutputImages(Limits()), root.id)
    await change_jobs(database, "DELETE FROM rage.procrastinate_jobs")
    generate = jobs.generation_work(
        database, only(generator), Limits(), means=means_of(database, generator, judges)
    )
    async with working(database, work(generate=generate)):
        made = await generation.wait_for(database, root.id, 30)
    assert (loop_of(made).ended_by, len(generator.calls), len(stub.requests)) == ("matched", 1, 1)
