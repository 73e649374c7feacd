"""What goes wrong while a space is filled: whose fault it is, what is waited for, held, and paid."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rage_pg import index
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.errors import SetupError
from rage_pg.index import claims, embedding
from rage_pg.providers import usem3
from rage_pg.providers.openai_embeddings import OpenAIEncoder
from rage_pg.providers.openai_settings import Server
from rage_pg.providers.ports import Vectors
from tests.embeddings_stub import DIMENSIONS, EmbeddingsStub, Fault, embeddings_stub
from tests.generating import rows, value
from tests.store import HashingEncoder, add

SPACE = f"openai-small-{DIMENSIONS}-caption"
CALLS = "SELECT array_agg(status ORDER BY call_id) FROM rage_v1.paid_calls WHERE purpose = 'embedding'"


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingsStub]:
    monkeypatch.setattr(embedding, "FIRST_PAUSE", 0.01)
    with embeddings_stub() as stub:
        yield stub


async def fill(database: Database, stub: EmbeddingsStub) -> index.Filled:
    server = Server(base_url=stub.url, key=Secret("sk-secret"))
    [filled] = await index.fill(database, [OpenAIEncoder(server, "small", DIMENSIONS)])
    return filled


async def space_named(database: Database, name: str = SPACE) -> Any:
    return next(space for space in await index.spaces(database) if space.name == name)


async def test_every_call_is_a_row_that_its_brand_pays(database: Database, stub: EmbeddingsStub) -> None:
    for brand in ("acme", "lumen", "acme"):
        await add(database, "lamp", brand=brand)
    await rows(
        database,
        "INSERT INTO rage.prices VALUES ('openai', 'small', 'text_input', '2026-01-01', 1000) RETURNING 1",
    )
    assert (await fill(database, stub)).embedded == 3
    assert [len(request["input"]) for request in stub.requests] == [2, 1]
    found = await rows(
        database,
        "SELECT brand, purpose, provider, model, status, provider_request_id, cost_usd::float AS cost"
        " FROM rage_v1.paid_calls ORDER BY brand",
    )
    expected = {
        "purpose": "embedding",
        "provider": "openai",
        "model": "small",
        "status": "succeeded",
        "provider_request_id": "req_embed_1",
    }
    assert found == [
        {"brand": "acme", **expected, "cost": 0.002},
        {"brand": "lumen", **expected, "cost": 0.001},
    ]


async def test_what_a_provider_asks_to_wait_for_is_waited_for_and_is_no_failure(
    database: Database, stub: EmbeddingsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(database, "lamp")
    stub.faults = [Fault(status=429, code="rate_limit_exceeded", headers={"Retry_After": "17"})]
    waited: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        if seconds not in (0, 3.0):
            waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", noted)
    filled = await fill(database, stub)
    assert (filled.embedded, filled.failed, filled.trouble) == (1, 0, None)
    assert 17.0 in waited
    assert await value(database, CALLS) == ["failed", "succeeded"]
    assert await value(database, "SELECT count(*) FROM rage.failed_items") == 0


async def test_a_provider_that_stays_busy_stops_its_space_and_blames_no_image(
    database: Database, stub: EmbeddingsStub
) -> None:
    await add(database, "lamp")
    stub.faults = [Fault(status=503) for _ in range(embedding.TRIES + 1)]
    filled = await fill(database, stub)
    assert (filled.embedded, filled.failed) == (0, 0)
    assert filled.trouble is not None
    assert "answered 503" in filled.trouble
    space = await space_named(database)
    assert (space.trouble, space.missing, space.failed) == (filled.trouble, 1, 0)
    assert (await fill(database, stub)).embedded == 1
    assert (await space_named(database)).trouble is None


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (Fault(status=401, code="invalid_api_key"), "does not accept the key"),
        (Fault(status=429, code="insufficient_quota"), "answered 429"),
        (Fault(status=404, code="model_not_found"), "answered 404"),
        (Fault(body="rubbish"), "not the JSON"),
        (Fault(body={"model": "other", "data": []}), "answered as the model 'other'"),
    ],
)
async def test_what_every_request_would_meet_blames_no_image(
    database: Database, stub: EmbeddingsStub, fault: Fault, complaint: str
) -> None:
    for number in range(9):
        await add(database, f"thing {number}")
    stub.faults = [fault, fault]
    filled = await fill(database, stub)
    assert (filled.embedded, filled.failed) == (0, 0)
    assert complaint in str(filled.trouble)
    assert len(stub.requests) == 2
    assert await value(database, "SELECT count(filler_id) FROM rage.embedding_claims") == 0


async def test_an_image_that_alone_fails_is_found_recorded_held_and_tried_again_when_told(
    database: Database, stub: EmbeddingsStub
) -> None:
    for number in range(9):
        await add(database, f"thing {number}")
    bad = await add(database, "poisonous thing")
    stub.poison = "poisonous"
    filled = await fill(database, stub)
    assert (filled.embedded, filled.failed, filled.trouble) == (9, 1, None)
    for _ in range(2):
        await fill(database, stub)
    [failed] = await rows(database, "SELECT image_id, attempts, held, reason FROM rage_v1.failed_items")
    assert (failed["image_id"], failed["attempts"], failed["held"]) == (bad, 3, True)
    assert "answered 400" in failed["reason"]
    space = await space_named(database)
    assert (space.failed, space.held, space.missing) == (1, 1, 0)

    asked = len(stub.requests)
    await fill(database, stub)
    assert len(stub.requests) == asked

    stub.poison = None
    assert await index.retry(database, None, [bad + 1]) == 0
    assert await index.retry(database, SPACE, [bad]) == 1
    assert (await fill(database, stub)).embedded == 1
    assert await value(database, "SELECT count(*) FROM rage_v1.failed_items") == 0


async def test_a_broken_connection_is_an_unknown_outcome_and_asked_again(
    database: Database, stub: EmbeddingsStub
) -> None:
    await add(database, "lamp")
    stub.faults = [Fault(drop=True)]
    assert (await fill(database, stub)).embedded == 1
    assert await value(database, CALLS) == ["unknown", "succeeded"]


async def test_a_model_that_cannot_be_loaded_stops_its_space_and_not_the_others(database: Database) -> None:
    await add(database, "lamp")

    class Broken(HashingEncoder):
        async def encode_documents(self, texts: Any) -> Vectors:
            raise SetupError("The model cannot be loaded.", "Reinstall its package.")

    identity = usem3.Usem3().identity
    other = HashingEncoder(
        type(identity)(encoder="mine", model="m", weights_sha256=None, dimensions=7, encodes="caption")
    )
    filled = await index.fill(database, [Broken(identity), other])
    assert [(one.embedded, one.trouble) for one in filled] == [
        (0, "The model cannot be loaded. Reinstall its package."),
        (1, None),
    ]


async def test_numbers_too_large_or_too_small_for_sixteen_bits_are_kept_as_directions(
    database: Database,
) -> None:
    class Extreme(HashingEncoder):
        async def encode_documents(self, texts: Any) -> Vectors:
            vectors = await super().encode_documents(texts)
            scale = np.float32(1e30 if "huge" in texts[0] else 1e-30)
            return np.asarray(vectors * scale, dtype=np.float32)

    encoder = Extreme(usem3.Usem3().identity)
    for title in ("huge", "tiny"):
        await add(database, title)
        assert (await index.fill(database, [encoder]))[0].embedded == 1
    lengths = "SELECT array_agg(round(rage.l2_norm(embedding)::numeric, 2)) FROM rage.embeddings"
    assert await value(database, lengths) == [1, 1]


async def test_an_encoder_that_stops_working_after_its_check_blames_no_image(
    database: Database, stub: EmbeddingsStub
) -> None:
    for number in range(8):
        await add(database, f"thing {number}")
    # The batch is refused, the known good input is taken, and from then on nothing is.
    refused, busy = Fault(status=400, code="content_not_liked"), Fault(status=401, code="invalid_api_key")
    stub.faults = [refused, Fault(status=200, body=vectors(1)), *[busy] * 20]
    filled = await fill(database, stub)
    assert (filled.embedded, filled.failed) == (0, 0)
    assert "does not accept the key" in str(filled.trouble)
    assert await value(database, "SELECT count(*) FROM rage.failed_items") == 0


WAITING = """
SELECT EXISTS (SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
               WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted)
