"""Probes of bytes, which are stored once for all brands, and of what names several brands' things."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from rage_pg import history, ingest, search
from rage_pg.callers import SYSTEM
from rage_pg.catalogue import collections, images
from rage_pg.database import Database
from rage_pg.embedded import app_url
from rage_pg.errors import InvalidInput, NotFound, RageError
from rage_pg.types import ImageMetadata, SearchRequest
from tests.probing import COMMON, OURS, THEIRS, World, cloned
from tests.probing_world import world_on
from tests.store import by, png


@pytest.fixture(scope="module")
def world(server_18: str, template: str) -> World:
    return world_on(server_18, template)


@pytest.fixture
async def stores(server_18: str, world: World) -> AsyncIterator[tuple[Database, Database]]:
    """A copy of the world as our key has it, and as theirs has it."""
    with cloned(server_18, world.full) as url:
        async with Database(app_url(url), caller=SYSTEM) as database:
            sides = (world.ours, world.theirs)
            yield database.acting_for(sides[0].caller), database.acting_for(sides[1].caller)


BYTES = "SELECT c.bytes FROM rage.contents AS c WHERE encode(c.sha256, 'hex') = %s AND c.bytes IS NOT NULL"


async def rows(database: Database, statement: str, *values: object) -> list[Any]:
    async with database.transaction() as connection:
        return await (await connection.execute(statement.encode(), values)).fetchall()


async def test_a_hash_gives_no_bytes(stores: tuple[Database, Database], world: World) -> None:
    claimed = hashlib.sha256(world.theirs.content).digest()
    other = png()
    arguments = [[claimed], ["image/png"], [64], [48], [other], [other], [1], [None]]
    with pytest.raises(InvalidInput, match="another hash"):
        await rows(stores[0], "SELECT rage.store_contents(%s, %s, %s, %s, %s, %s, %s, %s)", *arguments)
    assert await rows(stores[0], BYTES, claimed.hex()) == []


async def test_their_small_picture_stays(stores: tuple[Database, Database], world: World) -> None:
    """Who brings the same bytes does not choose what others are shown of them."""
    ours, theirs = stores
    before = await images.thumbnail(theirs, world.theirs.twin_id)
    arguments = [[hashlib.sha256(COMMON).digest()], ["image/png"], [64], [48], [COMMON], [png()], [1], [None]]
    with suppress(RageError):
        await rows(ours, "SELECT rage.store_contents(%s, %s, %s, %s, %s, %s, %s, %s)", *arguments)
    assert await images.thumbnail(theirs, world.theirs.twin_id) == before


async def test_their_bytes_are_new_to_us(stores: tuple[Database, Database], world: World) -> None:
    ours, theirs = stores
    known = await ingest.add_image(theirs, world.theirs.content, ImageMetadata(brand=THEIRS))
    assert known.status == "duplicate"
    item = await ingest.add_image(ours, world.theirs.content, ImageMetadata(brand=OURS, title="mine"))
    assert item.status == "imported"
    assert item.image_id is not None
    image = await images.get(ours, item.image_id)
    assert world.told(str(image), [world.theirs.image.sha256]) == []


async def test_erasing_our_copy_leaves_theirs_and_does_not_tell(
    stores: tuple[Database, Database], world: World
) -> None:
    ours, theirs = stores
    sole = await ingest.add_image(ours, png(), ImageMetadata(brand=OURS))
    for image_id in (world.ours.twin_id, sole.image_id or 0):
        content = await images.get(ours, image_id)
        await images.delete(ours, image_id, erase=True)
        with pytest.raises(NotFound):
            await images.content(ours, image_id)
        assert await rows(ours, BYTES, content.sha256) == []
    assert (await images.content(theirs, world.theirs.twin_id)).data == COMMON
    assert await rows(theirs, BYTES, hashlib.sha256(COMMON).hexdigest())


async def test_bytes_that_they_erased_come_back_to_us_alone(
    stores: tuple[Database, Database], world: World
) -> None:
    ours, theirs = stores
    image_id = world.theirs.image.id
    await images.delete(theirs, image_id, erase=True)
    item = await ingest.add_image(ours, world.theirs.content, ImageMetadata(brand=OURS))
    assert item.status == "imported"
    assert (await images.content(ours, item.image_id or 0)).data == world.theirs.content
    with pytest.raises(NotFound):
        await images.content(theirs, image_id)
    assert await rows(theirs, BYTES, world.theirs.image.sha256) == []


async def test_what_a_revoked_key_asked_is_shown_to_nobody(
    world: World, stores: tuple[Database, Database]
) -> None:
    """A key may be revoked while its search is under way."""
    ours, theirs = stores
    revoked = "UPDATE rage.callers SET revoked_at = now() WHERE name = 'vfx-key' RETURNING 1"
    await rows(theirs.acting_for(SYSTEM), revoked)
    with suppress(RageError):
        await search.search(theirs, by(), SearchRequest(prompt="quagga in secret"))
    assert await rows(ours, "SELECT prompt FROM rage_v1.search_log WHERE prompt LIKE '%%quagga%%'") == []


async def test_a_parent_of_another_brand_is_not_named(
    stores: tuple[Database, Database], world: World
) -> None:
    """Who is granted both may go on for one brand from what was made for the other."""
    ours, _ = stores
    parent = "UPDATE rage.generations SET parent_id = %s, search_id = %s WHERE generation_id = %s RETURNING 1"
    values = (world.theirs.made.id, world.theirs.search_id, world.ours.made.id)
    await rows(ours.acting_for(SYSTEM), parent, *values)
    shown = await history.get(ours, world.ours.made.id)
    assert world.told(str(shown)) == []
    viewed = await rows(ours, "SELECT * FROM rage_v1.generations")
    assert world.told(str(viewed)) == []


async def test_our_collection_with_a_picture_of_theirs_shows_ours_alone(
    stores: tuple[Database, Database], world: World
) -> None:
    ours, _ = stores
    mixed = await collections.get(ours, "mixed")
    assert mixed.image_ids == (world.ours.image.id,)
    both = await rows(
        ours.acting_for(SYSTEM), "SELECT image_ids FROM rage_v1.collections WHERE collection = 'mixed'"
    )
    assert world.lent.id in both[0]["image_ids"]
