"""Money over HTTP: a request that a budget does not allow, what is left of it, what a dry run estimates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from rage_pg.config import Secret
from rage_pg.providers.registry import Registry
from tests.api_service import Client, make_key, problem, runtime_of, service

ORDER = {"prompt": "A lamp!!", "provider": "openai:gpt-image-1.5", "size": "1024x1024", "quality": "low"}
"""Two tokens at 5 and 272 at 32 dollars per million."""
BUDGET = "INSERT INTO rage.budgets (brand_id, limit_usd) SELECT {}, %s"
OF_ACME = "(SELECT brand_id FROM rage.brands WHERE name = 'acme')"


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        runtime = runtime_of(opened)
        runtime.registry = Registry(replace(runtime.settings, openai_api_key=Secret("sk-none")))
        yield opened


def execute(url: str, statement: str, *values: Any) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode(), values)


async def test_a_request_that_a_budget_does_not_allow_is_402_and_leaves_nothing(
    client: Client, database_url: str
) -> None:
    execute(database_url, BUDGET.format("NULL::integer"), "0.008")
    refused = await client.post("/api/generations", json=ORDER, headers={"Idempotency-Key": "k"})
    told = problem(refused, 402, "budget-reached")
    assert "is $0.008: $0 is spent, and this call may cost $0.008714" in told
    assert (await client.get("/api/generations")).json()["items"] == []
    execute(database_url, "UPDATE rage.budgets SET limit_usd = 1")
    accepted = await client.post("/api/generations", json=ORDER, headers={"Idempotency-Key": "k"})
    assert accepted.status_code == 202


async def test_a_dry_run_estimates_and_a_budget_does_not_stand_in_its_way(
    client: Client, database_url: str
) -> None:
    execute(database_url, BUDGET.format("NULL::integer"), "0")
    shown = await client.post("/api/generations", json={**ORDER, "dry_run": True})
    assert shown.status_code == 200, shown.text
    estimate = shown.json()["estimate"]
    assert estimate["cost_usd"] == 0.008714
    assert estimate["tokens"] == {"text_input": 2, "image_input": 0, "text_output": 0, "image_output": 272}
    assert estimate["basis"][-1] == "Pictures made: as published for this model, size and quality."


async def test_a_key_sees_the_budgets_of_its_brands(client: Client, database_url: str) -> None:
    execute(database_url, "INSERT INTO rage.brands (name) VALUES ('acme')")
    execute(database_url, BUDGET.format("NULL::integer"), "7")
    execute(database_url, BUDGET.format(OF_ACME), "3")
    everything = (await client.get("/api/budgets")).json()["items"]
    assert [(each["brand"], each["limit_usd"], each["left_usd"]) for each in everything] == [
        (None, 7, 7),
        ("acme", 3, 3),
    ]
    key = await make_key(client, "k", "acme")
    seen = await client.get("/api/budgets", headers={"Authorization": f"Bearer {key}"})
    assert [each["brand"] for each in seen.json()["items"]] == ["acme"]
