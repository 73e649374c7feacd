"""References that the search chooses: which, when it is run, and that a dry run leaves no trace of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from rage_pg import generation, index, jobs, search
from rage_pg.callers import SYSTEM
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.errors import Conflict, InvalidInput
from rage_pg.types import Auto, Filters, GenerationRequest, SearchAnswer, SearchRequest, TagFilter
from tests.generating import FakeGenerator, accept, counts, only, value
from tests.store import HashingEncoder, add, by


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


class Searches:
    """The search that is handed in, and what it answered."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.answers: list[SearchAnswer] = []

    async def __call__(self, request: SearchRequest) -> SearchAnswer:
        self.answers.append(await search.search(self.database, by(), request))
        return self.answers[-1]


async def test_auto_takes_the_best_of_the_search_with_rank_and_score(
    database: Database, generator: FakeGenerator
) -> None:
    for title in ("lotion lotion lotion", "lotion", "lotion bottle"):
        await add(database, title)
    searches = Searches(database)
    made = await accept(database, generator, prompt="lotion", auto=Auto(k=2), search=searches)
    (found,) = searches.answers
    assert made.search_id == found.search_id
    assert [(one.image_id, one.search_rank) for one in made.references] == [
        (found.items[0].image.id, 1),
        (found.items[1].image.id, 2),
    ]
    assert [one.search_score for one in made.references] == pytest.approx(
        [item.score for item in found.items[:2]]
    )


async def test_auto_that_found_nothing_is_refused(database: Database, generator: FakeGenerator) -> None:
    nowhere = Auto(filters=Filters(sku=("none",)))
    with pytest.raises(InvalidInput, match="No image matches"):
        await accept(database, generator, auto=nowhere, search=Searches(database))


async def test_a_request_that_is_refused_for_what_it_says_is_not_searched_for(
    database: Database, generator: FakeGenerator
) -> None:
    searches = Searches(database)
    with pytest.raises(InvalidInput, match="only one of them"):
        await accept(database, generator, auto=Auto(), collection="any", search=searches)
    with pytest.raises(InvalidInput, match="leave search_id out"):
        await accept(database, generator, auto=Auto(), search_id=uuid4(), search=searches)
    assert searches.answers == []


async def test_a_key_that_comes_again_is_looked_up_before_any_search(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database, "lotion")
    searches = Searches(database)
    said: dict[str, Any] = {"auto": Auto(), "search": searches, "idempotency_key": "order-8"}
    first = await accept(database, generator, prompt="lotion", **said)
    await images.delete(database, image_id)
    assert (await accept(database, generator, prompt="lotion", **said)).id == first.id
    with pytest.raises(Conflict, match="another request"):
        await accept(database, generator, prompt="soap", **said)
    assert len(searches.answers) == 1


async def test_auto_needs_one_connection_at_a_time(service_url: str, generator: FakeGenerator) -> None:
    async with Database(service_url, caller=SYSTEM, max_connections=1) as narrow:
        image_id = await add(narrow, "lotion")
        said: dict[str, Any] = {"prompt": "lotion", "auto": Auto(), "idempotency_key": "k"}
        made = await accept(narrow, generator, search=Searches(narrow), **said)
    assert [one.image_id for one in made.references] == [image_id]


def filters_of(values: tuple[str, ...]) -> dict[str, Filters]:
    """Each list of a filter in turn, none of which any image passes."""
    nobody = ("nobody",)
    return {
        "brand": Filters(brand=values),
        "sku": Filters(sku=values),
        "collection": Filters(collection=values),
        "tags.all": Filters(brand=nobody, tags=TagFilter(all=values)),
        "tags.any": Filters(brand=nobody, tags=TagFilter(any=values)),
        "tags.none": Filters(brand=nobody, tags=TagFilter(none=values)),
    }


async def test_a_filter_list_has_64_values_at_most(
    database: Database, generator: FakeGenerator, subtests: pytest.Subtests
) -> None:
    searches = Searches(database)
    values = tuple(f"name {number}" for number in range(65))
    longest = filters_of(values[:64])
    for field, longer in filters_of(values).items():
        with subtests.test(field):
            with pytest.raises(InvalidInput, match="No image matches"):
                await accept(database, generator, auto=Auto(filters=longest[field]), search=searches)
            searches.answers.clear()
            with pytest.raises(InvalidInput, match=f"{field} .*64"):
                await accept(database, generator, auto=Auto(filters=longer), search=searches)
            assert searches.answers == []


async def test_a_dry_run_with_auto_shows_the_same_references_and_writes_nothing(
    database: Database, generator: FakeGenerator, encoder: HashingEncoder
) -> None:
    for title in ("lotion in a bottle", "rose soap", "citrus lotion"):
        await add(database, title)
    await index.fill(database, [encoder])
    request = GenerationRequest(prompt="a citrus lotion", auto=Auto(k=2))
    shown = await generation.preview(
        database, only(generator), request, look=lambda asked: search.look(database, by(encoder), asked)
    )
    assert await value(database, "SELECT count(*) FROM rage.searches") == 0
    assert await value(database, "SELECT count(*) FROM rage.prompt_vectors") == 0
    assert await counts(database) == (0, 0, 0, 0)

    made = await generation.accept(
        database,
        only(generator),
        request,
        defer=jobs.defer_generation,
        search=lambda asked: search.search(database, by(encoder), asked),
    )
    assert await value(database, "SELECT count(*) FROM rage.prompt_vectors") == 1
    assert len(shown.references) == 2
    assert [(one.image_id, one.search_rank) for one in shown.references] == [
        (one.image_id, one.search_rank) for one in made.references
    ]
    assert [one.search_score for one in shown.references] == pytest.approx(
        [one.search_score for one in made.references]
    )
