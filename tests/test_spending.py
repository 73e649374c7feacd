"""Paid calls: committed before they are made, and their tokens told apart in every form that APIs have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from rage_pg.database import Database
from rage_pg.errors import OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.spending import Outcome, close_paid_call, cost_of, failed_call, open_paid_call
from rage_pg.tokens import MAX_TOKENS, tokens_by_class
from tests.generating import paid, rows, value

CHAT = {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}
RESPONSES = {
    "input_tokens": 900,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 60,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 960,
}
EMBEDDINGS = {"prompt_tokens": 900, "total_tokens": 900}


def tokens(**named: int) -> dict[str, int]:
    return {"text_input": 0, "image_input": 0, "text_output": 0, "image_output": 0, **named}


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        (CHAT, tokens(text_input=900, text_output=60)),
        (RESPONSES, tokens(text_input=900, text_output=60)),
        (EMBEDDINGS, tokens(text_input=900)),
        ({**CHAT, "prompt_tokens_details": None}, tokens(text_input=900, text_output=60)),
        (
            {**CHAT, "prompt_tokens_details": {"image_tokens": 800, "cached_tokens": None}},
            tokens(text_input=100, image_input=800, text_output=60),
        ),
        (
            {**RESPONSES, "input_tokens_details": {"image_tokens": 800}},
            tokens(text_input=100, image_input=800, text_output=60),
        ),
        ({"input_tokens": 5, "output_tokens": 0}, tokens(text_input=5)),
        (
            {**CHAT, "prompt_tokens_details": {"cached_tokens": 128}},
            tokens(text_input=772, cached_text_input=128, text_output=60),
        ),
        (
            {**RESPONSES, "input_tokens_details": {"cached_tokens": 128}},
            tokens(text_input=772, cached_text_input=128, text_output=60),
        ),
        (
            {**CHAT, "prompt_tokens_details": {"image_tokens": 800, "cached_tokens": 150}},
            tokens(image_input=750, cached_text_input=100, cached_image_input=50, text_output=60),
        ),
    ],
)
def test_usage_of_a_model_that_answers_in_text_is_told_by_class(usage: Any, told: dict[str, int]) -> None:
    assert tokens_by_class(usage, answers="text") == told


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"total_tokens": 900},
        {"prompt_tokens": None},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": MAX_TOKENS + 1},
        {**CHAT, "completion_tokens": None},
        {**CHAT, "completion_tokens": "60"},
        {**CHAT, "prompt_tokens_details": {"image_tokens": 901}},
        {**CHAT, "prompt_tokens_details": "none"},
        {**CHAT, "prompt_tokens_details": {"cached_tokens": 901}},
        {**CHAT, "prompt_tokens_details": {"cached_tokens": "128"}},
    ],
)
def test_usage_that_does_not_tell_is_unknown(usage: Any) -> None:
    assert tokens_by_class(usage, answers="text") is None


async def test_a_call_is_a_row_before_it_is_made_and_is_closed_once_known(database: Database) -> None:
    brand_id = await value(database, "SELECT brand_id FROM rage.brands WHERE name = 'default'")
    async with database.transaction() as connection:
        call_id = await open_paid_call(
            connection,
            brand_id=brand_id,
            purpose="embedding",
            provider="openai",
            model="text-embedding-3-small",
        )
    (started,) = await paid(database)
    assert (started["status"], started["purpose"], started["cost_usd"]) == ("started", "embedding", None)
    async with database.transaction() as connection:
        ended = Outcome(status="succeeded", request_id="r\0-1", usage=EMBEDDINGS)
        assert await close_paid_call(connection, call_id, "embedding", ended) == Decimal("0.000018")
    (closed,) = await paid(database)
    told = (closed["status"], closed["provider_request_id"], closed["usage"], closed["cost_usd"])
    assert told == ("succeeded", "r-1", EMBEDDINGS, Decimal("0.000018"))
    assert closed["finished_at"] >= closed["started_at"]


async def test_a_model_without_a_price_has_no_cost(database: Database) -> None:
    async with database.transaction() as connection:
        assert await cost_of(connection, "openai", "nobody-prices-this", CHAT, answers="text") is None
    assert await rows(database, "SELECT FROM rage.paid_calls") == []


@pytest.mark.parametrize(
    ("error", "status", "cost"),
    [
        (ProviderError("Turned away.", charged=False), "failed", Decimal(0)),
        (ProviderError("It broke."), "failed", None),
        (ProviderRefused("No."), "refused", None),
        (OutcomeUnknown("Gone."), "unknown", None),
    ],
)
def test_a_failed_call_costs_nothing_only_where_that_is_sure(
    error: ProviderError, status: str, cost: Decimal | None
) -> None:
    outcome = failed_call(error)
    assert (outcome.status, outcome.cost_usd) == (status, cost)