"""
CLAIM = """
INSERT INTO rage.embedding_claims (space_id, image_id, brand_id, filler_id)
SELECT %s, %s, brand_id, %s FROM rage.images
"""


async def test_who_has_failures_tried_afresh_waits_for_who_claims(
    database: Database, stub: EmbeddingsStub
) -> None:
    bad = await add(database, "poisonous thing")
    stub.poison = "poisonous"
    assert (await fill(database, stub)).failed == 1
    space = await space_named(database)
    async with claims.filler(database, space, index.Looks(), waits=False) as other:
        async with database.transaction() as connection:
            await other.take_turn(connection)
            retrying = asyncio.create_task(index.retry(database, SPACE))
            while not (retrying.done() or await value(database, WAITING)):
                await asyncio.wait([retrying], timeout=0.02)
            assert not retrying.done()
            # What a claim finds and trusts in: as the image failed, nobody else claims it.
            await connection.execute(CLAIM, [space.id, bad, other.filler_id])
            await connection.execute("UPDATE rage.failed_items SET attempts = 3")
        assert await retrying == 1
    stub.poison = None
    assert (await fill(database, stub)).embedded == 1


def vectors(count: int) -> dict[str, Any]:
    data = [
        {"object": "embedding", "index": index, "embedding": [1.0] * DIMENSIONS} for index in range(count)
    ]
    return {"object": "list", "model": "small", "data": data}
