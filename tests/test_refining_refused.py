"""What cannot be refined: it is refused before anything is written or spent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from rage_pg import generation, jobs
from rage_pg.config import Settings
from rage_pg.database import Database
from rage_pg.errors import (
    BudgetReached,
    Conflict,
    InvalidInput,
    NotPossible,
    ProviderRefused,
    SetupError,
)
from rage_pg.providers.registry import Registry
from rage_pg.types import Refine
from tests.caption_api_stub import CaptionApiStub, caption_api_stub
from tests.generating import FakeGenerator, accept, counts, only
from tests.refining import MATCHES, asked, judges_at, refined


@pytest.fixture
def stub() -> Iterator[CaptionApiStub]:
    with caption_api_stub(reply=dict(MATCHES)) as running:
        yield running


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


@pytest.mark.parametrize(
    ("said", "error", "match"),
    [
        ({"count": 2}, InvalidInput, "One picture is refined at a time"),
        ({"refine": Refine(draft=False, rounds=2)}, InvalidInput, "Without a draft there is one round"),
        ({"refine": Refine(max_cost=Decimal(0))}, InvalidInput, "max_cost is above 0"),
        ({"refine": Refine(max_cost=Decimal("1E-7"))}, InvalidInput, r"max_cost is above 0: 0\.000001 to"),
        ({"refine": Refine(max_cost=Decimal("NaN"))}, InvalidInput, "max_cost is above 0"),
        ({"refine": {"rounds": 4}}, InvalidInput, "rounds"),
    ],
)
async def test_what_cannot_be_refined_is_refused_before_anything_is_written(
    database: Database,
    generator: FakeGenerator,
    stub: CaptionApiStub,
    said: dict[str, Any],
    error: type[Exception],
    match: str,
) -> None:
    before = await counts(database)
    with pytest.raises(error, match=match):
        await accept(database, generator, **{"judges": judges_at(stub), "refine": Refine(), **said})
    assert await counts(database) == before


async def test_a_provider_that_reads_no_prompt_has_nothing_to_be_judged(
    database: Database, stub: CaptionApiStub
) -> None:
    local = FakeGenerator("local", charges=False)
    local.conditioned_on_prompt = False
    with pytest.raises(NotPossible, match="local does not read the prompt"):
        await asked(database, local, judges_at(stub))


async def test_a_first_picture_that_alone_costs_too_much_is_refused(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    await refined(database, generator, stub)
    with pytest.raises(BudgetReached, match="The first picture alone may cost"):
        await asked(database, generator, judges_at(stub), refine=Refine(max_cost=Decimal("0.01")))


async def test_so_it_is_where_it_is_made_again(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    generator.error = ProviderRefused("Not this.", code="moderation")
    # What it may cost nobody knew.
    first = await refined(database, generator, stub, refine=Refine(max_cost=Decimal("0.01")))
    generator.error = None
    await refined(database, generator, stub)
    before = await counts(database)
    with pytest.raises(BudgetReached, match="The first picture alone may cost"):
        await generation.again(database, only(generator), first.id, defer=jobs.defer_generation)
    assert await counts(database) == before


async def test_without_a_judge_the_setting_is_named_before_any_money_is_spent(
    database: Database, generator: FakeGenerator, tmp_path: Any
) -> None:
    settings = Settings(data_dir=tmp_path, captioner="gemini:some")
    with pytest.raises(SetupError, match="RAGE_JUDGE=openai:MODEL"):
        await asked(database, generator, Registry(settings).judge)  # type: ignore[arg-type]
    assert (await counts(database))[0] == 0
    own = Registry(
        Settings(data_dir=tmp_path, captioner="openai:see-1", openai_base_url="http://127.0.0.1:1/v1")
    )
    assert (own.judge().name, own.judge().model) == ("openai", "see-1")
    with pytest.raises(SetupError, match="which is no judge"):
        Registry(Settings(data_dir=tmp_path, judge="openai"))


async def test_an_idempotency_key_stands_for_the_refining_too(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    judges = judges_at(stub)
    root = await asked(database, generator, judges, idempotency_key="once")
    assert await asked(database, generator, judges, idempotency_key="once") == root
    with pytest.raises(Conflict, match="another request"):
        await accept(database, generator, idempotency_key="once")
