"""Carrying generations out: every outcome, what is kept of it, and what it costs."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest

from rage_pg import generation
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.errors import NotFound, NotPossible, OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.providers.local import LocalGenerator
from tests.generating import COST, FakeGenerator, ask, carry_out, make, names, paid, rows, value
from tests.store import add, png


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


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
    assert set(made.timings_ms) == {"queue", "load", "fit", "call", "store"}
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


async def test_the_fitting_of_references_is_told_apart_from_the_call(
    database: Database, generator: FakeGenerator
) -> None:
    generator.fit_ms = 4_000.04
    made = await make(database, generator, await add(database))
    assert (made.timings_ms["fit"], made.timings_ms["call"]) == (4_000.0, 0.0)


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


async def test_an_answer_without_a_picture_that_can_be_read_fails_and_keeps_its_cost(
    database: Database, generator: FakeGenerator
) -> None:
    generator.contents = [png()[:-20], b"<html>"]
    made = await make(database, generator, await add(database))
    assert (made.status, made.outputs, made.cost_usd) == ("failed", (), Decimal(COST))
    assert made.error is not None
    assert made.error["code"] == "not_an_image"
    assert "The image is cut off." in made.error["detail"]
    (row,) = await paid(database)
    assert (row["status"], row["cost_usd"]) == ("failed", Decimal(COST))
    assert await value(database, "SELECT count(*) FROM rage.images WHERE origin = 'generated'") == 0


async def test_of_several_pictures_those_are_kept_that_can_be_read(
    database: Database, generator: FakeGenerator
) -> None:
    good = png()
    generator.contents = [b"<html>", good, png()[:-20]]
    made = await make(database, generator, await add(database))
    assert (made.status, made.error, made.cost_usd) == ("succeeded", None, Decimal(COST))
    assert [output.sha256 for output in made.outputs] == [hashlib.sha256(good).hexdigest()]
    told = made.parameters["details"]["unusable_images"]
    assert len(told) == 2
    assert told[1].endswith("The image is cut off.")


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
