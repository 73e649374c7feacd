"""Looks at pictures whose perceptual hash is missing: those that were stored before there were any."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog
from msgspec import Struct

from rage_pg.database import Database, execute, fetch_all
from rage_pg.perceptual import perceptual_hash
from rage_pg.resources import statements

SQL = statements("index")
log = structlog.get_logger(__name__)

AT_ONCE = 64
"""Thumbnails that are read, hashed and written down together: what a kill loses at most."""


class _Picture(Struct, frozen=True):
    content_id: int
    thumbnail: bytes


async def hash_pictures(database: Database, progress: Callable[[int], None] | None = None) -> int:
    """Hash every picture that has not been looked at yet; how many these were.

    Killed and run again, it goes on where it stopped. What another process is at is left to it, and what has
    been erased is passed over. `progress` is called with the number of each batch.
    """
    done, after = 0, 0
    while True:
        async with database.transaction() as connection:
            values = {"after": after, "limit": AT_ONCE}
            pictures = await fetch_all(connection, SQL["lock_unhashed"], values, _Picture)
            if not pictures:
                return done
            hashes = await asyncio.to_thread(_hashes, pictures)
            columns = {"content_ids": [picture.content_id for picture in pictures], "hashes": hashes}
            await execute(connection, SQL["add_hashes"], columns)
        after = pictures[-1].content_id
        done += len(pictures)
        if progress:
            progress(len(pictures))


def _hashes(pictures: Sequence[_Picture]) -> list[str | None]:
    return [_hash(picture) for picture in pictures]


def _hash(picture: _Picture) -> str | None:
    try:
        return perceptual_hash(picture.thumbnail)
    # A thumbnail that somebody damaged looks like nothing; the others are not to wait for it for ever.
    except Exception as error:
        log.warning("a thumbnail cannot be read", content_id=picture.content_id, reason=str(error))
        return None
