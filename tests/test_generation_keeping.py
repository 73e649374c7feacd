"""A kept output gets its words from what it was made from; what people say of it wins."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from psycopg import AsyncConnection

from rage_pg import generation, ingest, jobs
from rage_pg.catalogue import brands, captions, images, tags
from rage_pg.database import Database
from rage_pg.errors import Conflict, InvalidInput, NotFound
from rage_pg.types import (
    Filters,
    Generation,
    GenerationRequest,
    Image,
    ImageMetadata,
    KeptWords,
    ReferenceRequest,
    TagFilter,
)
from tests.generating import FakeGenerator, carry_out, make, only, value
from tests.store import add, png


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


async def made_from(
    database: Database, *references: tuple[int, Any], generator: FakeGenerator | None = None, **said: Any
) -> Generation:
    """A generation from images in these roles."""
    generator = generator or FakeGenerator()
    chosen = tuple(ReferenceRequest(image_id=image_id, role=role) for image_id, role in references)
    request = GenerationRequest(**{"prompt": "Lotion at dawn", "references": chosen, **said})
    asked = await generation.accept(database, only(generator), request, defer=jobs.defer_generation)
    return await carry_out(database, generator, asked.id)


async def kept(database: Database, made: Generation, **said: Any) -> Image:
    return await images.get(database, await generation.keep(database, made.id, 1, **said))


async def test_tags_come_from_what_the_picture_shows_and_of_a_style_its_look_alone(
    database: Database,
) -> None:
    made = await made_from(
        database,
        (await add(database, tags=("Body-Care/Lotion", "purple")), "product"),
        (await add(database, tags=("person", "purple")), "subject"),
        (await add(database, tags=("lake",)), "background"),
        (await add(database, tags=("logo/dark",)), "logo"),
        (await add(database, tags=("style", "style/oil", "sunflowers", "stylebook")), "style"),
        (await add(database, tags=("pencil",)), "layout"),
    )
    draft = await images.get(database, made.outputs[0].image_id or 0)
    assert (draft.state, draft.tags, draft.skus, draft.kind) == ("draft", (), (), "other")
    image = await kept(database, made)
    assert image.tags == ("body-care/lotion", "lake", "logo/dark", "person", "purple", "style/oil")
    assert image.state == "approved"
    assert image.attributes == {}
    found = await images.listing(database, Filters(tags=TagFilter(all=("body-care",))))
    assert image.id in [one.id for one in found.items]


async def test_caption_names_by_role_what_the_prompt_does_not(database: Database) -> None:
    made = await made_from(
        database,
        (await add(database, "Rose soap."), "product"),
        (await add(database, "LOTION"), "product"),
        (await add(database, "Mountain lake"), "background"),
        (await add(database, "Oil style"), "style"),
        (await add(database, "Sketch"), "layout"),
        (await add(database, content=png(), kind="logo"), "logo"),
    )
    image = await kept(database, made)
    assert image.caption == "Lotion at dawn. Shows Rose soap. Setting: Mountain lake. Style: Oil style."
    sources = [(one.source, one.current) for one in await captions.revisions(database, image.id)]
    assert sources == [("generation", True), ("generation", False)]
    words = "SELECT words @@ 'soap & mountain'::tsquery FROM rage.image_documents WHERE image_id = %(id)s"
    assert await value(database, words, id=image.id)


async def test_a_picture_that_no_prompt_shaped_is_called_by_what_it_shows(database: Database) -> None:
    local = FakeGenerator(charges=False)
    local.conditioned_on_prompt = False
    made = await made_from(
        database,
        (await add(database, "Rose soap"), "product"),
        (await add(database, "Mountain lake"), "background"),
        generator=local,
    )
    assert (await kept(database, made)).caption == "Shows Rose soap. Setting: Mountain lake."


async def test_a_picture_shows_the_products_that_went_into_it(database: Database) -> None:
    made = await made_from(
        database,
        (await add(database, sku=("S-2", "S-1")), "product"),
        (await add(database, sku=("S-1", "S-3")), "product"),
        (await add(database, sku=("S-9",)), "style"),
    )
    image = await kept(database, made)
    assert image.skus == ("S-2", "S-1", "S-3")
    assert image.id in [one.id for one in (await images.listing(database, Filters(sku=("S-3",)))).items]


@pytest.mark.parametrize(
    ("purpose", "references", "kind"),
    [
        ("compose", [("product", "product"), ("product", "product")], "other"),
        ("compose", [("product", "product"), ("scene", "background")], "scene"),
        ("edit", [("logo", "edit_target"), ("scene", "background")], "logo"),
        ("enhance", [("product", "product")], "product"),
        ("style", [("person", "subject"), ("style", "style")], "person"),
        ("style", [("person", "subject"), ("product", "product"), ("style", "style")], "other"),
    ],
)
async def test_kind_is_that_of_the_picture_that_it_is_a_version_of(
    database: Database, purpose: str, references: list[tuple[Any, Any]], kind: str
) -> None:
    given = [(await add(database, kind=own), role) for own, role in references]
    assert (await kept(database, await made_from(database, *given, purpose=purpose))).kind == kind


async def test_what_a_person_has_said_of_the_draft_stays(database: Database) -> None:
    source = await add(database, "Rose soap", tags=("soap",), sku=("S-1",), kind="product")
    words: dict[str, Any] = {
        "tags": ("mine",),
        "caption": "My caption",
        "sku": ("X-1",),
        "kind": "logo",
        "title": "My title",
    }
    for field, said in words.items():
        made = await made_from(database, (source, "product"))
        image_id = made.outputs[0].image_id or 0
        await ingest.edit_images(database, [image_id], ImageMetadata(**{field: said}), author="ann")
        image = await kept(database, made)
        name = "skus" if field == "sku" else field
        assert getattr(image, name) == said
        assert field == "tags" or image.tags == ("soap",)
    made = await made_from(database, (source, "product"))
    await ingest.edit_images(database, [made.outputs[0].image_id or 0], ImageMetadata(caption=None))
    assert (await kept(database, made)).caption is None


async def test_whoever_keeps_it_can_say_the_words(database: Database) -> None:
    made = await made_from(database, (await add(database, "Rose soap", tags=("soap",)), "product"))
    said = KeptWords(title="Soap hero", caption="A bar of soap.", tags=("Hero ", "Front/ Page"), kind="scene")
    image = await kept(database, made, by="ann", said=ingest.checked_words(said))
    assert (image.title, image.caption, image.kind) == ("Soap hero", "A bar of soap.", "scene")
    assert image.tags == ("front/page", "hero")
    newest = (await captions.revisions(database, image.id))[0]
    assert (newest.source, newest.author) == ("person", "ann")
    assert (await kept(database, made, said=said)).tags == image.tags
    with pytest.raises(Conflict, match=f"Image {image.id} has another title already"):
        await generation.keep(database, made.id, 1, said=KeptWords(title="Else"))


async def test_words_can_be_said_to_be_none(database: Database) -> None:
    made = await made_from(database, (await add(database, "Rose soap", tags=("soap",)), "product"))
    image = await kept(database, made, said=KeptWords(title=None, caption=None, tags=()))
    assert (image.title, image.caption, image.tags) == (None, None, ())


async def test_words_that_cannot_be_are_refused_and_nothing_is_kept(database: Database) -> None:
    made = await made_from(database, (await add(database), "product"))
    for said in (
        KeptWords(title="a\0b"),
        KeptWords(caption="x" * 20_001),
        KeptWords(tags=("",)),
        KeptWords(tags=("a//b",)),
        KeptWords(tags=("ß" * 150,)),
    ):
        with pytest.raises(InvalidInput):
            await generation.keep(database, made.id, 1, said=ingest.checked_words(said))
    assert not await value(database, "SELECT bool_or(kept_at IS NOT NULL) FROM rage.generation_outputs")
    assert await value(database, "SELECT count(*) FROM rage.tags") == 0


async def test_a_picture_of_the_catalogue_is_left_as_it_is(
    database: Database, generator: FakeGenerator
) -> None:
    content = png()
    there = await add(database, "Catalogue", content=content)
    generator.contents = [content]
    made = await make(database, generator, await add(database, "Rose soap", tags=("soap",)))
    image = await kept(database, made)
    assert (image.id, image.title, image.tags, image.origin) == (there, "Catalogue", (), "uploaded")
    again = await make(database, generator, await add(database))
    await ingest.edit_images(database, [there], ImageMetadata(state="retired"))
    with pytest.raises(Conflict, match=f"in the catalogue before, as image {there}, and is retired there"):
        await generation.keep(database, again.id, 1)
    assert not (await generation.wait_for(database, again.id, 0)).outputs[0].kept


async def test_the_same_picture_made_again_keeps_the_words_that_it_has(
    database: Database, generator: FakeGenerator
) -> None:
    generator.contents = [png()]
    image = await kept(database, await make(database, generator, await add(database, tags=("soap",))))
    await ingest.edit_images(database, [image.id], ImageMetadata(tags=(), state="retired"))
    again = await kept(database, await make(database, generator, await add(database, tags=("lotion",))))
    assert (again.id, again.tags, again.state) == (image.id, (), "approved")


async def test_two_who_keep_at_once_and_a_renaming_take_turns(database: Database) -> None:
    made = await made_from(database, (await add(database, tags=("soap",)), "product"), count=3)
    first, second, other, _, third = await asyncio.gather(
        generation.keep(database, made.id, 1, by="ann"),
        generation.keep(database, made.id, 1, by="bob"),
        generation.keep(database, made.id, 2),
        tags.rename(database, "soap", "bar", brand="default"),
        generation.keep(database, made.id, 3),
    )
    assert first == second
    for image_id in (first, other, third):
        assert (await images.get(database, image_id)).tags == ("bar",)
    assert await value(database, "SELECT count(*) FROM rage.tags") == 1


async def test_another_brands_image_lends_no_word(database: Database) -> None:
    await brands.create(database, "Lumen")
    foreign = await add(database, "Secret", brand="default", tags=("secret",), sku=("X",), kind="scene")
    shared = await add(database, "Lake", brand="shared", tags=("lake",), kind="scene")
    made = await made_from(database, (foreign, "product"), (shared, "background"), brand="Lumen")
    image = await kept(database, made)
    assert (image.brand, image.tags, image.skus) == ("Lumen", ("lake",), ())
    assert image.caption == "Lotion at dawn. Setting: Lake."
    assert await value(database, "SELECT count(*) FROM rage.tags WHERE name = 'secret'") == 1


async def test_a_deleted_reference_lends_no_word(database: Database) -> None:
    source = await add(database, "Rose soap", tags=("soap",), sku=("S-1",))
    made = await made_from(database, (source, "product"))
    await images.delete(database, source)
    image = await kept(database, made)
    assert (image.tags, image.skus, image.caption) == ((), (), "Lotion at dawn")


async def test_a_draft_that_was_changed_lends_the_words_of_what_it_was_made_from(database: Database) -> None:
    first = await made_from(
        database, (await add(database, "Rose soap", tags=("soap",), sku=("S-1",)), "product")
    )
    second = await made_from(
        database, purpose="edit", prompt="Warmer", parent_id=first.id, parent_references=False
    )
    image = await kept(database, second)
    assert (image.tags, image.skus) == (("soap",), ("S-1",))


async def test_a_tag_of_shared_becomes_the_brands_own(database: Database) -> None:
    made = await made_from(database, (await add(database, brand="shared", tags=("lake",)), "background"))
    image = await kept(database, made)
    owners = "SELECT count(*) FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)" \
             " WHERE it.image_id = %(id)s AND t.brand_id = it.brand_id"  # fmt: skip
    assert await value(database, owners, id=image.id) == 1


async def test_position_that_there_cannot_be_is_not_found(database: Database) -> None:
    made = await made_from(database, (await add(database), "product"))
    for position in (0, -1, 2, 2**31, 2**70):
        with pytest.raises(NotFound):
            await generation.keep(database, made.id, position)


async def test_a_keeper_that_is_cut_off_leaves_nothing_half_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await made_from(database, (await add(database, tags=("soap",)), "product"))
    execute = AsyncConnection.execute

    async def cut(self: Any, query: Any, *rest: Any, **others: Any) -> Any:
        if "SET state = 'approved'" in str(query):
            raise ConnectionResetError
        return await execute(self, query, *rest, **others)

    monkeypatch.setattr(AsyncConnection, "execute", cut)
    with pytest.raises(ConnectionResetError):
        await generation.keep(database, made.id, 1)
    monkeypatch.undo()
    assert (await images.get(database, made.outputs[0].image_id or 0)).tags == ()
    assert (await kept(database, made)).tags == ("soap",)
