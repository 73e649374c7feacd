"""Thumbnails for a report: small, and together of a bounded size."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from io import BytesIO

from msgspec import Struct
from PIL import Image

from rage_pg.database import Database, fetch_all
from rage_pg.reporting.figures import Report
from rage_pg.resources import statements

SQL = statements("reporting")

SIDE = 240
"""Pixels at most: twice of what they are shown at."""
QUALITY = 78
MOST_BYTES = 2_000_000
"""Of all pictures together; what comes after is left out."""


class _Thumbnail(Struct, frozen=True):
    image_id: int
    thumbnail: bytes


async def pictures(database: Database, report: Report) -> dict[int, bytes]:
    """A small WebP of each image that the report shows, by its id; of what was deleted, none."""
    outputs = [one.image_id for one in (*report.best, *report.kept)]
    image_ids = list(dict.fromkeys([*outputs, *(one.image_id for one in report.references)]))
    async with database.reading() as connection:
        rows = await fetch_all(connection, SQL["thumbnails"], {"image_ids": image_ids}, _Thumbnail)
    stored = {row.image_id: row.thumbnail for row in rows}
    return await asyncio.to_thread(_within_bounds, image_ids, stored)


def _within_bounds(image_ids: Iterable[int], stored: Mapping[int, bytes]) -> dict[int, bytes]:
    made: dict[int, bytes] = {}
    left = MOST_BYTES
    for image_id in image_ids:
        if image_id in stored:
            small = _small(stored[image_id])
            if len(small) > left:
                break
            left -= len(small)
            made[image_id] = small
    return made


def _small(thumbnail: bytes) -> bytes:
    with Image.open(BytesIO(thumbnail)) as picture:
        picture.thumbnail((SIDE, SIDE))
        buffer = BytesIO()
        picture.save(buffer, "WEBP", quality=QUALITY)
    return buffer.getvalue()
