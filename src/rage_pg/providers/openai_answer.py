"""Reads the answer of an images API. Its pictures are paid for: nothing odd beside them may lose them.

It is read by hand, because the SDK gives the request id away where the answer is not what it expects.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from msgspec import Struct
from PIL import Image

from rage_pg.errors import ProviderError
from rage_pg.providers.ports import GeneratedImage, GenerationResult
from rage_pg.providers.upload import MEDIA_TYPES

SETTLED = ("background", "output_format", "quality", "size")
MAX_DIGITS = 400
MAX_SHOWN = 500
"""Characters of an address that a failure quotes."""


class Fault(Struct, frozen=True):
    """Why a picture cannot be used."""

    code: str
    text: str


def result_of(content: bytes, model: str, request_id: str | None) -> GenerationResult:
    """The pictures that can be used; what they came with as it is.

    Raise ProviderError, with request id and usage, where there is no picture.
    """
    answer = json_of(content)
    if not isinstance(answer, Mapping):
        raise failed(Fault("malformed_answer", "is not the JSON that its API promises"), request_id, None)
    return result_in(answer, model, request_id)


def result_in(answer: Mapping[str, Any], model: str, request_id: str | None) -> GenerationResult:
    """The same of an answer whose JSON was read before."""
    data = answer.get("data")
    found = [picture_in(item) for item in data] if isinstance(data, list) else []
    images = tuple(each for each in found if isinstance(each, GeneratedImage))
    faults = [each for each in found if isinstance(each, Fault)]
    if not images:
        fault = faults[0] if faults else Fault("no_image", "holds no image")
        raise failed(fault, request_id, answer.get("usage"))
    details = {name: answer[name] for name in SETTLED if answer.get(name) is not None}
    if faults:
        details["unusable_images"] = [fault.text for fault in faults]
    return GenerationResult(
        images=images, model=model, request_id=request_id, usage=answer.get("usage"), details=details
    )


def json_of(content: bytes) -> Any:
    """The JSON value, or None for what is none. Broken letters in a text are no reason to give up."""
    try:
        return json.loads(content.decode("utf-8-sig", "replace"), parse_int=_number, strict=False)
    except (ValueError, RecursionError):
        return None


def _number(digits: str) -> int | float:
    # Python refuses to read thousands of digits, and the pictures with them.
    return int(digits) if len(digits) < MAX_DIGITS else float(digits)


def picture_in(item: Any) -> GeneratedImage | Fault:
    """The picture that an answer or an event holds as `b64_json`."""
    text = item.get("b64_json") if isinstance(item, Mapping) else None
    if not isinstance(text, str) or not text.strip():
        return Fault("no_image", f"holds no image bytes, no b64_json{_address(item)}")
    # Some servers wrap the lines, or begin as a data: URL does.
    return picture_of("".join(text.rpartition(",")[2].split()))


def picture_of(text: str) -> GeneratedImage | Fault:
    """The picture in a base64 text."""
    try:
        content = base64.b64decode(text, validate=True)
        # Only its head is read here: who keeps the picture decodes it, and twice would take twice as long.
        with Image.open(BytesIO(content), formats=list(MEDIA_TYPES)) as picture:
            # A JPEG of several pictures has a format name of its own.
            media_type = MEDIA_TYPES.get(picture.format or "", "image/jpeg")
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception:
        return Fault("not_an_image", "holds something that is no PNG, WebP or JPEG image")
    return GeneratedImage(content=content, media_type=media_type)


def _address(item: Any) -> str:
    """The address given in place of bytes: whoever paid for the picture may want to fetch it."""
    address = item.get("url") if isinstance(item, Mapping) else None
    return f", but the address {address[:MAX_SHOWN]}" if isinstance(address, str) and address else ""


def failed(fault: Fault, request_id: str | None, usage: Any) -> ProviderError:
    message = f"The image model's answer {fault.text}."
    return ProviderError(message, code=fault.code, request_id=request_id, usage=usage)
