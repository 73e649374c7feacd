"""Search: filters, legs, fusion, and what is said about how an answer was found."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from psycopg.types.json import Jsonb

from rage_pg import index, search
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.errors import Conflict, DatabaseUnavailable, InvalidInput
from rage_pg.types import Filters, SearchAnswer, SearchRequest, TagFilter
from tests.store import HashingEncoder, add, by


async def find(database: Database, prompt: str = "lamp", **wanted: Any) -> SearchAnswer:
    """A search of the text leg alone."""
    return await search.search(database, by(), SearchRequest(prompt=prompt, **wanted))


def titles(answer: SearchAnswer) -> list[str | None]:
    return [item.image.title for item in answer.items]


async def test_words_and_vectors_are_fused_by_reciprocal_rank(
    database: Database, encoder: HashingEncoder
) -> None:
    await add(database, "red lamp", caption="A lamp that glows")
    await add(database, "green boat")
    await add(database, "red boat")
    await index.fill(database, [encoder])
    answer = await search.search(database, by(encoder), SearchRequest(prompt="red lamp"))
    assert titles(answer)[0] == "red lamp"
    best = answer.items[0]
    assert best.legs["caption"].rank == best.legs["text"].rank == 1
    assert best.score == pytest.approx(2 / 61)
    assert answer.strategy == "exact: caption + text; no space for image"
    assert (answer.matched, answer.complete) == (3, True)


async def test_weights_of_legs_decide(database: Database, encoder: HashingEncoder) -> None:
    await add(database, "lamp")
    await add(database, "lamp post with many other words that dilute its vector")
    await index.fill(database, [encoder])
    request = SearchRequest(prompt="lamp", legs={"caption": 2.0, "text": 0.0})
    answer = await search.search(database, by(encoder), request)
    assert titles(answer)[0] == "lamp"
    assert set(answer.items[0].legs) == {"caption"}
    assert answer.items[0].score == pytest.approx(2 / 61)


async def test_image_without_a_vector_comes_after_the_ranked_ones(
    database: Database, encoder: HashingEncoder
) -> None:
    await add(database, "boat")
    await index.fill(database, [encoder])
    await add(database)  # nothing is known of it, so nothing can be embedded
    answer = await search.search(database, by(encoder), SearchRequest(prompt="boat"))
    assert titles(answer) == ["boat", None]
    assert answer.items[1].legs == {}
    assert answer.items[1].score == 0


async def test_prompt_that_is_not_embedded_gets_the_text_leg_and_says_so(database: Database) -> None:
    await add(database, "lamp")
    answer = await find(database)
    assert answer.strategy == "exact: text; prompt not embedded for caption, no space for image"


async def test_leg_that_is_demanded_but_not_embedded_is_a_clear_error(database: Database) -> None:
    with pytest.raises(Conflict, match=r'not embedded yet for leg "caption".*rage embed'):
        await find(database, legs={"caption": 1.0})


async def test_legs_of_the_contracts_example_are_taken(database: Database, encoder: HashingEncoder) -> None:
    await add(database, "lamp")
    await index.fill(database, [encoder])
    legs = {"caption": 1.0, "image": 1.0, "text": 1.0, "style": 0.0}
    answer = await search.search(database, by(encoder), SearchRequest(prompt="lamp", legs=legs))
    assert titles(answer) == ["lamp"]


@pytest.mark.parametrize(
    ("legs", "message"),
    [
        ({"smell": 1.0}, 'unknown leg "smell": there are caption, image, style, text'),
        ({"text": -1.0}, 'the weight of leg "text" must be 0, or a number from 0.000001'),
        ({"text": 0.0}, "at least one leg needs a weight above 0"),
    ],
)
async def test_unusable_legs_are_refused(database: Database, legs: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        await find(database, legs=legs)


async def test_style_leg_ranks_by_the_look_of_the_style_that_the_prompt_names(
    database: Database, encoder: HashingEncoder
) -> None:
    ids = {
        "swirl": await add(database, "swirls", kind="style"),
        "dots": await add(database, "dots", kind="style"),
        "harbour": await add(database, "harbour"),
        "meadow": await add(database, "meadow"),
    }
    await index.fill(database, [encoder])
    looks = {"swirl": [1.0, 0.0], "harbour": [0.9, 0.1], "dots": [0.0, 1.0], "meadow": [0.1, 0.9]}
    async with database.transaction() as connection:
        for name, look in looks.items():
            await connection.execute(
                "INSERT INTO rage.embeddings (space_id, image_id, brand_id, input_sha256, embedding)"
                " SELECT s.space_id, i.image_id, i.brand_id, sha256('x'), %s::real[]::halfvec"
                " FROM rage.embedding_spaces AS s, rage.images AS i"
                " WHERE s.name = 'style' AND i.image_id = %s",
                [look + [0.0] * 98, ids[name]],
            )
    request = SearchRequest(prompt="painted in swirls", legs={"caption": 0.01, "style": 1.0})
    answer = await search.search(database, by(encoder), request)
    assert titles(answer)[:2] == ["swirls", "harbour"]


async def test_style_alone_ranks_and_a_leg_without_a_space_alone_is_refused(
    database: Database, encoder: HashingEncoder
) -> None:
    await add(database, "swirls", kind="style")
    await index.fill(database, [encoder])
    with pytest.raises(Conflict, match='leg "style"'):
        await search.search(database, by(encoder), SearchRequest(prompt="swirls", legs={"style": 1.0}))
    with pytest.raises(InvalidInput, match="none of these legs"):
        await search.search(database, by(encoder), SearchRequest(prompt="swirls", legs={"image": 1.0}))


async def test_weak_hit_of_the_words_does_not_outrank_the_nearest_caption(
    database: Database, encoder: HashingEncoder
) -> None:
    await add(database, "Christmas tree photo")
    await add(database, "bird of prey in the sky")
    await index.fill(database, [encoder])
    answer = await search.search(database, by(encoder), SearchRequest(prompt="a photo of a bird of prey"))
    assert titles(answer)[0] == "bird of prey in the sky"


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ({"smell": [1.0]}, 'there is no leg "smell"'),
        ({"image": [1.0]}, 'there is no leg "image"'),
        ({"caption": [1.0, 2.0]}, "must be an array of 512 numbers"),
        ({"caption": [0.0] * 512}, "is zero"),
        ({"caption": None}, "must be an array of 512 numbers"),
        ({"caption": ["a"] * 512}, "must be an array of 512 numbers"),
        ({"caption": [1e300] * 512}, "must be an array of 512 numbers"),
    ],
)
async def test_unusable_query_vectors_are_refused(database: Database, vectors: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        async with database.transaction() as connection:
            await connection.execute(
                "SELECT * FROM rage_v1.search_images('x', vectors => %s)", [Jsonb(vectors)]
            )


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"summer lamp", "winter lamp", "lamp sketch"}),
        (Filters(brand=(" LUMEN ",)), {"summer lamp", "winter lamp"}),
        (Filters(brand=("lumen", "north")), {"summer lamp", "winter lamp", "lamp sketch"}),
        (Filters(brand=("nobody",)), set()),
        (Filters(sku=("L-2", "L-3")), {"summer lamp", "winter lamp"}),
        (Filters(kind=("sketch",)), {"lamp sketch"}),
        (Filters(state=("draft",)), {"draft lamp"}),
        (Filters(state=("draft", "approved"), brand=("north",)), {"draft lamp", "lamp sketch"}),
        (Filters(tags=TagFilter(all=("light",))), {"summer lamp", "winter lamp"}),
        (Filters(tags=TagFilter(all=("LIGHT/lamp", " Red"))), {"summer lamp"}),
        (Filters(tags=TagFilter(any=("red", "strasse"))), {"summer lamp", "lamp sketch"}),
        (Filters(tags=TagFilter(all=("light",), none=("red",))), {"winter lamp"}),
        (Filters(attributes={"season": "summer"}), {"summer lamp"}),
        (Filters(attributes={"season": ["summer", "winter"]}), {"summer lamp", "winter lamp"}),
        (Filters(attributes={"colours": "blue"}), {"summer lamp"}),
        (Filters(attributes={"price": {"gte": 8, "lt": 12.5}}), {"winter lamp"}),
        (Filters(attributes={"price": {"gte": "8"}}), {"winter lamp"}),
        (Filters(attributes={"price": 12.5}), set()),
        (Filters(attributes={"price": "8"}), {"winter lamp"}),
        (Filters(attributes={"season": {"gt": "summer"}}), {"winter lamp"}),
        (Filters(attributes={"season": None}), {"lamp sketch"}),
        (Filters(attributes={"season": []}), set()),
        (Filters(origin=("generated",)), set()),
        (Filters(origin=("uploaded",), kind=("sketch",)), {"lamp sketch"}),
        (Filters(min_width=64, min_height=48), {"summer lamp", "winter lamp", "lamp sketch"}),
        (Filters(min_width=65), set()),
        (Filters(created_after=datetime.now(UTC) + timedelta(days=1)), set()),
        (Filters(created_before=datetime.now(UTC) + timedelta(days=1), kind=("sketch",)), {"lamp sketch"}),
    ],
)
async def test_filters(filtered: Database, filters: Filters, expected: set[str]) -> None:
    answer = await find(filtered, filters=filters)
    assert set(titles(answer)) == expected
    assert answer.matched == len(expected)


async def test_the_same_filter_holds_in_every_leg(filtered: Database, encoder: HashingEncoder) -> None:
    await index.fill(filtered, [encoder])
    request = SearchRequest(prompt="summer lamp red", filters=Filters(attributes={"season": "winter"}))
    answer = await search.search(filtered, by(encoder), request)
    assert titles(answer) == ["winter lamp"]
    assert answer.items[0].legs["caption"].rank == 1


async def test_attribute_with_a_hostile_name_is_only_a_name(filtered: Database) -> None:
    answer = await find(filtered, filters=Filters(attributes={"x' OR '1'='1": "y", "%s$1": {"gt": 1}}))
    assert titles(answer) == []


async def test_unknown_range_operator_is_named(filtered: Database) -> None:
    with pytest.raises(InvalidInput, match="gt, gte, lt and lte") as caught:
        await find(filtered, filters=Filters(attributes={"price": {"above": 5}}))
    assert caught.value.field == "attributes.price"


async def test_collections_filter_in_sql_and_in_requests(filtered: Database) -> None:
    from rage_pg.catalogue import collections

    wanted = await find(filtered, filters=Filters(kind=("sketch",)))
    await collections.put(filtered, "Shop window", brand="north", image_ids=[wanted.items[0].image.id])
    answer = await find(filtered, filters=Filters(collection=("shop WINDOW",)))
    assert titles(answer) == ["lamp sketch"]


async def test_only_what_is_usable_today_is_found(database: Database) -> None:
    today = date.today()
    await add(database, "lamp over", usable_until=today - timedelta(days=1))
    await add(database, "lamp to come", usable_from=today + timedelta(days=2))
    await add(
        database, "lamp now", usable_from=today - timedelta(days=1), usable_until=today + timedelta(days=2)
    )
    assert titles(await find(database)) == ["lamp now"]
    assert titles(await find(database, filters=Filters(state=("approved",)))) == ["lamp now"]


async def test_among_confines_the_answer_and_may_be_empty(filtered: Database) -> None:
    all_of_them = await find(filtered)
    one = all_of_them.items[1].image.id
    assert [item.image.id for item in (await find(filtered, among=(one, 999_999))).items] == [one]
    assert (await find(filtered, among=())).items == ()


async def test_min_relevance_cuts_relative_to_the_best(database: Database, encoder: HashingEncoder) -> None:
    for number in range(8):
        await add(database, f"thing {number}")
    await add(database, "lamp")
    await index.fill(database, [encoder])
    answer = await search.search(database, by(encoder), SearchRequest(prompt="lamp", min_relevance=0.95))
    assert titles(answer) == ["lamp"]
    assert answer.matched == 9


async def test_k_bounds_the_answer_not_the_count(filtered: Database) -> None:
    answer = await find(filtered, k=2)
    assert len(answer.items) == 2
    assert answer.matched == 3


async def test_ties_are_broken_by_id(database: Database) -> None:
    ids = [await add(database, "lamp") for _ in range(5)]
    assert [item.image.id for item in (await find(database)).items] == ids


async def test_nothing_found_still_reports_how(database: Database) -> None:
    answer = await find(database)
    assert answer.items == ()
    assert (answer.matched, answer.complete) == (0, True)
    assert answer.strategy.startswith("exact")


async def test_search_is_logged_with_its_answer(filtered: Database) -> None:
    answer = await search.search(
        filtered.acting_for(replace(SYSTEM, name="me")),
        by(),
        SearchRequest(prompt=" lamp ", filters=Filters(kind=("sketch",))),
    )
    async with filtered.transaction() as connection:
        cursor = await connection.execute("SELECT * FROM rage_v1.search_log")
        logged = await cursor.fetchone()
    assert logged is not None
    assert logged["search_id"] == answer.search_id
    assert (logged["prompt"], logged["asked_by"], logged["returned"]) == ("lamp", "me", 1)
    assert logged["filters"] == {"kind": ["sketch"]}


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t", "a\0b"])
async def test_empty_prompt_is_refused(database: Database, prompt: str) -> None:
    with pytest.raises(InvalidInput, match="prompt"):
        await find(database, prompt)


async def test_prompt_of_stop_words_searches_what_legs_remain(filtered: Database) -> None:
    answer = await find(filtered, "the of and to")
    assert (
        answer.strategy
        == "exact: no leg; prompt not embedded for caption, no space for image, only stop words for text"
    )
    assert answer.matched == 3


@pytest.mark.parametrize(
    "prompt", ["it's & | ! <-> :* ( '", "'; DROP TABLE rage.images; --", "$1 $2 %s %(x)s", "日本語のランプ"]
)
async def test_prompts_with_odd_characters_do_no_harm(filtered: Database, prompt: str) -> None:
    assert (await find(filtered, prompt)).matched == 3


async def test_search_that_takes_too_long_is_given_up(
    filtered: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rage_pg.database.READ_TIMEOUT", "1ms")
    with pytest.raises(DatabaseUnavailable, match="too long"):
        async with filtered.reading() as connection:
            await connection.execute("SELECT pg_sleep(60)")
    monkeypatch.setattr("rage_pg.database.READ_TIMEOUT", "30s")
    assert (await find(filtered)).matched == 3


async def test_reading_changes_nothing(filtered: Database) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with filtered.reading() as connection:
            await connection.execute("UPDATE rage.images SET title = 'gone'")
    async with filtered.transaction() as connection:
        await connection.execute("UPDATE rage.images SET title = 'kept'")
