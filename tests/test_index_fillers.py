"""Several fill one space: nothing twice, nothing left out, whatever becomes of one of them."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege

from rage_pg import index, search
from rage_pg.database import Database
from rage_pg.index import claims, filling
from rage_pg.providers import usem3
from rage_pg.providers.ports import Vectors
from rage_pg.types import SearchRequest
from tests.generating import value
from tests.store import HashingEncoder, add, by

CLAIMS = "SELECT count(*) FROM rage.embedding_claims"
FILLERS = "SELECT count(*) FROM rage.fillers"
EMBEDDED = "SELECT count(*) FROM rage.embeddings"
IDENTITY = usem3.Usem3().identity


class Slow(HashingEncoder):
    """Waits in every call until it is let on."""

    def __init__(self) -> None:
        super().__init__(IDENTITY)
        self.called = asyncio.Event()
        self.release = asyncio.Event()

    async def encode_documents(self, texts: Any) -> Vectors:
        self.called.set()
        await self.release.wait()
        return await super().encode_documents(texts)


async def fill(database: Database, encoder: HashingEncoder) -> index.Filled:
    [filled] = await index.fill(database, [encoder])
    return filled


async def silence(database: Database) -> None:
    """Make it seem as if whoever fills a space had not been heard of for long."""
    async with database.transaction() as connection:
        await connection.execute("UPDATE rage.fillers SET beat_at = beat_at - interval '1 hour'")


async def test_several_share_the_work_and_embed_nothing_twice(database: Database) -> None:
    for number in range(3 * claims.BATCH + 5):
        await add(database, f"thing {number}")
    encoders = [HashingEncoder(IDENTITY) for _ in range(3)]
    filled = await asyncio.gather(*(fill(database, encoder) for encoder in encoders))
    assert sum(one.embedded for one in filled) == 3 * claims.BATCH + 5
    assert sum(encoder.calls for encoder in encoders) == 4
    assert [await value(database, count) for count in (EMBEDDED, CLAIMS, FILLERS)] == [
        3 * claims.BATCH + 5,
        0,
        0,
    ]


async def test_who_has_nothing_left_waits_for_what_others_are_at_work_on(database: Database) -> None:
    await add(database, "lamp")
    slow = Slow()
    first = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    second = asyncio.create_task(fill(database, HashingEncoder(IDENTITY)))
    await asyncio.sleep(0.7)
    assert not second.done()
    slow.release.set()
    assert [(await first).embedded, (await second).embedded] == [1, 0]


async def test_what_a_lost_filler_claimed_is_taken_over_image_by_image(database: Database) -> None:
    for number in range(5):
        await add(database, f"thing {number}")
    slow = Slow()
    lost = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    await silence(database)
    other = HashingEncoder(IDENTITY)
    assert (await fill(database, other)).embedded == 5
    assert other.calls == 5
    # The one that was taken for lost comes back: nothing is embedded twice in the store.
    slow.release.set()
    await lost
    assert [await value(database, count) for count in (EMBEDDED, CLAIMS, FILLERS)] == [5, 0, 0]


async def test_a_cancelled_filler_gives_its_claims_up(database: Database) -> None:
    await add(database, "lamp")
    slow = Slow()
    task = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    waiting = "SELECT count(*) FROM rage.embedding_claims WHERE filler_id IS NULL"
    assert [await value(database, count) for count in (CLAIMS, waiting, FILLERS)] == [1, 1, 0]
    assert (await fill(database, HashingEncoder(IDENTITY))).embedded == 1


DEADLY = """
import asyncio, os, sys
from rage_pg import index, search
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.providers import usem3
from tests.store import HashingEncoder

class Deadly(HashingEncoder):
    async def encode_documents(self, texts):
        if any("deadly" in text for text in texts):
            os.kill(os.getpid(), 9)
        return await super().encode_documents(texts)

async def main():
    async with Database(sys.argv[1], caller=SYSTEM) as database:
        await index.fill(database, [Deadly(usem3.Usem3().identity)])

