"""The text leg: phrases, exclusions, and what a prompt names exactly."""

from __future__ import annotations

from typing import Any

import pytest

from rage_pg import index, search
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.errors import InvalidInput
from rage_pg.types import Filters, SearchRequest
from tests.asking import find, found, ranked, speak, words_of
from tests.store import HashingEncoder, add, by, operator_url


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
    answer = await search.search(database, by(encoder), request)
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
    answer = await search.search(database, by(encoder), request)
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
