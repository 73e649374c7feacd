"""Calling off, rating and keeping; following what happens."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import uuid4

import pytest

from rage_pg import generation
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.errors import Conflict, NotFound
from rage_pg.types import Rating
from tests.generating import FakeGenerator, ask, carry_out, make, rows
from tests.store import add, png


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


async def test_a_queued_generation_can_be_cancelled_and_its_job_does_nothing(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    cancelled = await generation.cancel(database, asked.id)
    assert (cancelled.status, cancelled.cost_usd) == ("cancelled", Decimal(0))
    assert cancelled.finished_at is not None
    assert (await carry_out(database, generator, asked.id)).status == "cancelled"
    assert generator.calls == []
    with pytest.raises(Conflict, match="is cancelled"):
        await generation.cancel(database, asked.id)


async def test_a_finished_generation_cannot_be_cancelled(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    await carry_out(database, generator, asked.id)
    with pytest.raises(Conflict, match="is succeeded"):
        await generation.cancel(database, asked.id)
    with pytest.raises(NotFound):
        await generation.cancel(database, uuid4())


async def test_a_person_has_one_rating_of_an_output(database: Database, generator: FakeGenerator) -> None:
    made = await make(database, generator, await add(database))
    await generation.rate(database, made.id, 1, Rating(rating=1))
    await generation.rate(database, made.id, 1, Rating(rating=1), by="ann")
    worse = Rating(rating=-1, reasons=("wrong label",), comment="It says soup.")
    await generation.rate(database, made.id, 1, worse, by="ann")
    statement = "SELECT rated_by, rating, reasons, comment FROM rage_v1.ratings ORDER BY rated_by NULLS FIRST"
    kept = [tuple(row.values()) for row in await rows(database, statement)]
    assert kept == [(None, 1, [], None), ("ann", -1, ["wrong label"], "It says soup.")]
    with pytest.raises(NotFound, match="no output 2"):
        await generation.rate(database, made.id, 2, Rating(rating=0))


async def test_keeping_an_output_approves_its_image_once(
    database: Database, generator: FakeGenerator
) -> None:
    made = await make(database, generator, await add(database), prompt="Lotion at dawn")
    image_id = await generation.keep(database, made.id, 1, by="ann")
    kept = await images.get(database, image_id)
    assert (kept.state, kept.caption) == ("approved", "Lotion at dawn")
    assert kept.updated_at > kept.created_at
    assert (await generation.wait_for(database, made.id, 0)).outputs[0].kept
    await rows(database, "UPDATE rage.images SET state = 'retired' WHERE image_id = %(id)s", id=image_id)
    assert await generation.keep(database, made.id, 1, by="bob") == image_id
    assert (await images.get(database, image_id)).state == "retired"
    (row,) = await rows(database, "SELECT kept_by FROM rage_v1.generation_outputs")
    assert row["kept_by"] == "ann"


async def test_a_kept_output_can_be_a_reference(database: Database, generator: FakeGenerator) -> None:
    made = await make(database, generator, await add(database))
    image_id = await generation.keep(database, made.id, 1)
    assert (await make(database, generator, image_id)).references[0].image_id == image_id


async def test_an_output_that_was_deleted_or_never_was_cannot_be_kept(
    database: Database, generator: FakeGenerator
) -> None:
    generator.contents = [png()]
    made = await make(database, generator, await add(database))
    assert made.outputs[0].image_id is not None
    await images.delete(database, made.outputs[0].image_id)
    with pytest.raises(Conflict, match="was deleted"):
        await generation.keep(database, made.id, 1)
    with pytest.raises(NotFound):
        await generation.keep(database, made.id, 7)


async def test_events_are_replayed_from_where_a_client_left(
    database: Database, generator: FakeGenerator
) -> None:
    made = await make(database, generator, await add(database), count=2)
    every = await generation.events(database, made.id)
    assert [(event.id, event.name) for event in every] == [(1, "queued"), (2, "running"), (3, "succeeded")]
    assert every[-1].data == {"outputs": 2}
    assert await generation.events(database, made.id, after=2) == every[2:]
    assert [event async for event in generation.follow(database, made.id, after=1)] == every[1:]
    assert [event async for event in generation.follow(database, made.id, after=3)] == []
    with pytest.raises(NotFound):
        await generation.events(database, uuid4())


async def test_followers_see_events_as_they_happen_until_the_end(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    generator.release.clear()
    following = generation.follow(database, asked.id)
    assert (await anext(following)).name == "queued"
    running = asyncio.create_task(carry_out(database, generator, asked.id))
    assert (await anext(following)).name == "running"
    generator.release.set()
    assert [event.name async for event in following] == ["succeeded"]
    await running


async def test_waiting_ends_with_the_generation_or_the_time(
    database: Database, generator: FakeGenerator
) -> None:
    asked = await ask(database, generator, await add(database))
    assert (await generation.wait_for(database, asked.id, 0.01)).status == "queued"
    waiting = asyncio.create_task(generation.wait_for(database, asked.id, 60))
    await carry_out(database, generator, asked.id)
    assert (await waiting).status == "succeeded"
