"""What an upload is: a form with a file, or JSON with a URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, Reference, RequestBody, Schema
from msgspec import Struct

from rage_pg.errors import InvalidInput
from rage_pg.faults import fault
from rage_pg.types import ImageMetadata

JSON = "application/json"
FORM = "multipart/form-data"

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


def form_of(file: str, metadata: Schema) -> OpenAPIMediaType:
    picture = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream", description=file)
    return OpenAPIMediaType(
        Schema(type=OpenAPIType.OBJECT, properties={"file": picture, "metadata": metadata}, required=["file"])
    )


METADATA = Reference(ref="#/components/schemas/ImageMetadata")


@dataclass
class UploadOperation(Operation):
    """For the OpenAPI document: the two bodies of `upload_or_url`."""

    def __post_init__(self) -> None:
        said = Schema(type=OpenAPIType.STRING, description="What is said of it, a JSON object.", default="{}")
        url = Schema(type=OpenAPIType.STRING, description="An http or https URL of a public host.")
        fetched = Schema(
            type=OpenAPIType.OBJECT, properties={"url": url, "metadata": METADATA}, required=["url"]
        )
        content = {FORM: form_of("The picture.", said), JSON: OpenAPIMediaType(fetched)}
        self.request_body = RequestBody(required=True, content=content)