asyncio.run(main())
"""


async def test_an_image_that_kills_whoever_embeds_it_is_held_and_the_others_are_embedded(
    database: Database,
) -> None:
    for title in ("lamp", "deadly", "boat", "cup"):
        await add(database, title)
    codes = []
    for _ in range(claims.MOST_LOSSES + 2):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", DEADLY, database.url)
        codes.append(await process.wait())
        await silence(database)
    assert codes == [-9] * (claims.MOST_LOSSES + 1) + [0]
    assert await value(database, EMBEDDED) == 3
    held = "SELECT array_agg(reason || ' ' || held) FROM rage_v1.failed_items"
    assert await value(database, held) == [f"Whoever embedded it was lost, {claims.MOST_LOSSES} times. true"]
    assert await value(database, CLAIMS) == 0
    assert await index.retry(database, "usem3") == 1
    assert (await fill(database, HashingEncoder(IDENTITY))).embedded == 1


async def test_what_is_erased_while_it_is_embedded_gets_no_vector(database: Database) -> None:
    image_id = await add(database, "lamp")
    slow = Slow()
    task = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE rage.images SET deleted_at = now(), erased_at = now() WHERE image_id = %s", [image_id]
        )
    slow.release.set()
    await task
    assert [await value(database, count) for count in (EMBEDDED, CLAIMS)] == [0, 0]


async def test_words_that_change_while_they_are_embedded_are_embedded_again(database: Database) -> None:
    image_id = await add(database, "lamp")
    slow = Slow()
    task = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    async with database.transaction() as connection:
        await connection.execute("UPDATE rage.images SET title = 'boat' WHERE image_id = %s", [image_id])
        await connection.execute("SELECT rage.refresh_documents(ARRAY[%s]::bigint[])", [image_id])
    slow.release.set()
    assert (await task).embedded == 2, "it finds the change before it ends"
    assert await value(database, EMBEDDED) == 1


async def test_the_status_tells_how_fast_a_space_fills(database: Database) -> None:
    for number in range(claims.BATCH + 1):
        await add(database, f"thing {number}")

    class SecondIsSlow(Slow):
        async def encode_documents(self, texts: Any) -> Vectors:
            if self.calls == 0:
                return await HashingEncoder.encode_documents(self, texts)
            return await super().encode_documents(texts)

    slow = SecondIsSlow()
    task = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    [space] = [space for space in await index.spaces(database) if space.name == "usem3"]
    assert (space.embedded, space.missing, space.fillers) == (claims.BATCH, 1, 1)
    assert space.per_second is not None
    assert space.per_second > 0
    slow.release.set()
    await task
    [space] = [space for space in await index.spaces(database) if space.name == "usem3"]
    assert (space.fillers, space.per_second) == (0, None)


HNSW = "SELECT to_regclass('rage.embeddings_1_hnsw') IS NOT NULL"


async def test_a_load_into_an_empty_space_gets_its_index_when_it_is_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "MANY", 5)
    for number in range(5):
        await add(database, f"thing {number}")
    slow = Slow()
    task = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    assert not await value(database, HNSW)
    slow.release.set()
    assert (await task).index_built
    assert await value(database, HNSW)
    await add(database, "one more")
    assert not (await fill(database, HashingEncoder(IDENTITY))).index_built


async def test_an_index_that_a_lost_load_left_undone_is_built_by_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "MANY", 5)
    for number in range(5):
        await add(database, f"thing {number}")
    slow = Slow()
    task = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not await value(database, HNSW)
    found = await search.search(database, by(), SearchRequest(prompt="thing 3"))
    assert len(found.items) == 5
    filled = await asyncio.gather(*(fill(database, HashingEncoder(IDENTITY)) for _ in range(3)))
    assert sum(one.index_built for one in filled) == 1
    assert await value(database, HNSW)
    assert await value(database, "SELECT count(index_definition) FROM rage.embedding_spaces") == 0


async def test_a_few_images_are_added_to_the_index_one_by_one(database: Database) -> None:
    await add(database, "lamp")
    slow = Slow()
    task = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    assert await value(database, HNSW)
    slow.release.set()
    assert not (await task).index_built


async def test_what_the_owner_executes_to_build_an_index_the_service_cannot_write(database: Database) -> None:
    with pytest.raises(InsufficientPrivilege):
        async with database.transaction() as connection:
            await connection.execute("UPDATE rage.embedding_spaces SET index_definition = 'DROP TABLE x'")


async def test_a_build_of_the_index_waits_for_nobody_who_waits_for_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stores a vector holds the space's row, and wants the partition that is being indexed."""
    monkeypatch.setattr(filling, "MANY", 5)
    for number in range(5):
        await add(database, f"thing {number}")
    slow = Slow()
    task = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    await add(database, "one more")
    async with database.transaction() as connection:
        await connection.execute("SELECT FROM rage.embedding_spaces WHERE space_id = 1 FOR SHARE")
        building = asyncio.create_task(built(database))
        await asyncio.sleep(0.3)
        await connection.execute("DELETE FROM rage.embeddings WHERE space_id = 1 AND image_id = 0")
    assert await building
    slow.release.set()
    assert (await task).embedded == 6


