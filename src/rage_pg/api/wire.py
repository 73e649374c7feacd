"""How values are written as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response
from litestar.serialization import default_serializer
from litestar.types import Serializer

_JSON = msgspec.json.Encoder(decimal_format="number", enc_hook=default_serializer)


class ApiResponse(Response[Any]):
    """Writes money as a JSON number with every digit, as the OpenAPI document says; not as a string."""

    def render(self, content: Any, media_type: str, enc_hook: Serializer = default_serializer) -> bytes:
        if isinstance(content, str | bytes) or not media_type.endswith("json"):
            return super().render(content, media_type, enc_hook)
        return _JSON.encode(content)
