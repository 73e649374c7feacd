"""The text leg: languages, phrases, exclusions, what a prompt names exactly, and what words weigh."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from rage_pg import index, migrate, search
from rage_pg.callers import SYSTEM
from rage_pg.catalogue import brands
from rage_pg.database import Database, fetch_value
from rage_pg.embedded import app_url
from rage_pg.errors import InvalidInput
from rage_pg.ingest import edit_images
from rage_pg.types import Filters, ImageMetadata, SearchAnswer, SearchRequest
from tests.store import HashingEncoder, add, operator_url, png


async def find(database: Database, prompt: str, **wanted: Any) -> SearchAnswer:
    return await search.search(database, [], SearchRequest(prompt=prompt, **wanted))


async def ranked(database: Database, prompt: str, **wanted: Any) -> list[str | None]:
    """The titles that the text leg ranks, in its order."""
    answer = await find(database, prompt, **wanted)
    hits = [(item.legs["text"].rank, item.image.title) for item in answer.items if "text" in item.legs]
    return [title for _, title in sorted(hits)]


async def found(database: Database, prompt: str, **wanted: Any) -> set[str | None]:
    return {item.image.title for item in (await find(database, prompt, **wanted)).items}


async def score(database: Database, prompt: str, title: str) -> float | None:
    for item in (await find(database, prompt)).items:
        if item.image.title == title:
            hit = item.legs.get("text")
            return None if hit is None else float(hit.score)  # type: ignore[arg-type]
    return None


@pytest.fixture
async def on_each_server(any_server: str, empty_database: Callable[[str], str]) -> Any:
    url = empty_database(any_server)
    migrate.upgrade(url, app_logs_in=True)
    async with Database(app_url(url), caller=SYSTEM) as database:
        yield database


async def speak(database: Database) -> None:
    """One image each in German, French, English and Japanese."""
    await add(database, "de", caption="Eine rote Lampe auf dem Tisch", caption_language="de-AT")
    await add(database, "fr", caption="Des chevaux dans les montagnes", caption_language="FR")
    await add(database, "en", caption="Two lamps beside some running horses")
    await add(database, "ja", caption="赤い ランプ lamps", caption_language="ja")


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


async def words_of(database: Database, prompt: str) -> dict[str, Any]:
    async with database.reading() as connection:
        words: dict[str, Any] = await fetch_value(
            connection, "SELECT rage.prompt_words(%(p)s::text, NULL)", {"p": prompt}
        )
    return words


@pytest.mark.parametrize(
    ("prompt", "titles"),
    [
        ('"red lamp"', {"side by side"}),
        ("“red lamps”", {"side by side"}),
        ('a "red lamp", please', {"side by side"}),
        ('"lamp red"', set()),
        ('"red tag"', set()),  # a phrase stands within one field
        ("red lamp", {"side by side", "apart", "one field"}),
        ('red" lamp', {"side by side", "apart", "one field"}),
        ('24" lamp and 27" tube', {"side by side", "apart"}),
    ],
)
async def test_quoted_words_stand_side_by_side(database: Database, prompt: str, titles: set[str]) -> None:
    await add(database, "side by side", caption="A red lamp.")
    await add(database, "apart", caption="red boat, green lamp")
    await add(database, "one field", caption="it is red", tags=("tag",))
    assert set(await ranked(database, prompt)) == titles


@pytest.mark.parametrize(
    ("prompt", "titles"),
    [
        ("lamp -sketch", {"lamp", "red lamp", "t-shirt"}),
        ("-sketches lamp", {"lamp", "red lamp", "t-shirt"}),
        ('lamp -"red lamp"', {"lamp", "lamp sketch", "t-shirt"}),
        ('lamp -"lamp red"', {"lamp", "red lamp", "lamp sketch", "t-shirt"}),
        ("lamp -red -sketch", {"lamp", "t-shirt"}),
        ("shirt -t-shirt", {"lamp", "red lamp", "lamp sketch"}),
        ("lamp -lumen", {"lamp", "lamp sketch", "t-shirt"}),
        ("lamp -L-17", {"lamp", "lamp sketch", "t-shirt"}),
        ("lamp --sketch", {"lamp", "red lamp", "lamp sketch", "t-shirt"}),
        ("lamp - sketch", {"lamp", "red lamp", "lamp sketch", "t-shirt"}),
        ("lamp-sketch", {"lamp", "red lamp", "lamp sketch", "t-shirt"}),
        ("lamp --ar 16:9", {"lamp", "red lamp", "lamp sketch", "t-shirt"}),
        ("lamp -the", {"lamp", "red lamp", "lamp sketch", "t-shirt"}),
    ],
)
@pytest.mark.parametrize("legs", [None, {"caption": 1.0}])
async def test_words_after_a_minus_are_left_out_of_every_leg(
    database: Database, encoder: HashingEncoder, prompt: str, titles: set[str], legs: Any
) -> None:
    await add(database, "lamp")
    await add(database, "red lamp", brand="Lumen", sku=("L-17",))
    await add(database, "lamp sketch")
    await add(database, "t-shirt")
    await index.fill(database, [encoder])
    request = SearchRequest(prompt=prompt, legs=legs)
    answer = await search.search(database, [encoder], request)
    assert {item.image.title for item in answer.items} == titles
    assert answer.matched == len(titles)


async def test_words_are_left_out_in_every_language(database: Database) -> None:
    await speak(database)
    assert await found(database, "horses -Lampen") == {"fr"} | {"ja"}


async def test_image_without_words_is_not_left_out(database: Database) -> None:
    await add(database)
    await add(database, "sketch")
    assert await found(database, "lamp -sketch") == {None}


@pytest.mark.parametrize("prompt", ["-sketch", '-"red lamp" -boat', " -1 ", "- -sketch -"])
async def test_prompt_that_only_leaves_out_is_refused(database: Database, prompt: str) -> None:
    with pytest.raises(InvalidInput, match="only says what to leave out") as caught:
        await find(database, prompt)
    assert caught.value.field == "prompt"


@pytest.mark.parametrize("prompt", [" ".join(f"-w{n}" for n in range(65)) + " x", "x -" + "a-" * 200 + "a"])
async def test_leaving_out_too_much_is_refused(database: Database, prompt: str) -> None:
    with pytest.raises(InvalidInput, match="leaves out too much"):
        await find(database, prompt)


async def test_or_between_words_is_no_word(database: Database) -> None:
    await add(database, "lamp", tags=("or",))
    await add(database, "boat")
    words = await words_of(database, "lamp or boat OR lamp")
    assert sorted(term["words"] for term in words["terms"]) == ["'boat'", "'lamp'"]


@pytest.mark.parametrize("prompt", ["nor-17 on a beach", "a beach, (NOR-17)!", "NOR-17", '"nor-17" beach'])
async def test_product_that_a_prompt_names_comes_first(
    database: Database, encoder: HashingEncoder, prompt: str
) -> None:
    for number in range(5):
        await add(database, f"a beach {number}", caption="on a beach nor 17 by NOR")
    await add(database, "the product", sku=("Nor-17",))
    await add(database, "another", sku=("NOR-18",))
    await index.fill(database, [encoder])
    request = SearchRequest(prompt=prompt, legs={"caption": 5.0, "text": 0.1})
    answer = await search.search(database, [encoder], request)
    assert answer.items[0].image.title == "the product"
    assert answer.items[0].legs["text"].rank == 1
    assert answer.items[0].legs["text"].score == 1


async def test_number_of_several_words_and_the_whole_prompt_as_one(database: Database) -> None:
    await add(database, "spaced", sku=("AB 12 C",))
    await add(database, "word", sku=("Beach",))
    await add(database, "two", sku=("2",))
    for number in range(3):
        await add(database, f"beach at {number} o'clock", caption="2 people on a beach")
    assert (await ranked(database, "the ab 12 c on a beach"))[0] == "spaced"
    assert (await ranked(database, "BEACH"))[0] == "word"
    assert (await ranked(database, "2"))[0] == "two"
    # Within a sentence these are words.
    assert (await ranked(database, "2 people on a beach"))[0] not in {"two", "word"}


async def test_product_of_a_brand_that_is_not_seen_or_asked_for_is_not_named(database: Database) -> None:
    await add(database, "ours", brand="ours", caption="a beach")
    await add(database, "theirs", brand="theirs", sku=("NOR-17",))
    assert await found(database, "NOR-17 beach", filters=Filters(brand=("ours",))) == {"ours"}


async def test_images_with_the_tag_that_a_prompt_is_come_first(database: Database) -> None:
    await add(database, "winter coat winter", caption="winter, winter, cold winter")
    await add(
        database, "tagged", tags=("Winter",), caption="a long caption that does not say so again and again"
    )
    await add(
        database, "child", tags=("winter/ski",), caption="a long caption that does not say so at all, either"
    )
    assert set((await ranked(database, " WINTER "))[:2]) == {"tagged", "child"}
    assert set((await ranked(database, "winter / ski"))[:1]) == {"child"}
    assert (await ranked(database, "cold winter"))[0] == "winter coat winter"


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("lamp", {"lamp", "red lamp"}),
        ("Lampen", {"Lampe", "lamp", "red lamp"}),
        ("red lamp", {"red lamp"}),
        ("the lamp", {"lamp", "red lamp", "Lampe"}),
        ("lamp -red", {"lamp", "Lampe"}),
        ("boat or red", {"boat", "red lamp"}),
        ('"red lamp"', {"red lamp"}),
        ('"lamp red"', set()),
        ("the", set()),
        ("'", set()),
    ],
)
async def test_words_of_a_list_must_be_there_in_any_language(
    database: Database, words: str, titles: set[str]
) -> None:
    for title in ("lamp", "red lamp", "boat"):
        await add(database, title)
    await add(database, "Lampe", caption="Lampe", caption_language="de")
    statement = "SELECT title FROM rage_v1.images JOIN rage.image_documents USING (image_id)"
    async with (
        Database(operator_url(database.url), caller=SYSTEM) as operator,
        operator.reading() as connection,
    ):
        cursor = await connection.execute(
            f"{statement} WHERE words @@ rage.required_words(%s)".encode(), [words]
        )
        listed = {row["title"] for row in await cursor.fetchall()}
    assert listed == (titles | {"Lampe"} if words == "lamp" else titles)


TEXTS = st.text(
    st.one_of(
        st.sampled_from(list("\"'\\:*&|!()<->- \n\t%$;“”„/@.,#{}[]")),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    min_size=1,
    max_size=200,
)
FRAGMENTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                '"',
                '-"',
                '" ',
                " -",
                " or ",
                "lamp",
                "-lamp",
                "'",
                "\\",
                "\\'",
                "E'",
                ":*",
                "<->",
                "$1",
                "L-1",
                "--",
            ]
        ),
        TEXTS,
    ),
    max_size=30,
).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=FRAGMENTS)
async def test_any_prompt_is_answered_or_refused_for_what_it_leaves_out(
    many_languages: psycopg.Connection, prompt: str
) -> None:
    statements = (
        "SELECT count(*) FROM rage_v1.search_images(%s)",
        "SELECT count(*) FROM rage_v1.search_statement(%s) AS s (text) WHERE text LIKE '%%WITH matches%%'",
        "SELECT rage.required_words(%s)",
    )
    for statement in statements:
        try:
            row = many_languages.execute(statement.encode(), [prompt]).fetchone()
        except psycopg.errors.InvalidParameterValue as error:
            told = str(error.diag.message_primary)
            assert "leave out" in told or "leaves out" in told or "prompt is empty" in told
        else:
            assert row is not None


@pytest.fixture
def many_languages(database_url: str) -> Any:
    """The operator's connection to a store with three languages, and quotes in titles and a SKU."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO rage.contents (sha256, media_type, byte_size, width, height, bytes, thumbnail)
            SELECT sha256(n::text::bytea), 'image/png', 1, 1, 1, 'x', 'x' FROM generate_series(1, 3) AS n;
            INSERT INTO rage.images (brand_id, content_id, kind, title)
            SELECT b.brand_id, c.content_id, 'other', 'lamp''s \\ "red"'
            FROM rage.brands AS b, rage.contents AS c
            WHERE b.key = 'default';
            INSERT INTO rage.captions (brand_id, image_id, revision, text, language, source)
            SELECT brand_id, image_id, 1, 'die Lampe', (ARRAY['de', 'ja', 'fr'])[1 + image_id % 3], 'person'
            FROM rage.images;
            INSERT INTO rage.image_products (brand_id, image_id, sku)
            SELECT brand_id, image_id, 'L-1 "x''\\' FROM rage.images;
            SELECT rage.refresh_documents(ARRAY(SELECT image_id FROM rage.images));
            """
        )
        yield connection


@pytest.mark.parametrize(
    "prompt",
    [
        '"' * 32_000,
        "\\" * 32_000,
        "'" * 32_000,
        "a" * 32_000,
        '" ' * 16_000,
        "a-" * 15_999 + "b",
        '"' + "a " * 15_999 + '"',
        '"ab c" ' * 4_500,
        " ".join(f"w{n}" for n in range(5_000))[:32_000],
        "https://a.example/" + "b/" * 15_900,
        "x " + "-" * 31_000,
        "日本語 " * 8_000,
        "!" + " !(" * 10_000,
    ],
    ids=range(13),
)
def test_longest_prompts_are_answered(many_languages: psycopg.Connection, prompt: str) -> None:
    many_languages.execute("SET statement_timeout = '20s'")
    row = many_languages.execute("SELECT count(*) FROM rage_v1.search_images(%s)", [prompt]).fetchone()
    assert row == (3,)


WORDS = [f"word{letter}" for letter in "abcdefghijkl"]
FILL = """
INSERT INTO rage.contents (sha256, media_type, byte_size, width, height, bytes, thumbnail)
SELECT sha256(n::text::bytea), 'image/png', 1, 1, 1, 'x', 'x' FROM generate_series(1, 3000) AS n;
INSERT INTO rage.images (brand_id, content_id, kind, title)
SELECT b.brand_id, c.content_id, CASE WHEN c.content_id % 7 = 0 THEN 'scene' ELSE 'other' END,
       (SELECT coalesce(string_agg('word' || chr(97 + w), ' '), 'nothing') FROM generate_series(0, 11) AS w
        WHERE hashint8(c.content_id * 16 + w)::bigint %% 997 > 997 * (0.35 + 0.05 * w))
