"""A provider's export held against the ledger, in the forms that it comes in; bad ones are named."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rage_pg.database import Database
from rage_pg.errors import InvalidInput
from rage_pg.reconciling import Charged, Reconciled, read_export, reconcile
from tests.command_line import Rage, in_process
from tests.generating import rows

DAY = date(2026, 11, 3)
START = 1_793_664_000
"""2026-11-03 00:00 UTC in seconds."""
CALL = """INSERT INTO rage.paid_calls
              (brand_id, purpose, provider, model, status, tokens, cost_usd, started_at, provider_request_id)
          VALUES (1, %(purpose)s, 'openai', %(model)s, %(status)s, %(tokens)s::jsonb, %(cost)s, %(at)s,
                  'req_9')"""
TOKENS = (
    '{"text_input": 100, "image_input": 900, "cached_text_input": 20, "text_output": 0, "image_output": 2000}'
)
FULL = {
    "date": "2026-11-03",
    "model": "gpt-image-2",
    "requests": "1",
    "input_tokens": "1020",
    "output_tokens": "2000",
    "cost_usd": "0.5",
}


def table(*lines: dict[str, str]) -> bytes:
    header = list(lines[0])
    return "\n".join(
        ",".join(line) for line in [header, *([row[name] for name in header] for row in lines)]
    ).encode()


def page(*results: dict[str, Any], start: int = START, end: int = START + 86_400, **said: Any) -> bytes:
    bucket = {"object": "bucket", "start_time": start, "end_time": end, "results": list(results)}
    return json.dumps({"object": "page", "data": [bucket], "has_more": False, **said}).encode()


async def kept(database: Database, **said: Any) -> None:
    usual = {
        "purpose": "generation",
        "model": "gpt-image-2",
        "status": "succeeded",
        "tokens": TOKENS,
        "cost": "0.5",
        "at": "2026-11-03T12:00:00Z",
    }
    await rows(database, CALL, **{**usual, **said})


async def compared(database: Database, *contents: bytes) -> Reconciled:
    charged = [row for content in contents for row in read_export(content, "export")]
    return await reconcile(database, "openai", charged)


def differences(found: Reconciled) -> list[tuple[Any, ...]]:
    return [
        (str(row.day), row.model, each.field, each.provider, each.ledger)
        for row in found.differing
        for each in row.differences
    ]


USAGE = {
    "object": "organization.usage.completions.result",
    "input_tokens": 1020,
    "input_cached_tokens": 20,
    "output_tokens": 2000,
    "num_model_requests": 1,
    "model": "gpt-image-2-2026-04-21",
}
COSTS = {
    "object": "organization.costs.result",
    "amount": {"value": 0.5, "currency": "usd"},
    "line_item": "gpt-image-2, image output",
}


@pytest.mark.parametrize(
    "contents",
    [
        [table(FULL)],
        [table(FULL).replace(b",", b";")],
        [b"\xef\xbb\xbf" + table(FULL).replace(b"\n", b"\r\n")],
        [page(USAGE)],
        [page(USAGE), page(COSTS)],
        [page(COSTS), page({**COSTS, "amount": {"value": 0, "currency": "usd"}})],
        [page(COSTS | {"line_item": None})],
        [page(USAGE) + b"\n" + page(COSTS)],
        [b"[" + page(USAGE, has_more=True) + b"," + page(COSTS) + b"]"],
        [
            b"start_time,end_time,start_time_iso,num_model_requests,model,input_tokens,output_tokens,batch\n"
            + f"{START},{START + 86_400},2026-11-03T00:00:00+00:00,1,gpt-image-2,1020,2000,False\n".encode()
            + f"{START + 86_400},{START + 172_800},2026-11-04T00:00:00+00:00,,,,,\n".encode()
        ],
        [f"start_time,amount_value,amount_currency,line_item\n{START},0.5000000,usd,\n".encode()],
    ],
)
async def test_an_export_that_agrees_has_no_differences(database: Database, contents: list[bytes]) -> None:
    await kept(database)
    await kept(database, status="failed", tokens=None, cost="0")
    await kept(database, at="2026-11-02T23:59:59Z")
    found = await compared(database, *contents)
    assert (found.differing, found.compared, found.first_day, found.calls_unknown) == ((), 1, DAY, 0)


async def test_every_difference_is_named_with_the_calls_that_may_be_it(database: Database) -> None:
    await kept(database)
    await kept(database, status="unknown", tokens=None, cost=None)
    said = {**FULL, "requests": "2", "input_tokens": "2040", "output_tokens": "4000", "cost_usd": "1"}
    found = await compared(database, table(said))
    assert differences(found) == [
        ("2026-11-03", "gpt-image-2", "requests", 2, 1),
        ("2026-11-03", "gpt-image-2", "input_tokens", 2040, 1020),
        ("2026-11-03", "gpt-image-2", "output_tokens", 4000, 2000),
        ("2026-11-03", "gpt-image-2", "cost_usd", Decimal(1), Decimal("0.5")),
    ]
    (row,) = found.differing
    (candidate,) = row.candidates
    assert (candidate.status, candidate.provider_request_id, candidate.brand) == (
        "unknown",
        "req_9",
        "default",
    )
    assert (row.calls_without_cost, found.calls_unknown) == (1, 1)


async def test_what_only_one_of_the_two_knows_is_a_difference(database: Database) -> None:
    await kept(database, purpose="embedding", model="text-embedding-3-small", tokens='{"text_input": 7}')
    await kept(database)
    other = {**FULL, "model": "gpt-9", "cost_usd": "2"}
    found = differences(await compared(database, table(FULL, other)))
    assert ("2026-11-03", "gpt-9", "requests", 1, 0) in found
    assert ("2026-11-03", "text-embedding-3-small", "input_tokens", 0, 7) in found
    assert {model for _, model, *_ in found} == {"gpt-9", "text-embedding-3-small"}


async def test_costs_that_are_off_by_rounding_agree(database: Database) -> None:
    await kept(database, cost="0.000001")
    assert differences(await compared(database, table({**FULL, "cost_usd": "0.0000005"}))) == []
    found = await compared(database, table({**FULL, "cost_usd": "0.0000021"}))
    assert [each[2] for each in differences(found)] == ["cost_usd"]


async def test_a_call_without_usage_is_said_beside_the_sums(database: Database) -> None:
    await kept(database, tokens=None, cost=None)
    (row,) = (await compared(database, table(FULL))).differing
    assert [each.field for each in row.differences] == ["input_tokens", "output_tokens", "cost_usd"]
    assert (row.calls_without_cost, row.calls_without_tokens, row.candidates) == (1, 1, ())


def test_figures_that_are_not_given_are_not_zero() -> None:
    (row,) = read_export(b"date,model,requests,cost_usd\n2026-11-03,m,3,\n", "x.csv")
    assert row == Charged(
        day=DAY, model="m", requests=3, input_tokens=None, output_tokens=None, cost_usd=None
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has not the columns of a usage export"),
        (b"\n\n", "has not the columns"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"{", "neither JSON nor JSON Lines"),
        (b"[" * 100_000, "neither JSON nor JSON Lines"),
        (b"[]", "holds no usage and no costs"),
        (b"[1]", "no page of a usage or costs API"),
        (b'{"data": 7}', "its data is no list of buckets"),
        (b'{"data": [{"start_time": 1}]}', "bucket 1 has no list of results"),
        (b'{"data": [{"results": [7]}]}', "a result that is no object"),
        (page(USAGE, has_more=True), "its last page says has_more"),
        (page({**USAGE, "model": None}), "names no model: export usage grouped by model"),
        (page(USAGE, end=START + 7 * 86_400), "covers more than a day"),
        (page(USAGE, start=10**12 - 1), "no seconds since 1970"),
        (page({**COSTS, "amount": {"value": 1, "currency": "eur"}}), "is in 'eur': only US dollars"),
        (page({**COSTS, "amount": {"value": "lots", "currency": "usd"}}), "amount_value is 'lots'"),
        (b"name,price\na,1\n", "has not the columns"),
        (b"date,model,cost_usd,model\n2026-11-03,a,1,b\n", "names a column twice"),
        (b"date,model,cost_usd\n2026-11-03,a,1,2\n", "line 2 has more fields"),
        (b"date,model,cost_usd\n03.11.2026,a,1\n", "line 2: date is '03.11.2026', no day like 2026-11-30"),
        (b"date,model,cost_usd\n,a,1\n", "line 2: date is missing"),
        (b"date,model,requests\n2026-11-03,a,-1\n", "requests is '-1', no whole number from 0"),
        (b"date,model,requests\n2026-11-03,a,1.5\n", "requests is '1.5'"),
        (b"date,model,cost_usd\n2026-11-03,a,NaN\n", "cost_usd is 'NaN', no amount of US dollars"),
        (b"date,model,cost_usd\n2026-11-03,a,1e400000\n", "no amount of US dollars"),
        (b"date,model,cost_usd\n2026-11-03,a,1_0\n", "no amount of US dollars"),
        (b"date,model,cost_usd\n", "holds no usage and no costs"),
    ],
)
def test_an_export_that_cannot_be_read_says_what_is_wrong(content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_export(content, "usage.csv")
    assert words in str(refused.value)
    assert str(refused.value).startswith("usage.csv")


@pytest.fixture
def rage(service_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(service_url, monkeypatch, capsys)


def test_the_command_names_differences_and_ends_with_1(rage: Rage, tmp_path: Path) -> None:
    export = tmp_path / "usage.csv"
    export.write_bytes(table(FULL))
    outcome = rage("prices", "reconcile", export)
    assert outcome.code == 1
    assert "1 of 1 days and models differ" in outcome.out
    assert "gpt-image-2" in outcome.out
    found = rage("prices", "reconcile", export, "--json").json
    assert found["differing"][0]["differences"][3] == {"field": "cost_usd", "provider": 0.5, "ledger": 0}
    assert rage("prices", "reconcile", export, "--provider", "gemini").code == 1
    export.write_bytes(b"\0")
    assert rage("prices", "reconcile", export).complaint.startswith("usage.csv has not the columns")
