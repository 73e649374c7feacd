"""Describing images: what is stored, what is searched, what a failure does, and whose caption stays."""

from __future__ import annotations

import asyncio

import pytest

from rage_pg import index, ingest, search
from rage_pg.catalogue import captions, images
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.errors import NotFound, ProviderError
from rage_pg.index.captions.describing import AT_ONCE
from rage_pg.providers.openai_captions import OpenAICaptioner
from rage_pg.types import Filters, ImageMetadata, SearchRequest
from tests.caption_api_stub import MODEL, SEEN, caption_api_stub
from tests.captioning import FakeCaptioner, current, describe
from tests.generating import paid, rows, value
from tests.store import HashingEncoder, add, by, png

DESCRIBED = "SELECT * FROM rage_v1.descriptions ORDER BY image_id"
DOCUMENT = "SELECT input FROM rage.image_documents WHERE image_id = %(id)s"


async def found(database: Database, words: str) -> list[int]:
    """The images that hold all of these words."""
    page = await images.listing(database, Filters(), q=words, sort="id")
    return [image.id for image in page.items]


async def test_an_image_is_described_paid_for_and_found_by_what_was_seen(database: Database) -> None:
    image_id = await add(database, "Desk light", brand="acme")
    with caption_api_stub() as api:
        captioner = OpenAICaptioner(MODEL, key=Secret("sk-1"), base_url=api.url)
        done = await describe(database, captioner)
    assert (done.described, done.kept, done.failed, done.remaining, done.stopped) == (1, 0, 0, 0, None)
    image = await images.get(database, image_id)
    assert (image.caption, image.caption_language) == (SEEN["caption"], "en")
    (seen,) = await rows(database, DESCRIBED)
    assert (seen["objects"], seen["visible_text"], seen["kind"]) == (
        SEEN["objects"],
        "GLOWWORM 40 W",
        "product",
    )
    assert (seen["sha256"], seen["is_current"], seen["model"]) == (image.sha256, True, MODEL)
    (call,) = await paid(database)
    told = (call["purpose"], call["status"], call["provider"], call["model"], call["provider_request_id"])
    assert told == ("caption", "succeeded", "openai", MODEL, "req_caption_1")
    assert (call["cost_usd"], done.calls, done.calls_without_cost) == (None, 1, 1)
    for prompt in ("zebra", "studio light", "walnut", "glowworm", '"zebra lamp"'):
        assert await found(database, prompt) == [image_id], prompt
    assert await found(database, '"brown GLOWWORM"') == []
    document: str = await value(database, DOCUMENT, id=image_id)
    assert document.startswith("Desk light. A zebra lamp on a walnut table. zebra lamp, table, studio light")
    assert document.endswith("walnut brown. GLOWWORM 40 W")


async def test_a_search_ranks_first_what_was_seen(database: Database, encoder: HashingEncoder) -> None:
    ids = [await add(database, f"Thing {number}", caption="A thing") for number in range(6)]
    captioner = FakeCaptioner()
    captioner.said = {"objects": ("aardvark",)}
    await describe(database, captioner, images=[ids[4]])
    captioner.said = {"objects": ("cupboard",)}
    await describe(database, captioner)
    await index.fill(database, [encoder])
    answer = await search.search(database, by(encoder), SearchRequest(prompt="aardvark"))
    assert answer.items[0].image.id == ids[4]


async def test_what_was_seen_is_embedded_anew(database: Database, encoder: HashingEncoder) -> None:
    await add(database, "Desk light", caption="A lamp")
    await index.fill(database, [encoder])
    done = await describe(database, FakeCaptioner())
    (filled,) = await index.fill(database, [encoder])
    assert (done.kept, filled.embedded) == (1, 1)


