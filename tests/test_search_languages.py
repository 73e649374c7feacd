"""The text leg in the languages of captions and brands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from msgspec import UNSET

from rage_pg import migrate
from rage_pg.callers import SYSTEM
from rage_pg.catalogue import brands
from rage_pg.database import Database, fetch_value
from rage_pg.embedded import app_url
from rage_pg.errors import InvalidInput
from rage_pg.ingest import edit_images
from rage_pg.types import ImageMetadata
from tests.asking import ranked, score, speak, words_of
from tests.store import add, png


@pytest.fixture
async def on_each_server(any_server: str, empty_database: Callable[[str], str]) -> Any:
    url = empty_database(any_server)
    migrate.upgrade(url, app_logs_in=True)
    async with Database(app_url(url), caller=SYSTEM) as database:
        yield database


@pytest.mark.parametrize(
    ("prompt", "titles"),
    [
        ("Lampen", {"de", "en"}),  # the stem of Lampen is that of lamp, whose language a prompt does not tell
        ("Tische", {"de"}),
        ("montagne", {"fr"}),
        ("lamp", {"de", "en"}),
        ("lamps", {"de", "en", "ja"}),
        ("horse", {"en"}),
        ("ランプ", {"ja"}),
    ],
)
async def test_words_are_found_in_the_language_of_their_caption(
    on_each_server: Database, prompt: str, titles: set[str]
) -> None:
    await speak(on_each_server)
    assert set(await ranked(on_each_server, prompt)) == titles


@pytest.mark.parametrize(
    ("language", "configuration"),
    [
        (None, "english"),
        ("de", "german"),
        ("DE-ch", "german"),
        ("nb", "norwegian"),
        ("pt-BR", "portuguese"),
        ("ja", "simple"),
        ("tlh", "simple"),
        ("x-deep", "simple"),
        ("german", "simple"),
    ],
)
async def test_languages_without_a_configuration_are_not_stemmed(
    database: Database, language: str | None, configuration: str
) -> None:
    async with database.reading() as connection:
        found = await fetch_value(connection, "SELECT rage.text_configuration(%(l)s::text)", {"l": language})
    assert found == configuration


async def test_every_configuration_that_is_named_exists_somewhere(server_18: str, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        text = connection.execute("SELECT pg_get_functiondef('rage.text_configuration'::regproc)").fetchone()
        known = connection.execute("SELECT array_agg(cfgname::text) FROM pg_ts_config").fetchone()
    assert text is not None
    assert known is not None
    missing = {name for name in known[0] if f"'{name}'" not in text[0]}
    assert missing == set()


@pytest.mark.parametrize("language", ["d e", "de_AT", "-de", "de-", "äö", "a" * 9, "de'; DROP TABLE x"])
async def test_what_is_no_language_tag_is_refused(database: Database, language: str) -> None:
    with pytest.raises(InvalidInput, match="caption_language must be a language tag") as caught:
        await add(database, "x", caption="y", caption_language=language)
    assert caught.value.field == "caption_language"
    with pytest.raises(InvalidInput, match="language must be a language tag"):
        await brands.update(database, "default", language=language)


async def test_language_of_a_caption_is_kept_edited_and_cleared(database: Database) -> None:
    image_id = await add(database, "x", caption="Lampen", caption_language=" de ")
    assert await caption_of(database, image_id) == ("Lampen", "de")
    await edit_images(database, [image_id], ImageMetadata(caption="Zwei Lampen"))
    assert await caption_of(database, image_id) == ("Zwei Lampen", "de")
    await edit_images(database, [image_id], ImageMetadata(caption_language=None))
    assert await caption_of(database, image_id) == ("Zwei Lampen", None)
    await edit_images(database, [image_id], ImageMetadata(caption=None, caption_language="de"))
    assert await caption_of(database, image_id) == (None, None)


@pytest.mark.parametrize(
    ("stored", "said", "kept"),
    [
        ((None, None), ("Lampe", "de"), ("Lampe", "de")),
        (("Lampe", None), ("Lampe", "de"), ("Lampe", "de")),
        (("Lampe", None), (UNSET, "de"), ("Lampe", "de")),
        (("Lampe", "de"), ("Lampe", "nl"), ("Lampe", "de")),
        (("Lampe", None), ("a lamp", "en"), ("Lampe", None)),
    ],
)
async def test_second_row_of_a_picture_fills_the_language_of_the_caption_that_is_kept(
    database: Database, stored: tuple[Any, Any], said: tuple[Any, Any], kept: tuple[Any, Any]
) -> None:
    content = png()
    said_first = {"caption": stored[0], "caption_language": stored[1], "external_id": "first"}
    image_id = await add(database, content=content, **said_first)
    said_then = {"caption": said[0], "caption_language": said[1], "external_id": "second"}
    assert await add(database, content=content, **said_then) == image_id
    assert await caption_of(database, image_id) == kept


async def caption_of(database: Database, image_id: int) -> tuple[str | None, str | None]:
    async with database.reading() as connection:
        cursor = await connection.execute(
            "SELECT caption, caption_language FROM rage_v1.images WHERE image_id = %s", [image_id]
        )
        row = await cursor.fetchone()
    assert row is not None
    return row["caption"], row["caption_language"]


async def test_brands_language_counts_where_a_caption_names_none(database: Database) -> None:
    await brands.create(database, "Licht")
    await add(database, "Häuser", brand="licht")
    await add(database, "horses", brand="licht", caption="running horses", caption_language="en")
    assert await ranked(database, "Haus") == []
    await brands.update(database, "licht", language="de")
    assert await ranked(database, "Haus") == ["Häuser"]
    assert await ranked(database, "horse") == ["horses"]
    await add(database, "Mäuse", brand="licht")
    assert await ranked(database, "Maus") == ["Mäuse"]
    brand = await brands.update(database, "licht", title="Licht")
    assert (brand.title, brand.language) == ("Licht", "de")
    assert (await brands.update(database, "licht", language=None)).language is None
    assert await ranked(database, "Haus") == []


async def test_a_word_counts_once_in_however_many_forms(database: Database) -> None:
    await speak(database)
    assert await score(database, "Lampen lamps lampe", "en") == pytest.approx(1)
    words = await words_of(database, "the Lampen LAMPEN")
    forms = [term["words"] for term in words["terms"]]
    assert len(forms) == 2  # "the" is no filler in German
    assert "'lamp' | 'lampen'" in forms


async def test_filler_of_one_language_weighs_little_where_that_language_is_common(
    database: Database,
) -> None:
    for number in range(20):
        await add(database, f"lamp {number}", caption=f"thing {number}")
    await add(database, "kalt", caption="The North Face Jacke", caption_language="de")
    shares = {t["words"]: t["share"] for t in (await words_of(database, "the thing"))["terms"]}
    assert shares["'the'"] < shares["'thing'"] * 1.2
    assert (await ranked(database, "the thing 3"))[0] == "lamp 3"
