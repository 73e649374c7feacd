"""What providers say is kept in any form, and what their calls cost is told from what is not known."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from rage_pg import generation, jobs
from rage_pg.config import Secret, Settings
from rage_pg.database import Database
from rage_pg.errors import OutcomeUnknown, ProviderError, ProviderRefused, SetupError
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.ports import GenerationCall, GenerationResult, Progress
from rage_pg.providers.registry import Registry
from rage_pg.spending import MAX_DEPTH, TOO_DEEP, storable
from rage_pg.tokens import MAX_TOKENS, tokens_by_class
from rage_pg.types import Generation, GenerationRequest, ReferenceRequest
from tests.generating import COST, USAGE, FakeGenerator, make, paid, rows, value
from tests.image_api_stub import REQUEST_ID, image_api_stub
from tests.store import add

ODD_TEXT = "a\0b \ud800 c"
KEPT_TEXT = "ab ? c"


class Answering(FakeGenerator):
    """Answers with a picture and whatever else it was told to say."""

    def __init__(self, **said: Any) -> None:
        super().__init__()
        self.said = said

    async def generate(self, call: GenerationCall, progress: Progress | None = None) -> GenerationResult:
        return replace(await super().generate(call, progress), **self.said)


class Failing(FakeGenerator):
    def __init__(self, error: ProviderError) -> None:
        super().__init__()
        self.error = error


def nested(levels: int) -> Any:
    """Lists inside lists."""
    value: Any = "end"
    for _ in range(levels):
        value = [value]
    return value


async def paid_call(database: Database) -> dict[str, Any]:
    (call,) = await paid(database)
    return call


async def answered(database: Database, **said: Any) -> Generation:
    """A generation whose provider said this; its paid call tells the same."""
    made = await make(database, Answering(**said), await add(database))
    assert (made.status, len(made.outputs), made.error) == ("succeeded", 1, None)
    call = await paid_call(database)
    told = (made.usage, made.cost_usd, made.model)
    assert (call["usage"], call["cost_usd"], call["model"], call["status"]) == (*told, "succeeded")
    return made


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"text": ODD_TEXT}, {"text": KEPT_TEXT}),
        ({ODD_TEXT: 1, "": 2, 3: 4, None: 5}, {KEPT_TEXT: 1, "": 2, "3": 4, "None": 5}),
        (
            {"nan": float("nan"), "most": float("inf"), "least": float("-inf"), "some": 0.5},
            {"nan": None, "most": None, "least": None, "some": 0.5},
        ),
        ({"long": 10**5_000, "fits": 2**64 - 1}, {"long": None, "fits": 2**64 - 1}),
        ({"a": [{"b": (ODD_TEXT, [float("nan")])}]}, {"a": [{"b": [KEPT_TEXT, [None]]}]}),
        (
            {"bytes": b"\0", "cost": Decimal("1.5"), "yes": True},
            {"bytes": "b'\\x00'", "cost": "1.5", "yes": True},
        ),
        ("a lot\0", {"as_answered": "a lot"}),
        ([1, float("nan")], {"as_answered": [1, None]}),
        (7, {"as_answered": 7}),
        ({}, {}),
        (None, None),
    ],
    ids=lambda value: str(type(value).__name__),
)
async def test_usage_of_any_form_is_kept_and_costs_what_nobody_knows(
    database: Database, said: Any, kept: Any
) -> None:
    made = await answered(database, usage=said)
    assert (made.usage, made.cost_usd) == (kept, None)


async def test_details_of_any_form_are_kept(database: Database) -> None:
    made = await answered(database, details={ODD_TEXT: [float("inf"), {"x": ODD_TEXT}]})
    assert made.parameters["details"] == {KEPT_TEXT: [None, {"x": KEPT_TEXT}]}


async def test_details_that_are_no_object_are_kept(database: Database) -> None:
    made = await answered(database, details=["low\0"])
    assert made.parameters["details"] == {"as_answered": ["low"]}


@pytest.mark.parametrize("levels", [MAX_DEPTH, 900, 100_000])
async def test_nesting_is_kept_to_a_depth(database: Database, levels: int) -> None:
    made = await answered(database, usage={"deep": nested(levels)}, details={"deep": nested(levels)})
    assert made.usage is not None
    for kept in (made.usage, made.parameters["details"]):
        value, depth = kept["deep"], 1
        while isinstance(value, list):
            (value,), depth = value, depth + 1
        assert (value, depth) == (TOO_DEEP, MAX_DEPTH)


def test_nesting_up_to_the_bound_is_kept_whole() -> None:
    assert storable(nested(MAX_DEPTH)) == nested(MAX_DEPTH)


@pytest.mark.parametrize(
    ("model", "kept"),
    [(None, "gpt-image-2"), ("", "gpt-image-2"), ("\0", "gpt-image-2"), (ODD_TEXT, KEPT_TEXT), (7, "7")],
)
async def test_a_model_of_any_form_is_kept_or_left_as_asked(
    database: Database, model: Any, kept: str
) -> None:
    made = await answered(database, model=model)
    assert (made.model, made.cost_usd) == (kept, Decimal(COST) if kept == "gpt-image-2" else None)


@pytest.mark.parametrize(
    ("request_id", "kept"), [(ODD_TEXT, KEPT_TEXT), ("", None), (None, None), (17, "17")]
)
async def test_a_request_id_of_any_form_is_kept(
    database: Database, request_id: Any, kept: str | None
) -> None:
    await answered(database, request_id=request_id)
    assert (await paid_call(database))["provider_request_id"] == kept


@pytest.mark.parametrize("kind", [ProviderError, ProviderRefused, OutcomeUnknown])
async def test_an_error_in_any_words_is_the_outcome(database: Database, kind: type[ProviderError]) -> None:
    error = kind(ODD_TEXT * 5_000, code=ODD_TEXT, request_id=ODD_TEXT, usage={ODD_TEXT: nested(900)})
    made = await make(database, Failing(error), await add(database))
    assert made.error is not None
    assert made.error["code"] == KEPT_TEXT
    assert made.error["detail"].startswith(KEPT_TEXT)
    assert len(made.error["detail"]) <= 2_000
    call = await paid_call(database)
    assert (call["status"], call["error"]) == (made.status, made.error)
    assert (call["provider_request_id"], list(call["usage"])) == (KEPT_TEXT, [KEPT_TEXT])
    assert (await generation.events(database, made.id))[-1].data == {"error": made.error}


@pytest.mark.parametrize(
    ("error", "cost"),
    [
        (ProviderError("Turned away.", charged=False), Decimal(0)),
        (ProviderError("It broke."), None),
        (ProviderRefused("No."), None),
        (OutcomeUnknown("Gone."), None),
        (ProviderError("No picture in it.", usage=USAGE), Decimal(COST)),
    ],
)
async def test_a_failed_call_costs_nothing_only_where_that_is_known(
    database: Database, error: ProviderError, cost: Decimal | None
) -> None:
    made = await make(database, Failing(error), await add(database))
    assert (made.cost_usd, (await paid_call(database))["cost_usd"]) == (cost, cost)


@pytest.mark.parametrize(
    ("mode", "status", "cost"),
    [
        ("quota", "failed", Decimal(0)),
        ("key", "failed", Decimal(0)),
        ("moderation", "refused", None),
        ("server_error", "failed", None),
        ("gateway", "unknown", None),
        ("empty", "failed", Decimal("0.008530")),
        ("not_an_image", "failed", Decimal("0.008530")),
    ],
)
async def test_what_a_call_to_an_image_api_cost(
    database: Database, mode: str, status: str, cost: Decimal | None
) -> None:
    """10 text tokens at 5, 40 of images at 8 and 272 out at 30 dollars per million."""
    with image_api_stub() as stub:
        stub.mode = mode
        generator = OpenAIGenerator("gpt-image-2", key=Secret("sk-none"), base_url=stub.url)
        made = await make(database, generator, await add(database))
    call = await paid_call(database)
    assert (made.status, made.cost_usd, call["cost_usd"]) == (status, cost, cost)
    assert call["provider_request_id"] == REQUEST_ID


async def test_a_setting_that_can_never_work_is_told_before_anything_is_written(database: Database) -> None:
    broken = Settings(data_dir=Path("unused"), generator="openai:m", openai_api_key=Secret("two keys"))
    references = (ReferenceRequest(image_id=await add(database)),)
    request = GenerationRequest(prompt="A soap", references=references)
    with pytest.raises(SetupError, match="OPENAI_API_KEY"):
        await generation.accept(database, Registry(broken).generators(), request, defer=jobs.defer_generation)
    assert await value(database, "SELECT count(*) FROM rage.generations") == 0


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "a lot",
        [USAGE],
        {"text_input": -1},
        {"text_input": True},
        {"text_input": 1.5},
        {"text_input": "5"},
        {"text_input": MAX_TOKENS + 1},
        {**USAGE, "output_tokens": None},
        {**USAGE, "input_tokens_details": "none"},
        {**USAGE, "input_tokens_details": {"text_tokens": 5, "image_tokens": -5}},
        {**USAGE, "output_tokens_details": {"text_tokens": 5}},
    ],
)
def test_odd_usage_is_no_count_of_tokens(usage: Any) -> None:
    assert tokens_by_class(usage) is None


async def test_the_most_tokens_at_the_highest_price_still_fit(database: Database) -> None:
    dear = """INSERT INTO rage.prices (provider, model, token_class, effective_from, usd_per_million)
              SELECT 'openai', 'dear', c, current_date, 999999
              FROM unnest(ARRAY['text_input', 'image_input', 'text_output', 'image_output']) AS c"""
    await rows(database, dear)
    most = dict.fromkeys(("text_input", "image_input", "text_output", "image_output"), MAX_TOKENS)
    made = await answered(database, model="dear", usage=most)
    assert made.cost_usd == Decimal("39999960")
