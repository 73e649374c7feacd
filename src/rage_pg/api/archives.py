"""ZIP archives of images over HTTP: on disk while they are read, never in memory, and gone afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO

from litestar import post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType, Operation, RequestBody, Schema
from litestar.status_codes import HTTP_200_OK
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from rage_pg import ingest, jobs
from rage_pg.api.problems import problems
from rage_pg.api.received import FORM, AnyRequest, decoded, form_of
from rage_pg.api.scopes import needs
from rage_pg.callers import Caller
from rage_pg.config import MIB
from rage_pg.database import Database
from rage_pg.errors import InvalidInput, NoRoom, SetupError, TooLarge
from rage_pg.runtime import Runtime
from rage_pg.types import ImageMetadata, ImportReport

LONGEST_TEXT = MIB
"""Bytes of what is said beside an archive."""
SET_FOLDER = "Set TMPDIR to a folder that can be written."
MAKE_ROOM = "Make room in the folder for temporary files (TMPDIR), and send it again."
ENDED = "The request's form is damaged, or ended too early."


@dataclass
class ArchiveOperation(Operation):
    """For the OpenAPI document: the form that is read by hand."""

    def __post_init__(self) -> None:
        said = Schema(
            type=OpenAPIType.STRING, description="What holds for every image, a JSON object.", default="{}"
        )
        self.request_body = RequestBody(required=True, content={FORM: form_of("The ZIP archive.", said)})


@post(
    "/images/archive",
    tags=["images"],
    summary="Upload a ZIP archive of images",
    opt=needs("write"),
    operation_class=ArchiveOperation,
    status_code=HTTP_200_OK,
    request_max_body_size=None,
    responses=problems(413, 503, 507),
)
async def add_archive(
    request: AnyRequest,
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    runtime: NamedDependency[Runtime],
) -> ImportReport:
    """What became of each image in the archive. One that cannot be taken is reported and stops nothing.

    `metadata` holds for all of them where a `manifest.csv` or `manifest.jsonl` at the archive's root does not
    say otherwise; its tags are added.
    """
    limits = runtime.settings.limits
    async with _received(request, limits.max_archive_bytes) as (file, said):
        defaults = decoded(said, ImageMetadata, "metadata")
        report = await ingest.import_archive(database, file, defaults, limits=limits, author=caller.name)
    await jobs.defer_fill_index(database)
    return report


HANDLERS = (add_archive,)


@asynccontextmanager
async def _received(request: AnyRequest, most: int) -> AsyncIterator[tuple[BinaryIO, str]]:
    """The `file` of a form of at most `most` bytes, on disk, and its `metadata`.

    The file has no name and is gone with the process at the latest. Raises InvalidInput for another form,
    TooLarge beyond `most`.
    """
    if (request.content_length or 0) > most + LONGEST_TEXT:
        raise _too_large(most)
    with ExitStack() as opened:
        try:
            file = opened.enter_context(TemporaryFile(prefix="rage-"))
            said = await _spooled(request, file, most)
            await asyncio.to_thread(file.seek, 0)
        except OSError as error:
            if NoRoom.behind(error):
                raise NoRoom("There is no room for the archive.", MAKE_ROOM) from error
            raise SetupError(f"The archive cannot be kept: {error.strerror}.", SET_FOLDER) from error
        yield file, said


async def _spooled(request: AnyRequest, file: BinaryIO, most: int) -> str:
    """Write the form's `file`; its `metadata`. Other parts, and a second of either, are refused."""
    kind, options = request.content_type
    if kind != FORM or not options.get("boundary"):
        raise InvalidInput("The body must be a form (multipart/form-data) with a file.", field="file")
    said: dict[str, bytearray] = {}
    size = 0
    try:
        async for name, piece in _pieces(request, options["boundary"]):
            if piece is None:
                _expect(name, said)
            elif name == "file":
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                await asyncio.to_thread(file.write, piece)
            else:
                said[name] += piece
                if len(said[name]) > LONGEST_TEXT:
                    raise TooLarge(f"{name} has more than {LONGEST_TEXT:,} bytes.", field=name)
    except MultipartError:
        raise InvalidInput(ENDED) from None
    if "file" not in said:
        raise InvalidInput("file is missing.", field="file")
    try:
        return bytes(said.get("metadata", b"{}")).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"metadata is not UTF-8 (byte {error.start:,}).", field="metadata") from None


async def _pieces(request: AnyRequest, boundary: str) -> AsyncGenerator[tuple[str, bytes | None], None]:
    """The form's parts by name, piece by piece; None begins one."""
    name = ""
    with PushMultipartParser(boundary, max_segment_count=8) as parser:
        async for chunk in request.stream():
            for part in () if parser.closed else parser.parse(chunk):
                if isinstance(part, MultipartSegment):
                    name = part.name
                    yield name, None
                elif part:
                    yield name, bytes(part)


def _expect(name: str, said: dict[str, bytearray]) -> None:
    if name not in ("file", "metadata"):
        raise InvalidInput(f"{name[:80]} is not a known field.", field=name[:80])
    if name in said:
        raise InvalidInput(f"{name} is there twice.", field=name)
    said[name] = bytearray()


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The archive has more than {most:,} bytes, the most that is taken.", field="file")
