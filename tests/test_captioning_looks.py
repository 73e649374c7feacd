"""What is to be described is found by what changed since the last run that saw all; nothing is left out."""

from __future__ import annotations

import pytest

from rage_pg.database import Database
from rage_pg.errors import ProviderError
from rage_pg.index import Described, Looks
from rage_pg.index.captions import claims
from tests.captioning import FakeCaptioner, describe
from tests.generating import rows, value
from tests.store import add, png

TAKE_AWAY = "DELETE FROM rage.descriptions WHERE image_id = %(image_id)s"
CLAIM = """
INSERT INTO rage.caption_tries (brand_id, image_id, reader, content_id, run_id, claimed_until)
SELECT brand_id, image_id, 'model', content_id, gen_random_uuid(), now() - interval '1 s'
FROM rage.images WHERE image_id = %(id)s
"""


class Worker:
    """A process that describes, and remembers what it has looked at."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.looks = Looks()
        self.captioner = FakeCaptioner()

    async def describe(self, limit: int | None = None) -> Described:
        return await describe(self.database, self.captioner, limit=limit, looks=self.looks)


async def settled(database: Database, *, images: int = 2) -> tuple[Worker, list[int]]:
    ids = [await add(database) for _ in range(images)]
    worker = Worker(database)
    assert (await worker.describe()).described == images
    return worker, ids


async def test_a_run_goes_on_from_the_one_before(database: Database) -> None:
    worker, [first, _] = await settled(database)
    await rows(database, TAKE_AWAY, image_id=first)
    new = await add(database)
    done = await worker.describe()
    assert (done.described, done.remaining) == (1, 0)
    assert await value(database, "SELECT max(image_id) FROM rage.descriptions") == new
    assert (await Worker(database).describe()).described == 1, "another looks at everything"


async def test_a_run_that_met_its_limit_has_not_seen_all(database: Database) -> None:
    for _ in range(3):
        await add(database)
    worker = Worker(database)
    described = [(await worker.describe(limit=2)).described for _ in range(2)]
    assert described == [2, 1]
    assert (await worker.describe(limit=2)).described == 0


async def test_many_changes_are_looked_at_with_everything_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "MOST_CHANGED", 2)
    worker, [first, _] = await settled(database)
    await rows(database, TAKE_AWAY, image_id=first)
    for _ in range(3):
        await add(database)
    assert (await worker.describe()).described == 4


async def test_what_a_run_gives_back_is_found_by_who_took_it_for_done(database: Database) -> None:
    worker, [first, _] = await settled(database)
    await rows(database, TAKE_AWAY, image_id=first)
    assert (await worker.describe()).described == 0
    other = FakeCaptioner()
    other.error = ProviderError("The key is bad.", hopeless=True)
    assert (await describe(database, other)).stopped == "The key is bad."
    assert (await worker.describe()).described == 1
    assert (await worker.describe()).described == 0


async def test_what_a_lost_run_was_at_is_found_by_who_took_it_for_done(database: Database) -> None:
    worker, [first, _] = await settled(database)
    await rows(database, TAKE_AWAY, image_id=first)
    await rows(database, CLAIM, id=first)
    assert (await worker.describe()).described == 1


async def test_what_failed_is_tried_again_until_it_is_held(database: Database) -> None:
    worker, _ = await settled(database)
    await add(database)
    worker.captioner.error = ProviderError("No.")
    assert [(await worker.describe()).failed for _ in range(4)] == [1, 1, 1, 0]


async def test_what_failed_and_was_deleted_is_looked_at_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, [first, _] = await settled(database)
    gone = [await add(database) for _ in range(3)]
    worker.captioner.error = ProviderError("No.")
    assert (await worker.describe()).failed == 3
    await rows(database, "UPDATE rage.images SET deleted_at = now() WHERE image_id = ANY (%(ids)s)", ids=gone)
    assert (await worker.describe()).failed == 0
    monkeypatch.setattr(claims, "MOST_CHANGED", 2)
    worker.captioner.error = None
    await rows(database, TAKE_AWAY, image_id=first)
    assert (await worker.describe()).described == 0, "three changes would be too many to go on from"


async def test_another_picture_during_the_call_is_left_to_whoever_comes_next(database: Database) -> None:
    worker, _ = await settled(database)
    image_id = await add(database, "Lamp", external_id="L-1")
    other = FakeCaptioner()

    async def change() -> None:
        other.on_call = None
        await add(database, external_id="L-1", content=png())
        other.error = ProviderError("The key is bad.", hopeless=True)
        other.errors = []

    other.on_call = change
    await describe(database, other)
    waiting = "SELECT array_agg(image_id) FROM rage.caption_tries WHERE run_id IS NULL AND attempts = 0"
    assert await value(database, waiting) == [image_id]
    assert (await worker.describe()).described == 1
    assert await value(database, "SELECT count(*) FROM rage.caption_tries") == 0


async def test_what_was_held_for_another_picture_is_found(database: Database) -> None:
    worker, [first, _] = await settled(database)
    await rows(database, TAKE_AWAY, image_id=first)
    await rows(database, CLAIM, id=first)
    held = "UPDATE rage.caption_tries SET attempts = 3, run_id = NULL, claimed_until = NULL"
    await rows(database, held)
    assert (await worker.describe()).described == 0
    await rows(
        database, "UPDATE rage.caption_tries SET content_id = (SELECT max(content_id) FROM rage.contents)"
    )
    assert (await worker.describe()).described == 1
