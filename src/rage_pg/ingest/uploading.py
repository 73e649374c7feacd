"""One picture that came over the wire, or that is fetched from there."""

from __future__ import annotations

import asyncio

from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.ingest.addresses import parse_url
from rage_pg.ingest.decoding import DEFAULT_LIMITS, decode
from rage_pg.ingest.fetching import PATIENCE, Fetcher
from rage_pg.ingest.metadata import checked
from rage_pg.ingest.sources import title_of
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
    return await _put(database, file, caption_source, author)


async def fetch_image(
    database: Database,
    fetcher: Fetcher,
    url: str,
    metadata: ImageMetadata,
    *,
    limits: Limits = DEFAULT_LIMITS,
    author: str | None = None,
) -> ImportItem:
    """Fetch a picture and store it. The same URL is the same image: other bytes are a new version of it.

    Raises InvalidInput for a URL that is not taken, NotFetched, ImageRejected, TooLarge, or TooManyRequests
    where other fetches leave it no turn; then nothing is stored.
    """
    said = checked(metadata)
    target = parse_url(url)
    content = await fetcher.fetch(target, limits, PATIENCE)
    picture = await asyncio.to_thread(decode, content, limits)
    file = Incoming(
        name=target.name,
        metadata=said,
        sha256=picture.sha256,
        picture=picture,
        origin="uploaded",
        root=target.root,
        path=target.identifier,
        title=target.title,
        words=picture.words,
    )
    return await _put(database, file, "person", author)


async def _put(
    database: Database, file: Incoming, caption_source: CaptionSource, author: str | None
) -> ImportItem:
    async with database.transaction() as connection:
        (item,) = await put(connection, [file], caption_source, author)
    return item