async def test_the_model_is_told_the_language_and_the_brands_names(database: Database) -> None:
    await add(database, "Zebra lamp", brand="acme", kind="product", sku=("Z-1",), tags=("light/lamp",))
    await add(database, "Shelf", brand="acme", tags=("wood",))
    await add(database, "Secret of others", brand="other", tags=("theirs",), kind="product")
    await rows(database, "UPDATE rage.brands SET language = 'pt-BR' WHERE name = 'acme'")
    captioner = FakeCaptioner()
    await describe(database, captioner, brand="ACME")
    assert [context.language for context in captioner.contexts] == ["pt-BR", "pt-BR"]
    lamp = next(c for c in captioner.contexts if c.vocabulary["title_of_this_picture"] == ("Zebra lamp",))
    assert lamp.vocabulary == {
        "title_of_this_picture": ("Zebra lamp",),
        "tags_of_this_picture": ("light/lamp",),
        "skus_of_this_picture": ("Z-1",),
        "products": ("Zebra lamp",),
        "skus": ("Z-1",),
        "tags": ("light/lamp", "wood"),
    }
    languages = await rows(database, "SELECT DISTINCT language FROM rage.captions WHERE source = 'model'")
    assert languages == [{"language": "pt-BR"}]


async def test_the_vocabulary_is_bounded(database: Database) -> None:
    tags = tuple(f"{number:04}{'x' * 190}" for number in range(300))
    await add(database, "t" * 400, tags=tags)
    captioner = FakeCaptioner()
    await describe(database, captioner)
    (context,) = captioner.contexts
    assert all(sum(map(len, names)) <= 1_500 for names in context.vocabulary.values())


async def test_a_persons_caption_stays_current(database: Database) -> None:
    imported = await add(database, "Lamp", caption="By the catalogue")
    edited = await add(database, "Lamp")
    await ingest.edit_images(database, [edited], ImageMetadata(caption="By a person"))
    done = await describe(database, FakeCaptioner())
    assert (done.described, done.kept) == (2, 2)
    kept = {imported: ("By the catalogue", "person"), edited: ("By a person", "person")}
    assert await current(database) == kept
    assert [one.source for one in await captions.revisions(database, edited)] == ["model", "person"]
    assert await found(database, "zebra") == [imported, edited]


async def test_a_person_who_saves_while_the_model_is_asked_wins(database: Database) -> None:
    image_id = await add(database, "Lamp")
    captioner = FakeCaptioner()

    async def save() -> None:
        await ingest.edit_images(database, [image_id], ImageMetadata(caption="By a person"))

    captioner.on_call = save
    done = await describe(database, captioner)
    assert (done.described, done.kept) == (1, 1)
    assert await current(database) == {image_id: ("By a person", "person")}


async def test_saving_and_describing_at_once_leaves_the_persons_caption(database: Database) -> None:
    ids = [await add(database, f"Lamp {number}") for number in range(12)]
    captioner = FakeCaptioner()
    saves = [ingest.edit_images(database, [image_id], ImageMetadata(caption="P")) for image_id in ids]
    await asyncio.gather(describe(database, captioner), *saves)
    assert await current(database) == dict.fromkeys(ids, ("P", "person"))


async def test_a_draft_of_a_generation_gives_way(database: Database) -> None:
    image_id = await add(database, caption="The prompt")
    await rows(database, "UPDATE rage.captions SET source = 'generation'")
    await describe(database, FakeCaptioner())
    assert await current(database) == {image_id: ("Seen as 1.", "model")}


async def test_a_new_version_is_described_anew_and_the_old_words_go(database: Database) -> None:
    image_id = await add(database, "Lamp", external_id="L-1")
    captioner = FakeCaptioner()
    await describe(database, captioner)
    assert (await describe(database, captioner)).described == 0
    assert await found(database, "zebra") == [image_id]
    await add(database, external_id="L-1", content=png(70_001))
    assert await found(database, "zebra") == []
    captioner.said = {"objects": ("okapi",)}
    assert (await describe(database, captioner)).described == 1
    assert await found(database, "okapi") == [image_id]
    assert await current(database) == {image_id: ("Seen as 2.", "model")}


