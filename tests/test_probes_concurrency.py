"""Probes with many at once: whoever comes after another on a connection gets nothing that was the other's."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from rage_pg import history, ingest, search
from rage_pg.callers import NOBODY, SYSTEM
from rage_pg.catalogue import brands, images
from rage_pg.database import Connection, Database
from rage_pg.embedded import app_url
from rage_pg.errors import NotFound, RageError
from rage_pg.types import Filters, ImageMetadata, SearchRequest
from tests.probing import OURS, THEIRS, Side, World, cloned
from tests.probing_world import served, world_on
from tests.store import by, png

LEFT = """
SELECT nullif(current_setting('rage.caller', true), '') AS caller,
       current_setting('transaction_read_only') AS reading,
       (SELECT count(*) FROM rage.images) AS seen
"""
NOTHING = {"caller": None, "reading": "off", "seen": 0}


@pytest.fixture(scope="module")
def world(server_18: str, template: str) -> World:
    return world_on(server_18, template)


@pytest.fixture
async def database(server_18: str, world: World) -> AsyncIterator[Database]:
    """With a single connection, that all share; on behalf of nobody."""
    with cloned(server_18, world.full) as url:
        async with Database(app_url(url), max_connections=1) as opened:
            yield opened


class Broken(Exception):
    pass


async def left_behind(database: Database) -> Any:
    """Whose the pooled connection is, whether it may only read, and how many images it sees."""
    async with database._pool.connection() as connection:
        return await (await connection.execute(LEFT)).fetchone()


async def seen(database: Database) -> set[str]:
    """The brands of everything that a few questions answer."""
    page = await images.listing(database, Filters())
    found = await search.look(database, by(), SearchRequest(prompt="lotion"))
    facets = await images.facets(database, Filters())
    made = await history.listing(database)
    return {
        *(image.brand for image in page.items),
        *(item.image.brand for item in found),
        *(brand.value for brand in facets.brands),
        *(one.brand for one in made.items),
        *(brand.name for brand in await brands.listing(database)),
    }


async def fail_half_way(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("SELECT count(*) FROM rage.images")
        raise Broken


async def fail_in_the_database(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("SELECT 1 / 0")


async def be_cancelled(database: Database) -> None:
    async def slowly() -> None:
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_sleep(10), count(*) FROM rage.images")

    task = asyncio.create_task(slowly())
    await asyncio.sleep(random.uniform(0, 0.02))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def spoil_the_setting(database: Database) -> None:
    """What a careless statement could do: even so, the next one says for whom it asks."""
    async with database.transaction() as connection:
        await connection.execute("SELECT set_config('rage.caller', 'system', true)")
        raise Broken


async def write(database: Database) -> None:
    brand = {OURS, THEIRS} & {brand.name for brand in await brands.listing(database)}
    await ingest.add_image(database, png(), ImageMetadata(brand=min(brand)))


async def test_requests_of_two_keys_on_one_connection_see_their_own(database: Database, world: World) -> None:
    callers = {OURS: world.ours.caller, THEIRS: world.theirs.caller, "": NOBODY}
    troubles = (fail_half_way, fail_in_the_database, be_cancelled, spoil_the_setting, write)

    async def ask(brand: str) -> tuple[str, set[str]]:
        return brand, await seen(database.acting_for(callers[brand]))

    async def trouble(number: int) -> None:
        caller = (world.ours.caller, world.theirs.caller)[number % 2]
        with suppress(Broken, RageError, ZeroDivisionError, Exception):
            await troubles[number % len(troubles)](database.acting_for(caller))

    work: list[Any] = [ask(brand) for brand in callers for _ in range(15)] + [trouble(n) for n in range(30)]
    random.Random(3).shuffle(work)
    answers = [answer for answer in await asyncio.gather(*work) if answer is not None]
    assert len(answers) == 45
    allowed = {OURS: {OURS, "shared"}, THEIRS: {THEIRS, "shared"}, "": set()}
    assert [brand for brand, brands_seen in answers if brands_seen != allowed[brand]] == []
    assert await left_behind(database) == NOTHING


@pytest.mark.parametrize(
    "trouble", [fail_half_way, fail_in_the_database, be_cancelled, spoil_the_setting, write]
)
async def test_connection_is_nobodys_after(database: Database, world: World, trouble: Any) -> None:
    with suppress(Broken, RageError, Exception):
        await trouble(database.acting_for(world.theirs.caller))
    assert await left_behind(database) == NOTHING
    with pytest.raises(NotFound):
        await images.get(database.acting_for(world.ours.caller), world.theirs.image.id)


async def test_connection_is_nobodys_after_a_reading(database: Database, world: World) -> None:
    async with database.acting_for(SYSTEM).reading() as connection:
        await connection.execute("SELECT 1")
    assert await left_behind(database) == NOTHING
    assert await seen(database) == set()


async def test_probes_notice_a_setting_that_outlives_its_transaction(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_good = "SELECT set_config('rage.caller', %s, false)"
    monkeypatch.setattr("rage_pg.database.ACT_FOR", for_good)
    await write(database.acting_for(world.theirs.caller))
    left = await left_behind(database)
    assert (left["caller"], left["seen"] > 0) == (world.theirs.caller.setting, True)


async def test_who_asks_stays_through_a_savepoint_that_fails(database: Database, world: World) -> None:
    async def fail_within(connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute(
                "SELECT set_config('rage.caller', %s, true)", [world.theirs.caller.setting]
            )
            raise Broken

    async with database.acting_for(world.ours.caller).transaction() as connection:
        with suppress(Broken):
            await fail_within(connection)
        cursor = await connection.execute("SELECT array_agg(DISTINCT brand) AS seen FROM rage_v1.images")
        assert await cursor.fetchone() == {"seen": [OURS, "shared"]}


async def test_requests_of_two_keys_to_one_service_see_their_own(server_18: str, world: World) -> None:
    async with served(server_18, world.full) as client:
        sides = {side.brand: (side, client.asking(side.key)) for side in (world.ours, world.theirs)}

        async def ask(brand: str, other: Side, number: int) -> bool:
            side, asking = sides[brand]
            path = (
                "/api/images?limit=200", "/api/facets", "/api/generations", "/api/brands", "/api/collections",
                f"/api/images/{side.image.id}", f"/api/generations/{side.made.id}",
            )[number % 7]  # fmt: skip
            own = await asking.get(path)
            foreign = await asking.get(f"/api/images/{other.image.id}")
            told = {"acme": "lantern", "velvetfox": "quagga"}
            return (
                own.status_code == 200
                and foreign.status_code == 404
                and told[brand] in own.text
                and told[other.brand] not in own.text
            )

        others = {OURS: world.theirs, THEIRS: world.ours}
        work = [ask(brand, others[brand], number) for number in range(28) for brand in sides]
        assert await asyncio.gather(*work) == [True] * 56
