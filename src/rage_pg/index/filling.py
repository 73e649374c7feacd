"""Embeds what is missing or out of date, space by space, beside whoever else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from rage_pg.database import Database, execute, fetch_value
from rage_pg.index.claims import SQL, filler
from rage_pg.index.embedding import Filling, Trouble, embed
from rage_pg.index.spaces import space_of
from rage_pg.providers.ports import Encoder, PaidEncoder
from rage_pg.types import Space

CALLS_AT_ONCE = 4
"""Requests under way to a provider over the network. A model in this process has one thread."""

MANY = 500
"""Images from which on an index is built after a load: each vector that is added to it costs milliseconds."""

Progress: TypeAlias = Callable[[str, int], None]
"""Called with a space's name and how many of its images have been dealt with since the last call."""


class Filled(Struct, frozen=True, kw_only=True):
    """What became of one space: images embedded, images that failed, and why it did not go on, if so.

    `index_built`: its HNSW index was built after the load, not vector by vector.
    """

    space: str
    embedded: int = 0
    failed: int = 0
    trouble: str | None = None
    index_built: bool = False


async def fill(
    database: Database, encoders: Sequence[Encoder], progress: Progress | None = None
) -> list[Filled]:
    """Embed all that is missing in the spaces of these encoders; what others are at work on is waited for.

    An input that an encoder cannot embed is recorded with its reason and never stops the rest; an encoder
    that does not work stops its own space. Vectors are committed batch by batch: killed and run again, it
    goes on where it stopped. Any number may fill at the same time, in any processes.
    """
    found = [(await space_of(database, encoder), encoder) for encoder in encoders]
    return list(
        await asyncio.gather(*(_fill(database, space, encoder, progress) for space, encoder in found))
    )


async def retry(database: Database, space: str | None, image_ids: Sequence[int] | None = None) -> int:
    """Forget failures, of one space or of all, so that these images are tried afresh; how many those were."""
    values = {"space": space, "image_ids": None if image_ids is None else list(image_ids)}
    async with database.transaction() as connection:
        return await execute(connection, SQL["retry"], values)


async def note_trouble(database: Database, space: Space, trouble: str | None) -> None:
    """Keep why filling a space does not go on; None where it does."""
    async with database.transaction() as connection:
        await execute(connection, SQL["note_trouble"], {"space_id": space.id, "trouble": trouble})


async def _fill(database: Database, space: Space, encoder: Encoder, progress: Progress | None) -> Filled:
    done: list[tuple[int, int]] = []
    trouble = None
    index_built = False
    await _ask(database, "set_index_aside", {"space_id": space.id, "many": MANY})
    async with filler(database, space) as claims:
        filling = Filling(database=database, space=space, encoder=encoder, claims=claims)
        tasks = CALLS_AT_ONCE if isinstance(encoder, PaidEncoder) else 1
        try:
            await _together([_work(filling, done, progress) for _ in range(tasks)])
            index_built = await _ask(database, "build_index", {"space_id": space.id})
        except Trouble as stopped:
            trouble = str(stopped)
    await note_trouble(database, space, trouble)
    embedded = sum(embedded for embedded, _ in done)
    failed = sum(failed for _, failed in done)
    return Filled(
        space=space.name, embedded=embedded, failed=failed, trouble=trouble, index_built=index_built
    )


async def _ask(database: Database, statement: str, values: dict[str, object]) -> bool:
    async with database.transaction() as connection:
        return bool(await fetch_value(connection, SQL[statement], values))


async def _together(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; the first that fails ends the others."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _work(filling: Filling, done: list[tuple[int, int]], progress: Progress | None) -> None:
    while items := await filling.claims.next():
        embedded = await embed(filling, items)
        done.append((embedded, len(items) - embedded))
        if progress:
            progress(filling.space.name, len(items))