async def test_a_picture_that_changes_meanwhile_is_described_as_it_is_now(database: Database) -> None:
    image_id = await add(database, "Lamp", external_id="L-1")
    captioner = FakeCaptioner()

    async def change() -> None:
        captioner.on_call = None
        await add(database, external_id="L-1", content=png(70_002))

    captioner.on_call = change
    done = await describe(database, captioner)
    assert (done.described, done.calls, done.remaining) == (1, 2, 0)
    assert [call["status"] for call in await paid(database)] == ["succeeded", "succeeded"]
    assert [one.text for one in await captions.revisions(database, image_id)] == ["Seen as 2."]


async def test_erasing_takes_what_was_seen_and_tried_along(database: Database) -> None:
    seen, tried, meanwhile = [await add(database, f"Lamp {number}") for number in range(3)]
    captioner = FakeCaptioner()
    await describe(database, captioner, images=[seen])
    captioner.error = ProviderError("No.")
    await describe(database, captioner, images=[tried])
    captioner.error = None

    async def erase() -> None:
        await images.delete(database, meanwhile, erase=True)

    captioner.on_call = erase
    assert (await describe(database, captioner, images=[meanwhile])).described == 0
    await images.delete(database, seen, erase=True)
    await images.delete(database, tried, erase=True)
    for table in ("descriptions", "caption_tries", "captions"):
        assert await value(database, f"SELECT count(*) FROM rage.{table}") == 0


async def test_few_calls_are_in_flight_at_once(database: Database) -> None:
    for _ in range(12):
        await add(database)
    captioner = FakeCaptioner()
    captioner.meet(AT_ONCE)
    await describe(database, captioner)
    assert captioner.most_in_flight == AT_ONCE


async def test_limit_brand_and_images_bound_a_run(database: Database) -> None:
    ids = [await add(database, brand="acme" if number % 2 else "other") for number in range(6)]
    captioner = FakeCaptioner()
    assert (await describe(database, captioner, brand="acme", limit=2)).remaining == 1
    assert list(await current(database)) == [ids[1], ids[3]]
    assert (await describe(database, captioner, images=[ids[0], ids[1]])).described == 1
    with pytest.raises(NotFound, match="no brand 'nobody'"):
        await describe(database, captioner, brand="nobody")
    for missing in (999_999, -1, 2**63):
        with pytest.raises(NotFound, match=f"no image {missing}"):
            await describe(database, captioner, images=[missing])


async def test_redoing_describes_again_and_replaces_only_a_models_caption(database: Database) -> None:
    mine, theirs = await add(database, caption="By a person"), await add(database)
    captioner = FakeCaptioner()
    await describe(database, captioner)
    done = await describe(database, captioner, again=True)
    assert (done.described, done.kept, done.remaining) == (2, 1, 0)
    assert (await current(database))[mine] == ("By a person", "person")
    assert [one.revision for one in await captions.revisions(database, theirs)] == [2, 1]


async def test_a_reader_of_text_costs_nothing_and_writes_no_caption(database: Database) -> None:
    image_id = await add(database, "Box")
    reader = FakeCaptioner(reader="ocr", charges=False)
    reader.said = {"caption": None, "objects": (), "visible_text": "GLOWWORM"}
    done = await describe(database, reader)
    assert (done.described, done.kept, done.calls) == (1, 0, 0)
    assert (await paid(database), await current(database)) == ([], {})
    assert await found(database, "glowworm") == [image_id]
    assert (await describe(database, FakeCaptioner())).described == 1
    assert await found(database, "glowworm zebra") == [image_id]


async def test_words_of_a_model_are_only_words(database: Database) -> None:
    image_id = await add(database)
    attack = "'); DROP TABLE rage.images; -- %s {x} <script>alert(1)</script> [admin]"
    captioner = FakeCaptioner()
    captioner.said = {"caption": attack, "objects": (attack, '{"a": 1}', "NULL"), "visible_text": attack}
    await describe(database, captioner)
    assert (await images.get(database, image_id)).caption == attack
    (seen,) = await rows(database, DESCRIBED)
    assert (seen["objects"], seen["visible_text"]) == ([attack, '{"a": 1}', "NULL"], attack)
    assert (await images.get(database, image_id)).state == "approved"
