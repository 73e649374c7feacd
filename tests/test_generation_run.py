"""Carrying generations out: every outcome, what it costs, and that no call is ever repeated blindly."""

from __future__ import annotations

import asyncio
import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest

from rage_pg import generation, jobs
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.errors import (
    DatabaseUnavailable,
    NotFound,
    NotPossible,
    OutcomeUnknown,
    ProviderError,
    ProviderRefused,
)
from rage_pg.generation import settle
from rage_pg.generation.take_up import take_up
from rage_pg.providers.local import LocalGenerator
from rage_pg.types import Generation
from tests.generating import COST, IMAGES, FakeGenerator, ask, carry_out, make, only, rows, value
from tests.store import add, png


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


async def names(database: Database, made: Generation) -> list[str]:
    return [event.name for event in await generation.events(database, made.id)]


async def paid(database: Database) -> list[dict[str, Any]]:
    return [dict(row) for row in await rows(database, "SELECT * FROM rage.paid_calls ORDER BY call_id")]


async def test_outputs_become_draft_images_with_their_lineage(
    database: Database, generator: FakeGenerator
) -> None:
    source = await add(database, "Lotion")
    made = await make(database, generator, source, prompt="Lotion\n on a shelf", count=2)
    assert (made.status, made.error, len(made.outputs)) == ("succeeded", None, 2)
    first = made.outputs[0]
    assert first.url == f"/api/generations/{made.id}/outputs/1"
    assert first.image_id is not None
    image = await images.get(database, first.image_id)
    assert (image.state, image.origin, image.brand) == ("draft", "generated", "default")
    assert (image.title, image.caption) == ("Lotion on a shelf", "Lotion on a shelf")
    assert image.sha256 == first.sha256
    assert await value(database, "SELECT source FROM rage.captions WHERE image_id = %(id)s", id=image.id) == (
        "generation"
    )
    lineage = await rows(database, "SELECT image_id, source_image_id, role FROM rage_v1.lineage ORDER BY 1")
    assert [tuple(row.values()) for row in lineage] == [
        (output.image_id, source, "product") for output in made.outputs
    ]


async def test_the_ledger_keeps_what_was_sent_answered_and_paid(
    database: Database, generator: FakeGenerator
) -> None:
    made = await make(database, generator, await add(database, "Lotion"), labels={"ticket": "7"})
    (call,) = generator.calls
    assert made.prompt_sent == call.prompt
    assert 'Image 1: "Lotion" (product)' in call.prompt
    assert call.references[0].media_type == "image/png"
    assert made.usage == generator.usage
    assert made.cost_usd == Decimal(COST)
    assert made.parameters == {"count": 1, "details": {"size": "64x48"}}
    assert set(made.timings_ms) == {"queue", "load", "call", "store"}
    assert made.started_at is not None
    assert made.finished_at is not None
    assert made.created_at <= made.started_at <= made.finished_at
    assert await names(database, made) == ["queued", "running", "succeeded"]
    (row,) = await paid(database)
    assert (row["status"], row["provider_request_id"], row["cost_usd"]) == (
        "succeeded",
        "req_1",
        Decimal(COST),
    )
    assert (row["generation_id"], row["finished_at"] is not None) == (made.id, True)


async def test_the_attempt_is_committed_before_the_paid_call(
    database: Database, generator: FakeGenerator
) -> None:
    seen: list[Any] = []

    async def look() -> None:
        statement = """SELECT g.status, g.prompt_sent, p.status AS call
                       FROM rage.generations AS g JOIN rage.paid_calls AS p USING (generation_id)"""
        seen.extend(tuple(row.values()) for row in await rows(database, statement))

    generator.on_call = look
    made = await make(database, generator, await add(database))
    assert seen == [("running", made.prompt_sent, "started")]


