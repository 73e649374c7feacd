"""A dry run pays for nothing: neither a planner nor an encoder that charges is asked, and it says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from rage_pg import generation, index
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.errors import InvalidInput
from rage_pg.generation.batches import BatchItem, BatchRequest, preview_batch
from rage_pg.providers.openai_embeddings import OpenAIEncoder
from rage_pg.providers.openai_settings import Server
from rage_pg.runtime import Runtime
from rage_pg.types import Auto, GenerationRequest, ProposalRequest, SearchRequest
from tests.api_service import settings
from tests.embeddings_stub import DIMENSIONS, EmbeddingsStub, embeddings_stub
from tests.generating import FakeGenerator, only, paid, value
from tests.proposing import ids
from tests.store import add

OTHERS = "The request itself may choose other references."
NOT_ASKED = (
    f"The planner openai:plan-1 is paid for, and was not asked. {OTHERS}",
    f"The encoder openai:small of captions is paid for, and was not asked: found by words alone. {OTHERS}",
)


@pytest.fixture
def stub() -> Iterator[EmbeddingsStub]:
    """All that can be paid here, planner and encoder."""
    with embeddings_stub() as opened:
        yield opened


@pytest.fixture
async def runtime(database: Database, database_url: str, stub: EmbeddingsStub) -> Runtime:
    """Of a store whose captions have vectors that were paid for."""
    await add(database, "lotion")
    key = Secret("sk-secret")
    encoder = OpenAIEncoder(Server(base_url=stub.url, key=key), "small", DIMENSIONS)
    await index.fill(database, [encoder])
    space = next(each for each in await index.spaces(database) if each.encoder == "openai")
    await index.activate(database, space.name, force=True)
    set_up = replace(
        settings(database_url), planner="openai:plan-1", openai_api_key=key, openai_base_url=stub.url
    )
    stub.requests.clear()
    return Runtime(set_up, database)


async def test_a_dry_run_of_auto_asks_nobody_who_is_paid(
    database: Database, runtime: Runtime, stub: EmbeddingsStub
) -> None:
    before = len(await paid(database))
    request = GenerationRequest(prompt="a lotion", auto=Auto(k=2), dry_run=True)
    shown = await generation.preview(
        database, only(FakeGenerator()), request, look=runtime.look, propose=runtime.suggest
    )
    assert (len(shown.references), shown.notes) == (1, NOT_ASKED)
    assert (stub.requests, len(await paid(database))) == ([], before)
    assert await value(database, "SELECT count(*) FROM rage.prompt_vectors") == 0
    await runtime.propose(ProposalRequest(prompt="a lotion"))
    assert len(await paid(database)) == before + 2


async def test_nor_does_the_search_where_nothing_is_proposed(
    database: Database, runtime: Runtime, stub: EmbeddingsStub
) -> None:
    request = GenerationRequest(prompt="for lotion OR violins", auto=Auto(k=2))
    before = len(await paid(database))
    nothing = await runtime.suggest(ProposalRequest(prompt="a violin"))
    assert not nothing.references

    async def none(_: ProposalRequest) -> object:
        return nothing

    shown = await generation.preview(
        database,
        only(FakeGenerator()),
        request,
        look=runtime.look,
        propose=none,  # type: ignore[arg-type]  # it answers with a proposal
    )
    assert (len(shown.references), shown.notes) == (1, NOT_ASKED)
    assert (stub.requests, len(await paid(database))) == ([], before)


async def test_nor_does_that_of_a_batch(database: Database, runtime: Runtime, stub: EmbeddingsStub) -> None:
    request = BatchRequest(items=(BatchItem(key="one", prompt="a lotion", auto=Auto(k=1)),))
    shown = await preview_batch(
        database, only(FakeGenerator()), request, look=runtime.look, propose=runtime.suggest
    )
    assert [one.plan.notes for one in shown.first] == [NOT_ASKED]
    assert stub.requests == []


async def test_a_vector_that_was_paid_for_before_is_used(
    database: Database, runtime: Runtime, stub: EmbeddingsStub
) -> None:
    await runtime.search(SearchRequest(prompt="a lotion"))
    assert len(stub.requests) == 1
    (found,) = await runtime.look(SearchRequest(prompt="a lotion"))
    assert "caption" in found.legs
    suggested = await runtime.suggest(ProposalRequest(prompt="a lotion", planner="catalogue"))
    assert (len(ids(suggested)), len(stub.requests)) == (1, 1)


async def test_a_planner_that_is_not_here_is_refused_alike(runtime: Runtime) -> None:
    with pytest.raises(InvalidInput, match="no planner 'openai:other'"):
        await runtime.suggest(ProposalRequest(prompt="a lotion", planner="openai:other"))
