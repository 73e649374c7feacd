"""Going on from an output: what is changed, what travels along, and in which order it is sent."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from rage_pg import generation
from rage_pg.catalogue import brands
from rage_pg.database import Database
from rage_pg.errors import Conflict, InvalidInput, NotFound
from rage_pg.types import Generation, GenerationRequest, ReferenceRequest
from tests.generating import FakeGenerator, accept, ask, carry_out, counts, make, only, rows
from tests.store import add


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


def output(made: Generation, position: int = 1) -> int:
    image_id = made.outputs[position - 1].image_id
    assert image_id is not None
    return image_id


def sent(made: Generation) -> list[tuple[int, str]]:
    return [(one.image_id, one.role) for one in made.references]


async def on_from(
    database: Database, generator: FakeGenerator, parent: Generation, *image_ids: int, **said: Any
) -> Generation:
    return await ask(database, generator, *image_ids, purpose="edit", parent_id=parent.id, **said)


async def test_the_output_comes_first_then_new_references_then_those_of_the_parent(
    database: Database, generator: FakeGenerator
) -> None:
    lotion, soap = await add(database, "Lotion"), await add(database, "Soap")
    given = (ReferenceRequest(image_id=lotion, note="left"), ReferenceRequest(image_id=soap, role="style"))
    asked = await accept(database, generator, references=given, count=2)
    parent = await carry_out(database, generator, asked.id)
    logo = await add(database, "Logo", kind="logo")
    child = await on_from(database, generator, parent, logo, parent_output=2)
    wanted = [(output(parent, 2), "edit_target"), (logo, "logo"), (lotion, "product"), (soap, "style")]
    assert (child.parent_id, sent(child), child.references[2].note) == (parent.id, wanted, "left")
    await carry_out(database, generator, child.id)
    call = generator.calls[-1]
    assert [one.role for one in call.references] == [role for _, role in wanted]
    numbers = [call.prompt.index(f"Image {number}:") for number in range(1, 5)]
    assert numbers == sorted(numbers)
    assert "Image 1:" in call.prompt
    assert "(edit target). This is the picture to change." in call.prompt.split("Image 2:")[0]


async def test_a_third_turn_changes_the_second_picture_and_not_the_first(
    database: Database, generator: FakeGenerator
) -> None:
    soap = await add(database, "Soap")
    first = await make(database, generator, soap)
    second = await carry_out(database, generator, (await on_from(database, generator, first)).id)
    third = await on_from(database, generator, second)
    assert sent(third) == [(output(second), "edit_target"), (soap, "product")]
    lineage = await rows(
        database, "SELECT generation_id, parent_id FROM rage.generations ORDER BY created_at"
    )
    assert [row["parent_id"] for row in lineage] == [None, first.id, second.id]


async def test_the_references_of_the_parent_stay_behind_where_that_is_asked_for(
    database: Database, generator: FakeGenerator
) -> None:
    parent = await make(database, generator, await add(database, "Soap"))
    child = await on_from(database, generator, parent, parent_references=False)
    assert sent(child) == [(output(parent), "edit_target")]


async def test_a_request_may_give_what_it_takes_over_another_role(
    database: Database, generator: FakeGenerator
) -> None:
    soap = await add(database, "Soap")
    parent = await make(database, generator, soap)
    await generation.keep(database, parent.id, 1)
    given = tuple(ReferenceRequest(image_id=one, role="style") for one in (soap, output(parent)))
    child = await accept(database, generator, references=given, parent_id=parent.id)
    assert sent(child) == [(soap, "style"), (output(parent), "style")]


async def test_only_the_picture_that_is_changed_may_be_a_draft(
    database: Database, generator: FakeGenerator
) -> None:
    parent = await make(database, generator, await add(database, "Soap"), count=2)
    with pytest.raises(InvalidInput, match="a draft, not approved"):
        await on_from(database, generator, parent, output(parent, 2))
    await rows(database, "UPDATE rage.images SET state = 'retired' WHERE origin = 'generated'")
    with pytest.raises(InvalidInput, match="it is retired"):
        await on_from(database, generator, parent)


async def test_a_draft_of_another_brand_is_not_gone_on_from(
    database: Database, generator: FakeGenerator
) -> None:
    await brands.create(database, "rival")
    parent = await make(database, generator, await add(database, brand="rival"), brand="rival")
    assert (await on_from(database, generator, parent, brand="rival")).status == "queued"
    with pytest.raises(InvalidInput, match="a draft, not approved"):
        await on_from(database, generator, parent)
    await generation.keep(database, parent.id, 1)
    assert (await on_from(database, generator, parent)).status == "queued"


async def test_a_key_from_before_some_fields_stands_for_the_same_request(
    database: Database, generator: FakeGenerator
) -> None:
    said = {"prompt": "Soap", "idempotency_key": "order-7"}
    first = await accept(database, generator, **said)
    request = msgspec.to_builtins(GenerationRequest(prompt="Soap"))
    earlier = {
        name: value
        for name, value in request.items()
        if name != "refine" and (value is None or not name.startswith(("parent_", "partial_")))
    }
    (kept,) = await rows(database, "SELECT request_sha256 FROM rage.generations")
    assert kept["request_sha256"] == sha256(msgspec.json.encode(earlier, order="deterministic")).digest()
    with pytest.raises(Conflict):
        await accept(database, generator, **said, parent_references=False)
    assert (await accept(database, generator, **said)).id == first.id


async def test_a_reference_of_the_parent_that_may_not_be_used_any_more_is_refused(
    database: Database, generator: FakeGenerator
) -> None:
    soap = await add(database, "Soap")
    parent = await make(database, generator, soap)
    await rows(database, "UPDATE rage.images SET state = 'retired' WHERE origin <> 'generated'")
    with pytest.raises(InvalidInput, match=f"Image {soap} .*it is retired.* parent_references false"):
        await on_from(database, generator, parent)
    assert sent(await on_from(database, generator, parent, parent_references=False))


async def test_what_has_no_picture_is_refused_in_one_sentence(
    database: Database, generator: FakeGenerator
) -> None:
    soap = await add(database, "Soap")
    queued = await ask(database, generator, soap)
    with pytest.raises(InvalidInput, match="is queued: it has no picture to go on from"):
        await on_from(database, generator, queued)
    made = await carry_out(database, generator, queued.id)
    before = await counts(database)
    with pytest.raises(InvalidInput, match="has one picture, not 3"):
        await on_from(database, generator, made, parent_output=3)
    await rows(database, "UPDATE rage.images SET deleted_at = now() WHERE origin = 'generated'")
    with pytest.raises(InvalidInput, match=r"Picture 1 of generation .* was deleted"):
        await on_from(database, generator, made)
    missing = GenerationRequest(prompt="warmer", parent_id=uuid4())
    with pytest.raises(NotFound, match="There is no generation"):
        await generation.preview(database, only(generator), missing)
    assert await counts(database) == before


async def test_no_more_go_along_than_go_with_a_prompt(database: Database, generator: FakeGenerator) -> None:
    parent = await make(database, generator, *[await add(database) for _ in range(15)])
    assert len((await on_from(database, generator, parent)).references) == 16
    with pytest.raises(InvalidInput, match="17 references are too many"):
        await on_from(database, generator, parent, await add(database))