async def test_the_local_provider_is_sent_no_prompt_and_costs_nothing(database: Database) -> None:
    lotion, soap = await add(database, "Lotion"), await add(database, "Soap")
    made = await make(database, LocalGenerator(), lotion, soap)
    assert (made.status, made.prompt_sent, made.cost_usd) == ("succeeded", None, Decimal(0))
    assert made.parameters["details"]["conditioned_on_prompt"] is False
    assert made.outputs[0].image_id is not None
    assert (await images.get(database, made.outputs[0].image_id)).caption == "Made from Lotion, Soap."
    assert await paid(database) == []


@pytest.mark.parametrize(
    ("error", "status", "kept"),
    [
        (
            ProviderRefused("Moderation refused it.", code="moderation_blocked", request_id="req_9"),
            "refused",
            {"code": "moderation_blocked", "detail": "Moderation refused it.", "retryable": False},
        ),
        (
            ProviderError("The server is busy.", code="busy", retryable=True, request_id="req_9"),
            "failed",
            {"code": "busy", "detail": "The server is busy.", "retryable": True},
        ),
        (
            OutcomeUnknown("The connection broke.", request_id="req_9"),
            "unknown",
            {"code": None, "detail": "The connection broke.", "retryable": False},
        ),
    ],
)
async def test_an_error_of_the_provider_is_the_outcome(
    database: Database, generator: FakeGenerator, error: ProviderError, status: str, kept: dict[str, Any]
) -> None:
    generator.error = error
    made = await make(database, generator, await add(database))
    assert made.status == status
    assert made.error == {"type": error.type, **kept}
    assert (made.outputs, made.cost_usd) == ((), None)
    (row,) = await paid(database)
    assert (row["status"], row["provider_request_id"], row["cost_usd"]) == (status, "req_9", None)
    assert row["error"] == made.error
    (_, _, last) = await generation.events(database, made.id)
    assert (last.name, last.data) == (status, {"error": made.error})


async def test_an_unexpected_error_is_internal_and_tells_no_secret(
    database: Database, generator: FakeGenerator
) -> None:
    generator.error = RuntimeError("key sk-proj-0123456789abcdef was rejected")
    made = await make(database, generator, await add(database))
    assert made.status == "failed"
    assert made.error == {
        "type": "urn:rage-pg:problem:internal",
        "detail": "Internal error; the log says more.",
    }
    assert (await paid(database))[0]["status"] == "failed"


async def test_a_key_inside_a_provider_error_is_masked(database: Database, generator: FakeGenerator) -> None:
    generator.error = ProviderError("Incorrect API key provided: sk-proj-0123456789abcdef.")
    made = await make(database, generator, await add(database))
    assert "0123456789abcdef" not in json.dumps(made.error)


async def test_what_turns_out_not_possible_costs_nothing(
    database: Database, generator: FakeGenerator
) -> None:
    generator.error = NotPossible("Reference 1 is wholly transparent.")
    made = await make(database, generator, await add(database))
    assert (made.status, made.cost_usd) == ("failed", Decimal(0))
    assert made.error == {
        "type": "urn:rage-pg:problem:not-possible",
        "detail": "Reference 1 is wholly transparent.",
    }


