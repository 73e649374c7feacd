"""What is missing is found by what changed since the last look, whatever happens; nothing is left out.

What is taken away behind the triggers' back tells the two kinds of look apart: one at everything finds it.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from rage_pg import index
from rage_pg.database import Database
from rage_pg.errors import Conflict, InvalidInput
from rage_pg.index import claims, looks
from rage_pg.index.embedding import Filling, embed
from rage_pg.index.looks import Looks
from rage_pg.providers import usem3
from rage_pg.providers.checked import checked_vectors
from rage_pg.providers.ports import EncoderIdentity, Vectors
from tests.generating import rows, value
from tests.store import HashingEncoder, add, png

IDENTITY = usem3.Usem3().identity
TAKE_AWAY = "DELETE FROM rage.embeddings WHERE image_id = %(image_id)s"
MISSING = "SELECT sum(missing)::int FROM rage_v1.index_status WHERE state <> 'idle' AND encodes = 'caption'"


class Pictures:
    """An encoder of pictures without a model."""

    identity = EncoderIdentity(encoder="mine", model="m", weights_sha256=None, dimensions=7, encodes="image")

    async def encode_images(self, thumbnails: Any) -> Vectors:
        return checked_vectors([[1.0] * 7] * len(thumbnails), self.identity, len(thumbnails))


class Worker:
    """A process that fills, and remembers what it has looked at."""

    def __init__(self, database: Database, encoder: Any = None) -> None:
        self.database = database
        self.looks = Looks()
        self.encoder = encoder or HashingEncoder(IDENTITY)

    async def fill(self) -> int:
        [filled] = await index.fill(self.database, [self.encoder], waits=False, looks=self.looks)
        assert filled.trouble is None
        return filled.embedded


async def settled(database: Database, encoder: Any = None, *, images: int = 2) -> tuple[Worker, list[int]]:
    """A worker that has looked at everything, and the images of the store."""
    ids = [await add(database, f"thing {number}") for number in range(images)]
    worker = Worker(database, encoder)
    assert await worker.fill() == images
    return worker, ids


async def test_a_look_goes_on_from_the_one_before(database: Database) -> None:
    worker, [first, _] = await settled(database)
    await rows(database, TAKE_AWAY, image_id=first)
    assert await worker.fill() == 0
    assert await Worker(database).fill() == 1


async def test_once_in_a_while_everything_is_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, [first, _] = await settled(database)
    await rows(database, TAKE_AWAY, image_id=first)
    monkeypatch.setattr(looks, "COMPLETE_EVERY", 0.0)
    assert await worker.fill() == 1


async def test_what_is_new_or_says_something_else_is_found(database: Database) -> None:
    worker, [first, second] = await settled(database)
    await add(database, "boat")
    assert await worker.fill() == 1
    await rows(database, "UPDATE rage.images SET title = 'cup' WHERE image_id = %(id)s", id=first)
    await rows(database, "SELECT rage.refresh_documents(ARRAY[%(id)s]::bigint[])", id=first)
    assert await worker.fill() == 1
    for title in ("lamp", "thing 1"):
        await rows(
            database, "UPDATE rage.images SET title = %(t)s WHERE image_id = %(id)s", id=second, t=title
        )
        await rows(database, "SELECT rage.refresh_documents(ARRAY[%(id)s]::bigint[])", id=second)
    assert await worker.fill() == 0, "said as it was before, it has its vector"


async def test_what_shows_something_else_or_is_shown_again_is_found(database: Database) -> None:
    worker, [first, second] = await settled(database, Pictures())
    await rows(
        database,
        """UPDATE rage.images SET content_id = c.content_id
           FROM rage.store_contents(ARRAY[sha256(%(png)b)], ARRAY['image/png'], ARRAY[64], ARRAY[48],
                                    ARRAY[%(png)b::bytea], ARRAY['x'::bytea], ARRAY[1],
                                    ARRAY[NULL::bit(64)]) AS c
           WHERE image_id = %(id)s""",
        png=png(),
        id=first,
    )
    assert await worker.fill() == 1
    await rows(database, "UPDATE rage.images SET deleted_at = now() WHERE image_id = %(id)s", id=second)
    await rows(database, TAKE_AWAY, image_id=second)
    assert await worker.fill() == 0
    await rows(database, "UPDATE rage.images SET deleted_at = NULL WHERE image_id = %(id)s", id=second)
    assert await worker.fill() == 1


async def test_what_a_transaction_adds_that_ends_after_the_look_is_found_by_the_next(
    database: Database,
) -> None:
    worker, _ = await settled(database)
    async with database.transaction() as connection:
        await add(database.within(connection), "boat", brand="acme")
        await add(database, "cup", brand="lumen")
        assert await worker.fill() == 1
        assert await worker.fill() == 0
    assert await worker.fill() == 1


async def test_transactions_in_any_order_leave_nothing_behind(database: Database) -> None:
    worker, ids = await settled(database, images=12)
    draw = random.Random(7)
    # The pool's connections: some for the changes, some for the worker.
    free = asyncio.Semaphore(5)

    async def some_change(number: int) -> None:
        async with free, database.transaction() as connection:
            within = database.within(connection)
            await asyncio.sleep(draw.random() * 0.05)
            if number % 3:
                await add(within, f"new {number}", brand=f"brand {number}")
            else:
                values = {"id": ids[number // 3], "title": f"other {number}"}
                await connection.execute(
                    "UPDATE rage.images SET title = %(title)s WHERE image_id = %(id)s", values
                )
                await connection.execute("SELECT rage.refresh_documents(ARRAY[%(id)s]::bigint[])", values)
            await asyncio.sleep(draw.random() * 0.3)

    changes = asyncio.gather(*(some_change(number) for number in range(36)))
    found = 0
    while not changes.done():
        found += await worker.fill()
    await changes
    found += await worker.fill()
    assert await value(database, MISSING) == 0
    assert found == 36


async def test_what_another_gave_up_is_found_by_who_took_it_for_done(database: Database) -> None:
    worker, _ = await settled(database)
    image_id = await add(database, "boat")
    async with claims.filler(database, await space(database), Looks(), waits=False) as other:
        assert [item.image_id for item in await other.next()] == [image_id]
        assert await worker.fill() == 0
    assert await worker.fill() == 1


async def test_what_changed_while_another_embedded_it_is_found_by_who_took_it_for_done(
    database: Database,
) -> None:
    worker, _ = await settled(database)
    image_id = await add(database, "boat")
    caption = await space(database)
    async with claims.filler(database, caption, Looks(), waits=False) as other:
        items = await other.next()
        await rows(database, "UPDATE rage.images SET title = 'cup' WHERE image_id = %(id)s", id=image_id)
        await rows(database, "SELECT rage.refresh_documents(ARRAY[%(id)s]::bigint[])", id=image_id)
        assert await worker.fill() == 0
        filling = Filling(database=database, space=caption, encoder=worker.encoder, claims=other)
        assert await embed(filling, items) == 1
    assert await worker.fill() == 1
    assert await value(database, MISSING) == 0


async def test_what_failed_is_tried_again_until_it_is_held_and_then_when_it_is_asked_for(
    database: Database,
) -> None:
    class Picky(HashingEncoder):
        async def encode_documents(self, texts: Any) -> Vectors:
            self.calls += 1
            if any("boat" in text for text in texts) and not self.can:
                raise InvalidInput("No boats.")
            return await super().encode_documents(texts)

        can = False

    encoder = Picky(IDENTITY)
    worker, _ = await settled(database, encoder)
    await add(database, "boat")
    for _ in range(5):
        assert await worker.fill() == 0
    assert await value(database, "SELECT attempts FROM rage.failed_items") == 3
    encoder.can = True
    assert await worker.fill() == 0
    assert await index.retry(database, "usem3") == 1
    assert await worker.fill() == 1


async def test_a_space_that_was_retired_and_added_again_is_looked_at_anew(database: Database) -> None:
    worker, ids = await settled(database, Pictures())
    [name] = [one.name for one in await index.spaces(database) if one.encoder == "mine"]
    await index.retire(database, name)
    await index.add_space(database, Pictures.identity)
    assert await worker.fill() == len(ids)


async def test_a_look_at_a_retired_space_has_seen_nothing(database: Database) -> None:
    worker, ids = await settled(database, Pictures())
    [mine] = [one for one in await index.spaces(database) if one.encoder == "mine"]
    async with claims.filler(database, mine, worker.looks, waits=False) as late:
        await index.retire(database, mine.name)
        assert await late.next() == []
    await index.add_space(database, Pictures.identity)
    assert await worker.fill() == len(ids)


async def test_numbers_of_another_server_are_not_looked_at_again_and_again(database: Database) -> None:
    """As after a restored dump: the numbers of its transactions may lie far ahead."""
    worker, [first, second] = await settled(database)
    await rows(database, "UPDATE rage.images SET changed_in = '999999999999' RETURNING 1")
    await rows(database, TAKE_AWAY, image_id=first)
    assert await worker.fill() == 0
    await rows(database, "UPDATE rage.images SET title = 'cup' WHERE image_id = %(id)s", id=second)
    await rows(database, "SELECT rage.refresh_documents(ARRAY[%(id)s]::bigint[])", id=second)
    assert await worker.fill() == 1


async def test_many_images_are_looked_at_in_parts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "AHEAD", 3)
    monkeypatch.setattr(claims, "BATCH", 2)
    worker, ids = await settled(database, images=11)
    for image_id in ids[::2]:
        await rows(database, "UPDATE rage.images SET title = 'cup' WHERE image_id = %(id)s", id=image_id)
    await rows(database, "SELECT rage.refresh_documents(%(ids)s::bigint[])", ids=ids)
    assert await worker.fill() == 6
    assert await value(database, MISSING) == 0


async def test_many_changes_are_looked_at_with_everything_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "AHEAD", 3)
    worker, ids = await settled(database, images=5)
    await rows(database, TAKE_AWAY, image_id=ids[0])
    for new, found in ((2, 2), (3, 4)):
        for number in range(new):
            await add(database, f"new {number}")
        assert await worker.fill() == found
    assert await value(database, MISSING) == 0


REFUSE = """
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''serialization_failure''; END';
CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON rage.embedding_claims
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.refuse();
"""


async def test_a_look_of_which_a_part_was_not_committed_is_not_gone_on_with(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "BATCH", 1)
    worker, _ = await settled(database)
    new = [await add(database, f"new {number}") for number in range(2)]
    caption = await space(database)
    async with claims.filler(database, caption, worker.looks, waits=False) as other:
        await rows(database, REFUSE)
        with pytest.raises(Conflict):
            await other.next()
        await rows(database, "DROP TRIGGER refused ON rage.embedding_claims")
        found = [item.image_id for _ in new for item in await other.next()]
        assert await other.next() == []
    assert found == new


async def space(database: Database) -> Any:
    [found] = [one for one in await index.spaces(database) if one.name == "usem3"]
    return found