FROM rage.brands AS b, rage.contents AS c
WHERE b.key = 'default';
SELECT rage.refresh_documents(ARRAY(SELECT image_id FROM rage.images));
ANALYZE;
"""
WEIGHED = """
SELECT d.image_id,
       (SELECT sum((t ->> 'share')::float8) FROM jsonb_array_elements(%(words)s::jsonb -> 'terms') AS t
        WHERE d.words @@ (t ->> 'words')::tsquery) AS score,
       ts_rank('{0.1, 0.3, 0.6, 1.0}', d.words, rage.any_word(%(words)s::jsonb), 1) AS density
FROM rage.image_documents AS d JOIN rage.images AS i USING (image_id)
WHERE d.words @@ rage.any_word(%(words)s::jsonb) AND (%(kind)s::text IS NULL OR i.kind = %(kind)s)
"""
LEG = """
CREATE FUNCTION pg_temp.leg(words jsonb, filters jsonb, wide boolean)
RETURNS TABLE (image_id bigint, score float8)
LANGUAGE plpgsql SET search_path = rage
AS $function$
DECLARE
    asked    rage.matching := rage.matching(filters, NULL, NULL);
    matches  text := 'WITH matches AS MATERIALIZED (SELECT i.image_id FROM ' || asked.listed;
