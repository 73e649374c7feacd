"""Bodies that are read by hand: a form or JSON on one route, and an archive too large for memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from typing import Any, BinaryIO, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, Reference, RequestBody, Schema
from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from rage_pg.config import MIB
from rage_pg.errors import InvalidInput, SetupError, TooLarge
from rage_pg.faults import fault
from rage_pg.types import ImageMetadata

JSON = "application/json"
FORM = "multipart/form-data"
LONGEST_TEXT = MIB
"""Bytes of what is said beside an archive."""
ENDED = "The request's form is damaged, or ended too early."

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]


class Upload(Struct, kw_only=True, forbid_unknown_fields=True):
    """A multipart form: the picture, and what is said of it as a JSON object."""

    file: UploadFile
    metadata: str = "{}"


class FromUrl(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """JSON instead of a form: where the picture is."""

    url: str
    metadata: ImageMetadata = ImageMetadata()


async def upload_or_url(request: AnyRequest) -> Upload | FromUrl:
    """A form with a file, or JSON with a URL. Raises InvalidInput for what is neither."""
    if request.content_type[0] == JSON:
        return decoded(await request.body(), FromUrl)
    parts = {
        name: values[0] if len(values) == 1 else values
        for name, values in (await request.form()).dict().items()
    }
    try:
        return msgspec.convert(parts, Upload)
    except msgspec.ValidationError as error:
        field, sentence = fault(str(error), whole="The body")
        raise InvalidInput(sentence, field=field or None) from None


@asynccontextmanager
async def received_archive(request: AnyRequest, most: int) -> AsyncIterator[tuple[BinaryIO, str]]:
    """The `file` of a form of at most `most` bytes, on disk, and its `metadata`.

    The file has no name and is gone with the process at the latest. Raises InvalidInput for another form,
    TooLarge beyond `most`.
    """
    if (request.content_length or 0) > most + LONGEST_TEXT:
        raise _too_large(most)
    with TemporaryFile(prefix="rage-") as file:
        try:
            said = await _spooled(request, file, most)
        except OSError as error:
            remedy = "Make room in the folder for temporary files (TMPDIR)."
            raise SetupError(
                f"The archive cannot be kept while it is read: {error.strerror}.", remedy
            ) from error
        await asyncio.to_thread(file.seek, 0)
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
    return bytes(said.get("metadata", b"{}")).decode()


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


def decoded(text: str | bytes, into: type[T], name: str | None = None) -> T:
    """JSON to a value; `name` is the field that holds it, else it is the body. Raises InvalidInput."""
    whole = name or "The body"
    try:
        return msgspec.json.decode(text, type=into)
    except msgspec.DecodeError as error:
        field, sentence = fault(str(error), whole=whole)
        raise InvalidInput(sentence, field=field or name) from None
    except RecursionError:
        raise InvalidInput(f"{whole} is nested too deeply.", field=name) from None
    except UnicodeEncodeError:
        raise InvalidInput(f"{whole} is not valid Unicode.", field=name) from None


def _form(file: str, metadata: Schema) -> OpenAPIMediaType:
    picture = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream", description=file)
    return OpenAPIMediaType(
        Schema(type=OpenAPIType.OBJECT, properties={"file": picture, "metadata": metadata}, required=["file"])
    )


METADATA = Reference(ref="#/components/schemas/ImageMetadata")


class UploadOperation(Operation):
    """For the OpenAPI document: the two bodies of `upload_or_url`."""

    def __post_init__(self) -> None:
        said = Schema(type=OpenAPIType.STRING, description="What is said of it, a JSON object.", default="{}")
        url = Schema(type=OpenAPIType.STRING, description="An http or https URL of a public host.")
        fetched = Schema(
            type=OpenAPIType.OBJECT, properties={"url": url, "metadata": METADATA}, required=["url"]
        )
        content = {FORM: _form("The picture.", said), JSON: OpenAPIMediaType(fetched)}
        self.request_body = RequestBody(required=True, content=content)


class ArchiveOperation(Operation):
    """For the OpenAPI document: the form that `received_archive` reads."""

    def __post_init__(self) -> None:
        said = Schema(
            type=OpenAPIType.STRING, description="What holds for every image, a JSON object.", default="{}"
        )
        self.request_body = RequestBody(required=True, content={FORM: _form("The ZIP archive.", said)})
