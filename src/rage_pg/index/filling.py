"""Embeds what is missing or out of date, space by space, beside whoever else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, TypeAlias, TypeVar

import structlog
from msgspec import Struct

from rage_pg.database import Database, execute, fetch_all, fetch_value
from rage_pg.errors import RageError
from rage_pg.index.claims import SQL, Claims, filler
from rage_pg.index.embedding import Filling, Trouble, embed
from rage_pg.index.looks import Looks
from rage_pg.index.spaces import space_of
from rage_pg.logs import redact_text
from rage_pg.providers.ports import Encoder, PaidEncoder
from rage_pg.types import Space

T = TypeVar("T")
log = structlog.get_logger(__name__)

CALLS_AT_ONCE = 4
"""Requests under way to a provider over the network. A model in this process has one thread."""

MANY = 500
"""Images from which on an index is built after a load: each vector that is added to it costs milliseconds."""

Progress: TypeAlias = Callable[[str, int], None]
"""Called with a space's name and how many of its images have been dealt with since the last call."""


Claiming: TypeAlias = Callable[[Space], AbstractAsyncContextManager[Claims]]


class Filled(Struct, frozen=True, kw_only=True):
    """What became of one space: images embedded, images that failed, and why it did not go on, if so.

    `index_built`: its HNSW index was built after the load, not vector by vector.
    """

    space: str
    embedded: int = 0
    failed: int = 0
    trouble: str | None = None
    index_built: bool = False


class _Turn(Struct, frozen=True):
    space_id: int


async def fill(
    database: Database,
    encoders: Sequence[Encoder],
    progress: Progress | None = None,
    *,
    waits: bool = True,
    looks: Looks | None = None,
) -> list[Filled]:
    """Embed all that is missing in the spaces of these encoders; with `waits` also what others are at, should
    they be lost over it. With `looks`, which the caller keeps, it goes on from what earlier calls have seen.

    An input that an encoder cannot embed is recorded with its reason and never stops the rest; an encoder
    that does not work stops its own space. Vectors are committed batch by batch: killed and run again, it
    goes on where it stopped. Any number may fill at the same time, in any processes.
    """
    found = [(await space_of(database, encoder), encoder) for encoder in encoders]
    claiming = partial(filler, database, looks=Looks() if looks is None else looks, waits=waits)
    return await _together(
        [_fill(database, space, encoder, progress, claiming) for space, encoder in found if space is not None]
    )


async def retry(database: Database, space: str | None, image_ids: Sequence[int] | None = None) -> int:
    """Forget failures, of one space or of all, so that these images are tried afresh; how many those were."""
    async with database.transaction() as connection:
        # Before the failures are looked at: whoever claims meanwhile trusts that nobody else does.
        turns = await fetch_all(connection, SQL["take_turns"], {"space": space}, _Turn)
        values = {
            "space_ids": [turn.space_id for turn in turns],
            "image_ids": None if image_ids is None else list(image_ids),
        }
        return int(await fetch_value(connection, SQL["retry"], values))


async def note_trouble(database: Database, space: Space, trouble: str | None) -> None:
    """Keep why filling a space does not go on; None where it does."""
    trouble = None if trouble is None else redact_text(trouble)
    async with database.transaction() as connection:
        await execute(connection, SQL["note_trouble"], {"space_id": space.id, "trouble": trouble})


async def _fill(
    database: Database, space: Space, encoder: Encoder, progress: Progress | None, claiming: Claiming
) -> Filled:
    done: list[tuple[int, int]] = []
    await _ask(database, "set_index_aside", {"space_id": space.id, "many": MANY})
    trouble = await _worked(database, space, encoder, progress, claiming, done)
    # Also where it stands still: until it goes on, searches would compare all that it has.
    index_built = await _ask(database, "build_index", {"space_id": space.id})
    await note_trouble(database, space, trouble)
    embedded = sum(embedded for embedded, _ in done)
    failed = sum(failed for _, failed in done)
    return Filled(
        space=space.name, embedded=embedded, failed=failed, trouble=trouble, index_built=index_built
    )


async def _worked(
    database: Database,
    space: Space,
    encoder: Encoder,
    progress: Progress | None,
    claiming: Claiming,
    done: list[tuple[int, int]],
) -> str | None:
    """Why it stopped before it was done, if it did."""
    try:
        async with claiming(space) as claims:
            filling = Filling(database=database, space=space, encoder=encoder, claims=claims)
            tasks = CALLS_AT_ONCE if isinstance(encoder, PaidEncoder) else 1
            await _together([_work(filling, done, progress) for _ in range(tasks)])
    except Trouble as stopped:
        return str(stopped)
    except RageError:
        raise
    except Exception as error:
        # One space's bug is no reason for the others to stop.
        log.error("filling a space failed", space=space.name, exc_info=error)
        return "Internal error; the log says more."
    return None


async def _together(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Wait for all; the first that fails ends the others."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(database: Database, statement: str, values: dict[str, object]) -> bool:
    async with database.transaction() as connection:
        return bool(await fetch_value(connection, SQL[statement], values))


async def _work(filling: Filling, done: list[tuple[int, int]], progress: Progress | None) -> None:
    while items := await filling.claims.next():
        embedded = await embed(filling, items)
        done.append((embedded, len(items) - embedded))
        if progress:
            progress(filling.space.name, len(items))