BEGIN
    RETURN QUERY EXECUTE matches || '), ' || rage.text_leg(asked.within, wide, words)
        || 'SELECT image_id, score FROM "text" ORDER BY place'
    USING filters, NULL::bigint[], NULL::integer[], words, NULL::jsonb, '{"text": 1}'::jsonb, 20, 0::real,
          NULL::bigint[], 50;
END
$function$
"""


@pytest.fixture(scope="module")
def crowded(server_18: str, template: str) -> Any:
    """3,000 images with one to twelve of twelve common words."""
    from tests.conftest import clone

    with psycopg.connect(clone(server_18, template), autocommit=True) as connection:
        connection.execute(FILL.replace("%%", "%").encode())
        while connection.execute("SELECT rage.count_words()").fetchone() == (True,):
            pass
        connection.execute("SET search_path = rage")
        connection.execute(LEG.encode())
        yield connection


@pytest.mark.parametrize("kind", [None, "scene"])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("number", range(1, 13))
def test_stages_give_the_best_of_all(
    crowded: psycopg.Connection, number: int, wide: bool, kind: str | None
) -> None:
    prompt = " ".join(random.Random(number).sample(WORDS, number))
    words = ask(crowded, "SELECT rage.prompt_words(%s, NULL)::text", prompt)
    filters = json.dumps({} if kind is None else {"kind": [kind]})
    found = crowded.execute("SELECT * FROM pg_temp.leg(%s, %s, %s)", [words, filters, wide]).fetchall()
    every = crowded.execute(WEIGHED.encode(), {"words": words, "kind": kind}).fetchall()
    best = sorted(every, key=lambda row: (-row[1], -row[2], row[0]))[:50]
    assert [round(row[1], 6) for row in found] == [round(row[1], 6) for row in best]
    if sum(1 for row in every if row[1] > 0.999) <= 1000:
        assert [row[0] for row in found] == [row[0] for row in best]


def test_prompt_of_common_words_does_not_rank_all_that_have_one(crowded: psycopg.Connection) -> None:
    words = json.loads(ask(crowded, "SELECT rage.prompt_words(%s, NULL)::text", " ".join(WORDS[:6])))
    stages = words["stages"]
    assert len(stages) > 2
    assert [stage["score"] for stage in stages] == sorted((s["score"] for s in stages), reverse=True)
    assert stages[0]["whole"]
    assert stages[-1]["score"] == 0


def ask(connection: psycopg.Connection, statement: str, *values: object) -> Any:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row[0]


def test_common_words_are_counted_ahead_and_weigh_the_same(crowded: psycopg.Connection) -> None:
    counted = ask(crowded, "SELECT documents FROM rage.common_words WHERE lexeme = 'worda'")
    alive = ask(crowded, "SELECT count(*) FROM rage.image_documents WHERE words @@ 'worda'::tsquery")
    assert counted == alive > 100
    with crowded.transaction(force_rollback=True):
        before = ask(crowded, "SELECT rage.documents_with('wordl'::tsquery, '{wordl}', NULL)")
        crowded.execute("DELETE FROM rage.common_words")
        live = ask(crowded, "SELECT rage.documents_with('wordl'::tsquery, '{wordl}', NULL)")
        most = ask(crowded, "SELECT rage.documents_with('worda'::tsquery, '{worda}', NULL)")
    assert before == live
    assert most == 1000, "where nothing is counted, counting ends at a bound"


def test_words_are_counted_again_when_a_tenth_was_written(crowded: psycopg.Connection) -> None:
    with crowded.transaction(force_rollback=True):
        assert ask(crowded, "SELECT rage.count_words()") is False
        crowded.execute("UPDATE rage.text_configurations SET changed = 500")
        assert ask(crowded, "SELECT rage.count_words()") is True
        assert ask(crowded, "SELECT rage.count_words()") is False
        assert ask(crowded, "SELECT max(documents) FROM rage.text_configurations") == 3000


async def test_only_the_operator_has_words_counted(database: Database) -> None:
    from msgspec.structs import replace

    from rage_pg.errors import Forbidden

    somebody = database.acting_for(replace(SYSTEM, setting="00000000-0000-0000-0000-000000000001"))
    with pytest.raises((Forbidden, psycopg.errors.InsufficientPrivilege)):
        await index.count_words(somebody)
    assert await index.count_words(database) == 0
