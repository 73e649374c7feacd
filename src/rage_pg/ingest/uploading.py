"""One picture that came over the wire."""

from __future__ import annotations

import asyncio

from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.ingest.decoding import DEFAULT_LIMITS, decode
from rage_pg.ingest.files import title_of
from rage_pg.ingest.metadata import checked
from rage_pg.ingest.storing import CaptionSource, put
from rage_pg.ingest.values import Incoming
from rage_pg.types import ImageMetadata, ImportItem


async def add_image(
    database: Database,
    content: bytes,
    metadata: ImageMetadata,
    *,
    limits: Limits = DEFAULT_LIMITS,
    filename: str | None = None,
    caption_source: CaptionSource = "person",
    author: str | None = None,
) -> ImportItem:
    """Store an uploaded picture. Its file name makes a title at most: two called image.png are two images.

    Raises ImageRejected, TooLarge or InvalidInput; then nothing is stored.
    """
    said = checked(metadata)
    picture = await asyncio.to_thread(decode, content, limits)
    name = (filename or "").encode("utf-8", "replace").decode().replace("\0", "")
    file = Incoming(
        name=name,
        metadata=said,
        sha256=picture.sha256,
        picture=picture,
        origin="uploaded",
        title=title_of(name),
        words=picture.words,
    )
    async with database.transaction() as connection:
        (item,) = await put(connection, [file], caption_source, author)
    return item
