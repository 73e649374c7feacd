"""Making a generation again: the same request as a new row, by a person or, where it is set, by itself."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from rage_pg import budgets, generation, jobs
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.errors import BudgetReached, Conflict, InvalidInput, NotFound, OutcomeUnknown, ProviderError
from rage_pg.generation import Rules
from rage_pg.types import Generation, ReferenceRequest
from tests.generating import IMAGES, FakeGenerator, accept, ask, carry_out, make, only, paid, rows, value
from tests.store import add, png
from tests.test_generation_masks import mask, text

FAILED = ProviderError("It broke.", code="server_error")
LOST = OutcomeUnknown("The connection broke.", code="connection_lost")


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


async def again(database: Database, generator: FakeGenerator, generation_id: UUID, **said: Any) -> Generation:
    return await generation.again(
        database, only(generator), generation_id, defer=jobs.defer_generation, **said
    )


async def failed(database: Database, generator: FakeGenerator, *image_ids: int, **said: Any) -> Generation:
    generator.error = FAILED
    made = await make(database, generator, *image_ids, **said)
    generator.error = None
    assert made.status == "failed"
    return made


async def test_the_same_request_is_made_with_the_very_references(
    database: Database, generator: FakeGenerator
) -> None:
    old = png()
    lotion = await add(database, "Lotion", content=old, external_id="L-1")
    soap = await add(database, "Soap")
    given = (ReferenceRequest(image_id=lotion, note="left"), ReferenceRequest(image_id=soap, role="style"))
    drawn = text(mask((64, 48)))
    generator.error = FAILED
    asked = await accept(
        database, generator, references=given, size="64x48", count=2, labels={"ticket": "7"}, mask=drawn
    )
    first = await carry_out(database, generator, asked.id)
    generator.error = None
    assert await add(database, "Lotion", content=png(), external_id="L-1") == lotion

    queued = await again(database, generator, first.id, asked_by="ann")
    assert (queued.status, queued.retry_of, queued.asked_by) == ("queued", first.id, "ann")
    same = ("prompt", "brand", "purpose", "provider", "model", "parameters", "labels", "references")
    assert [getattr(queued, name) for name in same] == [getattr(first, name) for name in same]
    made = await carry_out(database, generator, queued.id)
    assert made.status == "succeeded"
    before, after = generator.calls
    assert before == after
    assert after.references[0].content == old
    told = await rows(database, "SELECT generation_id, retry_of FROM rage_v1.generations ORDER BY created_at")
    assert [row["retry_of"] for row in told] == [None, first.id]
    assert await generation.wait_for(database, first.id, 0) == first


async def test_only_what_ended_without_pictures_is_made_again(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    asked = await ask(database, generator, image_id)
    with pytest.raises(Conflict, match="is queued; wait for its end"):
        await again(database, generator, asked.id)
    await carry_out(database, generator, asked.id)
    with pytest.raises(Conflict, match="has succeeded; go on from its picture"):
        await again(database, generator, asked.id)
    with pytest.raises(NotFound):
        await again(database, generator, uuid4())
    cancelled = await generation.cancel(database, (await ask(database, generator, image_id)).id)
    assert (await again(database, generator, cancelled.id)).status == "queued"


async def test_the_same_key_makes_it_again_once(database: Database, generator: FakeGenerator) -> None:
    first = await failed(database, generator, await add(database))
    other = await failed(database, generator, await add(database))
    made = await asyncio.gather(
        *(again(database, generator, first.id, idempotency_key="k") for _ in range(4)), return_exceptions=True
    )
    ids = {one.id for one in made if isinstance(one, Generation)}
    assert len(ids) == 1
    assert (await again(database, generator, first.id, idempotency_key="k")).id in ids
    with pytest.raises(Conflict, match="another request"):
        await again(database, generator, other.id, idempotency_key="k")
    # Without one it is made again each time.
    assert (await again(database, generator, first.id)).id not in ids


async def test_images_must_be_usable_today_and_their_bytes_be_there(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    first = await failed(database, generator, image_id)
    await rows(database, "UPDATE rage.images SET state = 'retired'")
    with pytest.raises(InvalidInput, match=f"Image {image_id} cannot be a reference: it is retired"):
        await again(database, generator, first.id)
    await rows(database, "UPDATE rage.images SET state = 'approved'")
    await images.delete(database, image_id)
    with pytest.raises(NotFound, match="any more"):
        await again(database, generator, first.id)
    assert await value(database, "SELECT count(*) FROM rage.generations") == 1


async def test_a_budget_and_the_model_are_asked_anew(database: Database, generator: FakeGenerator) -> None:
    image_id = await add(database)
    await make(database, generator, image_id)
    first = await failed(database, generator, image_id)
    await budgets.put(database, budgets.Target(), 0)  # type: ignore[arg-type]
    with pytest.raises(BudgetReached):
        await again(database, generator, first.id)
    with pytest.raises(InvalidInput, match="no provider 'openai'"):
        await again(database, FakeGenerator("other"), first.id)


async def test_what_goes_on_from_a_picture_goes_on_from_it_again(
    database: Database, generator: FakeGenerator
) -> None:
    parent = await make(database, generator, await add(database))
    child = await failed(database, generator, purpose="edit", parent_id=parent.id)
    made = await again(database, generator, child.id)
    assert (made.parent_id, made.references) == (parent.id, child.references)


async def carried_out_alone(
    database: Database, generator: FakeGenerator, rules: Rules, generation_id: UUID
) -> Generation:
    await asyncio.wait_for(generation.run(database, only(generator), IMAGES, generation_id, rules), 20)
    return await generation.wait_for(database, generation_id, 0)


async def test_what_ended_unknown_stays_so_unless_it_is_set(
    database: Database, generator: FakeGenerator
) -> None:
    generator.error = LOST
    made = await make(database, generator, await add(database))
    assert made.status == "unknown"
    assert await value(database, "SELECT count(*) FROM rage.generations") == 1


async def test_what_ended_unknown_is_made_again_by_itself_so_often_as_is_set(
    database: Database, generator: FakeGenerator
) -> None:
    rules = Rules(retry_unknown=2, defer=jobs.defer_generation)
    generator.error = LOST
    asked = await ask(database, generator, await add(database))
    current: UUID | None = asked.id
    chain = []
    while current is not None:
        chain.append(current)
        made = await carried_out_alone(database, generator, rules, current)
        # A job that is done once more, as after a kill, adds nothing.
        assert await carried_out_alone(database, generator, rules, current) == made
        assert made.status == "unknown"
        found = await rows(
            database, "SELECT generation_id FROM rage.generations WHERE retry_of = %(id)s", id=current
        )
        current = found[0]["generation_id"] if found else None
    assert (len(chain), len(generator.calls)) == (3, 3)
    assert [row["status"] for row in await paid(database)] == ["unknown"] * 3


async def test_what_its_worker_was_lost_with_is_made_again_by_the_next(
    database: Database, generator: FakeGenerator
) -> None:
    rules = Rules(retry_unknown=1, defer=jobs.defer_generation)
    asked = await ask(database, generator, await add(database))
    generator.release.clear()
    lost = asyncio.create_task(carry_out(database, generator, asked.id))
    await generator.called.wait()
    second = FakeGenerator()
    made = await carried_out_alone(database, second, rules, asked.id)
    assert (made.status, second.calls) == ("unknown", [])
    (retried,) = await rows(database, "SELECT generation_id FROM rage.generations WHERE retry_of IS NOT NULL")
    made = await carried_out_alone(database, second, rules, retried["generation_id"])
    assert made.status == "succeeded"
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)
