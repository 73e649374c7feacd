"""Reading the ledger."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID, uuid4

import pytest

from rage_pg import generation, history
from rage_pg.catalogue import brands, images
from rage_pg.database import Database
from rage_pg.errors import InvalidInput, NotFound
from tests.generating import FakeGenerator, ask, make
from tests.store import add, png


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


async def found(database: Database, **filters: Any) -> list[UUID]:
    return [one.id for one in (await history.listing(database, **filters)).items]


async def test_a_generation_is_read_with_its_references_and_outputs_in_order(
    database: Database, generator: FakeGenerator
) -> None:
    image_ids = [await add(database, f"Image {number}") for number in range(12)]
    made = await make(database, generator, *image_ids, count=10)
    read = await history.get(database, made.id)
    assert read == made
    assert [reference.position for reference in read.references] == list(range(1, 13))
    assert [reference.image_id for reference in read.references] == image_ids
    assert [output.position for output in read.outputs] == list(range(1, 11))
    assert read.references[0].thumbnail_url == f"/api/images/{image_ids[0]}/thumbnail"
    with pytest.raises(NotFound):
        await history.get(database, uuid4())


@pytest.mark.parametrize("erase", [False, True])
async def test_history_outlives_a_deleted_reference(
    database: Database, generator: FakeGenerator, erase: bool
) -> None:
    image_id = await add(database, "Lotion")
    made = await make(database, generator, image_id)
    await images.delete(database, image_id, erase=erase)
    (reference,) = (await history.get(database, made.id)).references
    assert (reference.image_id, reference.sha256) == (image_id, made.references[0].sha256)
    assert reference.thumbnail_url is None


async def test_every_filter_narrows_the_list(database: Database, generator: FakeGenerator) -> None:
    await brands.create(database, "Lumen")
    plain, tagged = await add(database), await add(database, tags=("season/summer",))
    first = await make(database, generator, plain, labels={"campaign": "spring", "channel": "web"})
    second = await make(database, generator, tagged, brand="lumen", purpose="style", model="gpt-image-1.5")
    third = await ask(database, FakeGenerator("other"), plain, labels={"campaign": "spring"})
    assert await found(database) == [third.id, second.id, first.id]
    assert await found(database, brand=" LUMEN") == [second.id]
    assert await found(database, brand="nobody") == []
    assert await found(database, tag="season") == await found(database, tag=" Season/Summer ") == [second.id]
    assert await found(database, tag="season/winter") == []
    assert await found(database, labels={"campaign": "spring"}) == [third.id, first.id]
    assert await found(database, labels={"campaign": "spring", "channel": "web"}) == [first.id]
    assert await found(database, model="gpt-image-1.5") == [second.id]
    assert await found(database, provider="other") == [third.id]
    assert await found(database, status="succeeded") == [second.id, first.id]
    assert await found(database, purpose="style", status="queued") == []


async def test_a_tag_of_an_output_counts_too(database: Database, generator: FakeGenerator) -> None:
    content = png()
    await add(database, content=content, tags=("hero",))
    generator.contents = [content]
    made = await make(database, generator, await add(database))
    assert await found(database, tag="hero") == [made.id]


async def test_pages_neither_repeat_nor_skip_while_others_are_written(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    made = [(await ask(database, generator, image_id)).id for _ in range(5)]
    seen: list[UUID] = []
    cursor = None
    while len(seen) < 5:
        page = await history.listing(database, cursor=cursor, limit=2)
        seen += [one.id for one in page.items]
        cursor = page.cursor
        await ask(database, generator, image_id)
    assert seen == made[::-1]
    assert cursor is None


async def test_a_limit_or_cursor_that_cannot_be_used_is_refused(database: Database) -> None:
    for limit in (0, 10_000):
        with pytest.raises(InvalidInput, match="limit"):
            await history.listing(database, limit=limit)
    for cursor in ("", "x", "???", "bnVsbA", "Zm9v", "é", "\0"):
        with pytest.raises(InvalidInput, match="cursor"):
            await history.listing(database, cursor=cursor)
    assert (await history.listing(database)).items == ()


async def test_the_bytes_of_an_output_are_those_of_the_provider(
    database: Database, generator: FakeGenerator
) -> None:
    content = png()
    generator.contents = [content]
    made = await make(database, generator, await add(database))
    output = await history.output(database, made.id, 1)
    assert (output.data, output.media_type) == (content, "image/png")
    assert output.sha256 == hashlib.sha256(content).hexdigest()
    with pytest.raises(NotFound, match="no output 2"):
        await history.output(database, made.id, 2)
    assert made.outputs[0].image_id is not None
    await images.delete(database, made.outputs[0].image_id, erase=True)
    with pytest.raises(NotFound, match="were erased"):
        await history.output(database, made.id, 1)


async def test_a_cancelled_generation_stays_in_the_list(database: Database, generator: FakeGenerator) -> None:
    asked = await ask(database, generator, await add(database))
    await generation.cancel(database, asked.id)
    assert await found(database, status="cancelled") == [asked.id]
