"""Files, entries of archives and URLs to images: read, hashed and decoded in parallel, stored in short
transactions, each reported on.

While one batch is being stored, the next is being decoded. Files whose bytes the store has are not decoded,
so an import that was interrupted soon finds its place again.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from rage_pg.config import MIB, Limits
from rage_pg.database import Database, fetch_all
from rage_pg.errors import Conflict, Forbidden, ImageRejected, InvalidInput, RageError
from rage_pg.ingest.archives import open_archive
from rage_pg.ingest.decoding import DEFAULT_LIMITS, decode
from rage_pg.ingest.discovering import discovery
from rage_pg.ingest.entries import archive_sources
from rage_pg.ingest.fetching import Fetcher
from rage_pg.ingest.metadata import NOTHING_SAID, checked, given
from rage_pg.ingest.own_words import own_words
from rage_pg.ingest.sources import Source, title_of
from rage_pg.ingest.storing import SQL, CaptionSource, put
from rage_pg.ingest.values import Incoming
from rage_pg.types import ImageMetadata, ImportItem, ImportReport, Origin, Rejection

MOST_FILES = 50
MOST_BYTES = 64 * MIB
"""What one batch holds at most, and so one transaction; a single file may be larger."""

Batch = list[Source]
Prepared = list[Incoming | RageError]


class _Hash(Struct):
    sha256: bytes


class _Read(Struct, frozen=True):
    content: bytes
    sha256: bytes


class _Manner(Struct, frozen=True, kw_only=True):
    """How images of an import come to be: who brings them, and by which door."""

    limits: Limits
    origin: Origin = "imported"
    caption_source: CaptionSource = "import"
    author: str | None = None


async def import_files(
    database: Database,
    sources: Sequence[Path | str],
    *,
    manifest: Path | None = None,
    defaults: ImageMetadata = NOTHING_SAID,
    limits: Limits = DEFAULT_LIMITS,
    fetcher: Fetcher | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Import files, folders with all below them, ZIP archives, URLs (texts), and what a manifest names.

    `defaults`: its tags are added to every image, the rest stands in where nothing else is said. A manifest
    within a folder is used only if it is named, one within an archive always. `progress` is called with the
    images done and those in all. What cannot be taken is reported and stops nothing.

    Raises InvalidInput for a manifest that cannot be used and where there is nothing to import. Raises
    DatabaseUnavailable when the database goes away: what was stored stays, and the same import adds the rest.
    """
    with ExitStack() as opened:
        finder = discovery(defaults, limits, fetcher, opened)
        found = await asyncio.to_thread(finder.discover, sources, manifest)
        return await _import(database, found, _Manner(limits=limits), progress)


async def import_archive(
    database: Database,
    file: BinaryIO,
    defaults: ImageMetadata,
    *,
    limits: Limits = DEFAULT_LIMITS,
    author: str | None = None,
) -> ImportReport:
    """Import the images of an uploaded ZIP archive as `author`'s uploads: met by external id or bytes.

    Raises InvalidInput for an archive or a manifest in it that cannot be used; then nothing is stored.
    """
    said = checked(defaults)
    manner = _Manner(limits=limits, origin="uploaded", caption_source="person", author=author)

    def find() -> list[Source]:
        return archive_sources(open_archive(file), "", "", said, limits)

    found = await asyncio.to_thread(find)
    if not found:
        raise InvalidInput("There are no images in this archive.", field="file")
    return await _import(database, found, manner)


async def _import(
    database: Database,
    sources: Sequence[Source],
    manner: _Manner,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    report = ImportReport()
    threads = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2), thread_name_prefix="decode")
    try:
        async with aclosing(_prepared(database, threads, sources, manner)) as batches:
            async for batch, prepared in batches:
                _add(report, batch, await _stored(database, prepared, manner))
                if progress is not None:
                    progress(len(report.items), len(sources))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return report