async def built(database: Database) -> bool:
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT rage.build_index(1) AS built")
        row = await cursor.fetchone()
    return bool(row and row["built"])


async def test_what_another_gave_up_meanwhile_is_not_left_behind(database: Database) -> None:
    for number in range(2 * claims.BATCH):
        await add(database, f"thing {number}")
    slow = Slow()
    first = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    second = asyncio.create_task(fill(database, HashingEncoder(IDENTITY)))
    await asyncio.sleep(0.7)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert (await second).embedded == 2 * claims.BATCH


async def test_a_worker_leaves_what_others_are_at_to_them(database: Database) -> None:
    await add(database, "lamp")
    slow = Slow()
    first = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    [filled] = await index.fill(database, [HashingEncoder(IDENTITY)], waits=False)
    assert filled.embedded == 0
    slow.release.set()
    assert (await first).embedded == 1


async def test_a_filler_that_was_forgotten_comes_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "BEAT", 0.1)
    await add(database, "lamp")
    slow = Slow()
    first = asyncio.create_task(fill(database, slow))
    await slow.called.wait()
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM rage.fillers")
    await asyncio.sleep(0.5)
    assert await value(database, FILLERS) == 1
    slow.release.set()
    assert (await first).embedded == 1


async def test_a_retired_space_comes_back_only_when_it_is_added(database: Database) -> None:
    identity = type(IDENTITY)(encoder="mine", model="m", weights_sha256=None, dimensions=7, encodes="caption")
    encoder = HashingEncoder(identity)
    await add(database, "lamp")
    [filled] = await index.fill(database, [encoder])
    await index.retire(database, filled.space)
    assert await index.fill(database, [encoder]) == []
    await index.note_trouble(
        database, next(s for s in await index.spaces(database) if s.name == filled.space), "x"
    )
    [space] = [space for space in await index.spaces(database) if space.name == filled.space]
    assert (space.state, space.trouble) == ("retired", None)
    await index.add_space(database, identity)
    assert (await index.fill(database, [encoder]))[0].embedded == 1


async def test_one_space_that_fails_for_a_reason_of_ours_stops_no_other(database: Database) -> None:
    class Wrong(HashingEncoder):
        async def encode_documents(self, texts: Any) -> Vectors:
            raise TypeError("a bug")

    await add(database, "lamp")
    other = type(IDENTITY)(encoder="mine", model="m", weights_sha256=None, dimensions=7, encodes="caption")
    filled = await index.fill(database, [Wrong(IDENTITY), HashingEncoder(other)])
    assert [(one.embedded, one.trouble) for one in filled] == [
        (0, "Internal error; the log says more."),
        (1, None),
    ]
