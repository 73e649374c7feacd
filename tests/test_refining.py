"""The loop of judging and making again: what it does with each verdict, and what the ledger tells of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rage_pg.database import Database
from rage_pg.types import Refine
from tests.caption_api_stub import CaptionApiStub, caption_api_stub
from tests.generating import FakeGenerator, names, paid, rows, value
from tests.refining import MATCHES, lacks, refined
from tests.store import add


@pytest.fixture
def stub() -> Iterator[CaptionApiStub]:
    with caption_api_stub(reply=dict(MATCHES)) as running:
        yield running


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


async def test_a_draft_that_matches_is_the_result(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    made = await refined(database, generator, stub, [MATCHES], prompt="A zebra lamp on a table")
    loop = made.refinement
    assert loop is not None
    assert (loop.state, loop.ended_by, loop.result_id) == ("ended", "matched", made.id)
    assert (len(generator.calls), len(stub.requests)) == (1, 1)
    assert await names(database, made) == ["queued", "running", "succeeded", "judged", "refined"]
    assert [(call["purpose"], call["status"]) for call in await paid(database)] == [
        ("draft", "succeeded"),
        ("judge", "succeeded"),
    ]


async def test_what_the_draft_lacks_goes_along_with_the_next_picture(
    database: Database, generator: FakeGenerator, stub: CaptionApiStub
) -> None:
    soap, lotion = await add(database, "Rose soap", kind="product"), await add(database, "lotion")
    await add(database, "tent")
    made = await refined(
        database, generator, stub, [lacks("lotion", "soap")], prompt="A lotion and a soap on a shelf"
    )
    loop = made.refinement
    assert loop is not None
    assert (loop.ended_by, len(loop.steps), len(loop.judgements)) == ("rounds", 2, 1)
    draft, second = generator.calls
    assert draft.references == ()
    assert [one.note for one in second.references] == [
        "use only lotion of this image",
        "use only soap of this image",
    ]
    sent = await rows(
        database,
        "SELECT r.position, r.image_id, g.parent_id, g.prompt_sent FROM rage.generation_references AS r"
        " JOIN rage.generations AS g USING (generation_id) WHERE generation_id = %(id)s ORDER BY position",
        id=loop.result_id,
    )
    assert [(row["position"], row["image_id"]) for row in sent] == [(1, lotion), (2, soap)]
    assert sent[0]["parent_id"] == made.id
    told = sent[0]["prompt_sent"]
    assert (
        told.index('Image 1: "lotion"') < told.index("use only lotion") < told.index('Image 2: "Rose soap"')
    )
    assert [(one.concept, one.outcome, one.image_id) for one in loop.judgements[0].concepts] == [
        ("lotion", "found", lotion),
        ("soap", "found", soap),
    ]
    assert await value(database, "SELECT count(*) FROM rage_v1.judgement_concepts") == 2
    assert Refine().rounds == 1