def _add(report: ImportReport, batch: Batch, outcomes: Sequence[ImportItem | RageError]) -> None:
    for source, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, RageError):
            external_id = given(source.metadata.external_id)
            report.rejected.append(Rejection(source.name, str(outcome)))
            report.items.append(ImportItem(path=source.name, external_id=external_id, status="rejected"))
            continue
        report.items.append(outcome)
        report.imported += outcome.status == "imported"
        report.duplicates += outcome.status == "duplicate"
        report.updated += outcome.status == "updated"


def _batches(files: Iterable[Source]) -> Iterator[Batch]:
    batch: Batch = []
    size = 0
    for file in files:
        if batch and (len(batch) == MOST_FILES or size + file.size > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


async def _prepared(
    database: Database, threads: ThreadPoolExecutor, files: Iterable[Source], manner: _Manner
) -> AsyncGenerator[tuple[Batch, Prepared], None]:
    """Batch by batch in order, each being prepared while the one before is in use."""
    under_way: deque[tuple[Batch, asyncio.Task[Prepared]]] = deque()
    try:
        for batch in _batches(files):
            under_way.append((batch, asyncio.create_task(_prepare(database, threads, batch, manner))))
            if len(under_way) == 2:
                yield under_way[0][0], await under_way[0][1]
                under_way.popleft()
        for batch, task in under_way:
            yield batch, await task
    finally:
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)


async def _prepare(
    database: Database, threads: ThreadPoolExecutor, batch: Batch, manner: _Manner
) -> Prepared:
    loop = asyncio.get_running_loop()
    read = await asyncio.gather(*(_read(file, manner.limits) for file in batch))
    known = await _stored_hashes(database, [one.sha256 for one in read if isinstance(one, _Read)])
    return await asyncio.gather(
        *(
            loop.run_in_executor(threads, _incoming, file, one, known, manner)
            for file, one in zip(batch, read, strict=True)
        )
    )


async def _stored_hashes(database: Database, hashes: Sequence[bytes]) -> frozenset[bytes]:
    async with database.transaction() as connection:
        rows = await fetch_all(connection, SQL["stored_hashes"], {"hashes": list(hashes)}, _Hash)
    return frozenset(row.sha256 for row in rows)


async def _read(source: Source, limits: Limits) -> _Read | RageError:
    if source.problem or source.content is None:
        return ImageRejected(source.problem or "There is nothing to read.")
    try:
        content = await source.content.read(limits)
    except RageError as error:
        return error
    digest = await asyncio.to_thread(hashlib.sha256, content)
    return _Read(content=content, sha256=digest.digest())


def _incoming(
    source: Source, read: _Read | RageError, known: frozenset[bytes], manner: _Manner
) -> Incoming | RageError:
    if isinstance(read, RageError):
        return read
    try:
        picture = None if read.sha256 in known else decode(read.content, manner.limits)
    except RageError as error:
        return error
    # What is stored for one brand may be new to another.
    words = own_words(read.content) if picture is None else picture.words
    return Incoming(
        name=source.name,
        metadata=source.metadata,
        sha256=read.sha256,
        picture=picture,
        origin=manner.origin,
        root=source.root,
        path=source.path,
        title=source.title or title_of(source.path),
        words=words,
        added_tags=source.added_tags,
    )


async def _stored(database: Database, prepared: Prepared, manner: _Manner) -> list[ImportItem | RageError]:
    """One item or error for each, in order."""
    stored = iter(await _store(database, [one for one in prepared if isinstance(one, Incoming)], manner))
    return [one if isinstance(one, RageError) else next(stored) for one in prepared]


async def _store(
    database: Database, files: Sequence[Incoming], manner: _Manner
) -> list[ImportItem | RageError]:
    if not files:
        return []
    try:
        async with database.transaction() as connection:
            return [*await put(connection, files, manner.caption_source, manner.author)]
    except (InvalidInput, Conflict, Forbidden) as error:
        if len(files) == 1:
            return [error]
    # One of them spoilt the batch: alone, the others pass.
    return [outcome for file in files for outcome in await _store(database, [file], manner)]