async def test_a_provider_that_is_gone_since_fails_the_generation(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    made = await carry_out(database, FakeGenerator("other"), asked.id)
    assert (made.status, made.cost_usd) == ("failed", Decimal(0))
    assert made.error is not None
    assert "no provider 'openai'" in made.error["detail"]


async def test_the_cost_is_null_where_price_or_usage_is_not_known(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    unpriced = await make(database, generator, image_id, model="someone-elses-model")
    generator.usage = None
    uncounted = await make(database, generator, image_id)
    assert [unpriced.cost_usd, uncounted.cost_usd] == [None, None]
    assert [row["cost_usd"] for row in await paid(database)] == [None, None]


async def test_the_price_is_that_of_the_day(database: Database, generator: FakeGenerator) -> None:
    change = """INSERT INTO rage.prices (provider, model, token_class, effective_from, usd_per_million)
                VALUES ('openai', 'gpt-image-2', 'image_output', current_date, 60),
                       ('openai', 'gpt-image-2', 'text_input', current_date + 1, 500)"""
    await rows(database, change)
    made = await make(database, generator, await add(database))
    assert made.cost_usd == Decimal(COST) + Decimal("0.06")


async def test_an_output_with_the_bytes_of_an_image_is_that_image_untouched(
    database: Database, generator: FakeGenerator
) -> None:
    same, hidden, new = png(), png(), png()
    existing, deleted = await add(database, "Our soap", content=same), await add(database, content=hidden)
    await images.delete(database, deleted)
    before = await images.get(database, existing)
    generator.contents = [same, hidden, new, new]
    made = await make(database, generator, existing, count=4)
    assert made.status == "succeeded"
    first, second, third, fourth = (output.image_id for output in made.outputs)
    assert (first, second) == (existing, deleted)
    assert third == fourth != existing
    assert await images.get(database, existing) == before
    with pytest.raises(NotFound):
        await images.get(database, deleted)


async def test_an_answer_that_is_no_picture_fails_and_keeps_its_cost(
    database: Database, generator: FakeGenerator
) -> None:
    generator.contents = [png(), b"<html>"]
    made = await make(database, generator, await add(database))
    assert (made.status, made.outputs, made.cost_usd) == ("failed", (), Decimal(COST))
    assert made.error is not None
    assert made.error["type"] == "urn:rage-pg:problem:image-rejected"
    (row,) = await paid(database)
    assert (row["status"], row["cost_usd"]) == ("failed", Decimal(COST))
    assert await value(database, "SELECT count(*) FROM rage.images WHERE origin = 'generated'") == 0


async def test_the_version_that_was_chosen_is_sent(database: Database, generator: FakeGenerator) -> None:
    old = png()
    image_id = await add(database, "Lotion", content=old, external_id="L-1")
    asked = await ask(database, generator, image_id)
    assert await add(database, "Lotion", content=png(), external_id="L-1") == image_id
    made = await carry_out(database, generator, asked.id)
    assert generator.calls[0].references[0].content == old
    assert made.references[0].sha256 == hashlib.sha256(old).hexdigest()


async def test_a_reference_whose_bytes_were_erased_fails_before_any_call(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    asked = await ask(database, generator, image_id)
    await images.delete(database, image_id, erase=True)
    made = await carry_out(database, generator, asked.id)
    assert (made.status, made.cost_usd, generator.calls) == ("failed", Decimal(0), [])


async def test_a_generation_runs_once(database: Database, generator: FakeGenerator) -> None:
    made = await make(database, generator, await add(database))
    assert await carry_out(database, generator, made.id) == made
    assert len(generator.calls) == 1


async def test_one_lost_during_a_paid_call_is_unknown_and_not_called_again(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    generator.release.clear()
    lost = asyncio.create_task(carry_out(database, generator, asked.id))
    await generator.called.wait()
    made = await carry_out(database, generator, asked.id)
    assert made.status == "unknown"
    assert made.error is not None
    assert made.error["type"] == "urn:rage-pg:problem:outcome-unknown"
    assert [row["status"] for row in await paid(database)] == ["unknown"]
    assert len(generator.calls) == 1
    # It only seemed lost: its answer mends what was unknown.
    generator.release.set()
    late = await lost
    assert (late.status, late.error, late.cost_usd) == ("succeeded", None, Decimal(COST))
    assert [(row["status"], row["error"]) for row in await paid(database)] == [("succeeded", None)]
    assert await names(database, late) == ["queued", "running", "unknown", "succeeded"]


async def test_one_lost_without_a_paid_call_starts_anew_and_the_first_answer_is_dropped(
    database: Database,
) -> None:
    first, second = FakeGenerator("local", charges=False), FakeGenerator("local", charges=False)
    kept = png()
    second.contents = [kept]
    asked = await ask(database, first, await add(database))
    attempts = []
    for generator in (first, second):
        generator.release.clear()
        attempts.append(asyncio.create_task(carry_out(database, generator, asked.id)))
        await generator.called.wait()
    first.release.set()
    assert (await attempts[0]).status == "running"
    second.release.set()
    made = await attempts[1]
    assert made.status == "succeeded"
    assert [output.sha256 for output in made.outputs] == [hashlib.sha256(kept).hexdigest()]
    assert await names(database, made) == ["queued", "running", "running", "succeeded"]


async def test_one_that_loses_its_worker_each_time_is_given_up(database: Database) -> None:
    generator = FakeGenerator("local", charges=False)
    asked = await ask(database, generator, await add(database))
    for _ in range(3):
        assert await take_up(database, asked.id) is not None
    made = await carry_out(database, generator, asked.id)
    assert (made.status, made.cost_usd, generator.calls) == ("failed", Decimal(0), [])
    assert made.error is not None
    assert "started 3 times" in made.error["detail"]


async def stop_during_call(database: Database, generator: FakeGenerator) -> Generation:
    asked = await ask(database, generator, await add(database))
    generator.release.clear()
    running = asyncio.create_task(carry_out(database, generator, asked.id))
    await generator.called.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return await generation.wait_for(database, asked.id, 0)


async def test_a_worker_stopped_during_a_paid_call_leaves_the_outcome_unknown(
    database: Database, generator: FakeGenerator
) -> None:
    made = await stop_during_call(database, generator)
    assert made.status == "unknown"
    assert [row["status"] for row in await paid(database)] == ["unknown"]


async def test_a_worker_stopped_during_any_other_call_gives_the_generation_back(database: Database) -> None:
    generator = FakeGenerator("local", charges=False)
    made = await stop_during_call(database, generator)
    assert (made.status, made.started_at) == ("queued", None)
    generator.release.set()
    assert (await carry_out(database, generator, made.id)).status == "succeeded"


class FlakyImages(jobs.OutputImages):
    """A store that cannot be reached a few times, or that stops to wait."""

    def __init__(self, failures: int) -> None:
        super().__init__(IMAGES._limits)
        self.failures = failures
        self.storing = asyncio.Event()
        self.release = asyncio.Event()
        self.release.set()

    async def store(self, *arguments: Any) -> list[int]:
        self.storing.set()
        await self.release.wait()
        self.failures -= 1
        if self.failures >= 0:
            raise DatabaseUnavailable("The database cannot be reached.")
        return await super().store(*arguments)


async def test_a_paid_answer_outlasts_a_database_that_is_away_for_a_moment(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "PAUSES", (0, 0))
    asked = await ask(database, generator, await add(database))
    await generation.run(database, only(generator), FlakyImages(2), asked.id)
    made = await generation.wait_for(database, asked.id, 0)
    assert (made.status, made.cost_usd, len(generator.calls)) == ("succeeded", Decimal(COST), 1)


async def test_a_database_that_stays_away_leaves_a_paid_call_unknown(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "PAUSES", (0,))
    asked = await ask(database, generator, await add(database))
    with pytest.raises(DatabaseUnavailable):
        await generation.run(database, only(generator), FlakyImages(2), asked.id)
    assert (await generation.wait_for(database, asked.id, 0)).status == "running"
    assert (await carry_out(database, generator, asked.id)).status == "unknown"
    assert len(generator.calls) == 1


async def test_a_paid_answer_is_stored_before_a_stopped_worker_leaves(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    store = FlakyImages(0)
    store.release.clear()
    running = asyncio.create_task(generation.run(database, only(generator), store, asked.id))
    await store.storing.wait()
    running.cancel()
    await asyncio.sleep(0)
    store.release.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await generation.wait_for(database, asked.id, 0)).status == "succeeded"
