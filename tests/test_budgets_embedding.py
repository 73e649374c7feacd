"""Embeddings under a budget: filling a space stops and says why, and a search goes on by its words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from rage_pg import budgets, index, search
from rage_pg.budgets import Target
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.providers.openai_embeddings import OpenAIEncoder
from rage_pg.providers.openai_settings import Server
from rage_pg.types import SearchRequest
from tests.embeddings_stub import DIMENSIONS, EmbeddingsStub, embeddings_stub
from tests.generating import paid
from tests.store import add, by


@pytest.fixture
def stub() -> Iterator[EmbeddingsStub]:
    with embeddings_stub() as opened:
        yield opened


def encoder_of(stub: EmbeddingsStub) -> OpenAIEncoder:
    return OpenAIEncoder(Server(base_url=stub.url, key=Secret("sk-secret")), "small", DIMENSIONS)


async def test_filling_a_space_stops_at_a_budget_and_blames_no_image(
    database: Database, stub: EmbeddingsStub
) -> None:
    await add(database, "lamp")
    await budgets.put(database, Target(brand="default"), Decimal(0))
    await index.fill(database, [encoder_of(stub)])
    space = next(each for each in await index.spaces(database) if each.encoder == "openai")
    assert (space.embedded, space.missing, space.failed) == (0, 1, 0)
    assert space.trouble is not None
    assert space.trouble.startswith("The budget of brand default for")
    assert (stub.requests, await paid(database)) == ([], [])


async def test_a_search_goes_on_without_a_vector_that_a_budget_does_not_allow(
    database: Database, stub: EmbeddingsStub
) -> None:
    image_id = await add(database, "lamp")
    encoder = encoder_of(stub)
    await index.fill(database, [encoder])
    space = next(each for each in await index.spaces(database) if each.encoder == "openai")
    await index.activate(database, space.name, force=True)
    await budgets.put(database, Target(), Decimal(0))
    asked = len(stub.requests)
    found = await search.search(database, by(encoder), SearchRequest(prompt="lamp"))
    assert [item.image.id for item in found.items] == [image_id]
    assert len(stub.requests) == asked
