"""References that the search chooses: which, when it is run, and that a dry run leaves no trace of it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from rage_pg import claims, generation, index, jobs, proposal, search
from rage_pg.callers import SYSTEM
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.errors import Conflict, InvalidInput, NotFound
from rage_pg.types import (
    Auto,
    Filters,
    Generation,
    GenerationRequest,
    Proposal,
    ProposalRequest,
    SearchAnswer,
    SearchRequest,
    TagFilter,
)
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


class Proposes:
    """A planner that is paid, and takes its time."""

    def __init__(self, database: Database, *, fails: bool = False) -> None:
        self.database = database
        self.asked = 0
        self.fails = fails

    async def __call__(self, request: ProposalRequest) -> Proposal:
        self.asked += 1
        # The others come to where they would ask, too.
        await asyncio.sleep(0.3)
        if self.fails and self.asked == 1:
            raise NotFound("gone")
        return await proposal.propose(self.database, by(), proposal.by_catalogue, request, request.slots or 8)


async def test_six_at_once_with_one_key_ask_for_one_proposal(
    database: Database, generator: FakeGenerator
) -> None:
    await add(database, "lotion")
    proposes = Proposes(database)
    said: dict[str, Any] = {"prompt": "a lotion", "auto": Auto(), "propose": proposes}
    made = await asyncio.gather(*(accept(database, generator, idempotency_key="k", **said) for _ in range(6)))
    assert (len({one.id for one in made}), proposes.asked) == (1, 1)
    others = [accept(database, generator, idempotency_key=f"k{number}", **said) for number in range(2)]
    nameless = [accept(database, generator, **said) for _ in range(2)]
    made = await asyncio.gather(*others, *nameless)
    assert (len({one.id for one in made}), proposes.asked) == (4, 5)


async def test_so_do_those_of_several_processes(
    database: Database, service_url: str, generator: FakeGenerator
) -> None:
    await add(database, "lotion")
    proposes = Proposes(database)
    said: dict[str, Any] = {"prompt": "a lotion", "auto": Auto(), "idempotency_key": "k", "propose": proposes}
    async with Database(service_url, caller=SYSTEM) as another:
        made = await asyncio.gather(*(accept(one, generator, **said) for one in (database, another) * 3))
    assert (len({one.id for one in made}), proposes.asked) == (1, 1)


async def test_where_the_first_of_them_fails_the_next_one_asks(
    database: Database, generator: FakeGenerator
) -> None:
    await add(database, "lotion")
    proposes = Proposes(database, fails=True)
    said: dict[str, Any] = {"prompt": "a lotion", "auto": Auto(), "idempotency_key": "k", "propose": proposes}
    made = await asyncio.gather(
        *(accept(database, generator, **said) for _ in range(3)), return_exceptions=True
    )
    assert [type(one) for one in made] == [NotFound, Generation, Generation]
    assert (len({one.id for one in made[1:] if isinstance(one, Generation)}), proposes.asked) == (1, 2)


async def test_one_that_is_given_up_lets_go_of_the_key(
    database: Database, service_url: str, generator: FakeGenerator
) -> None:
    await add(database, "lotion")
    asked, never = asyncio.Event(), asyncio.Event()

    async def hang(_: ProposalRequest) -> Proposal:
        asked.set()
        await never.wait()
        raise AssertionError

    said: dict[str, Any] = {"prompt": "a lotion", "auto": Auto(), "idempotency_key": "k"}
    given_up = asyncio.create_task(accept(database, generator, propose=hang, **said))
    await asyncio.wait_for(asked.wait(), 20)
    async with Database(service_url, caller=SYSTEM) as another:
        waiting = asyncio.create_task(accept(another, generator, propose=Proposes(another), **said))
        given_up.cancel()
        assert (await asyncio.wait_for(waiting, 20)).status == "queued"
    assert given_up.cancelled()


async def test_a_key_that_another_process_holds_for_too_long_is_a_conflict(
    database: Database, service_url: str, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "PATIENCE", 0.0)
    said: dict[str, Any] = {"prompt": "a lotion", "auto": Auto(), "idempotency_key": "k"}
    async with Database(service_url, caller=SYSTEM) as another, another.claimed("rage.generation  k"):
        with pytest.raises(Conflict, match="under way"):
            await accept(database, generator, propose=Proposes(database), **said)
    await add(database, "lotion")
    await accept(database, generator, propose=Proposes(database), **said)


END_THE_SESSION = """
SELECT pg_terminate_backend(pid, 20000)
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""


async def test_a_session_that_the_server_ended_is_begun_anew(database: Database) -> None:
    async with database.claimed("soap"):
        assert await value(database, END_THE_SESSION)
    async with database.claimed("soap"):
        assert await value(database, END_THE_SESSION)


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
