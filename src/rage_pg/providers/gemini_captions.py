"""Captioner `gemini`: Google's API for its Gemini models.

An extra, `pip install rage-pg[gemini]`. One call is one HTTP request, never repeated here.
"""

from __future__ import annotations

from typing import Any

import httpx2
from google.genai import types

from rage_pg.config import Secret
from rage_pg.errors import ProviderError, ProviderRefused
from rage_pg.providers.descriptions import (
    SCHEMA,
    bad_answer,
    description,
    instruction,
    vocabulary,
)
from rage_pg.providers.gemini_client import GeminiClient
from rage_pg.providers.ports import CaptionContext, Description
from rage_pg.types import Reader

TIMEOUT = httpx2.Timeout(180.0, connect=10.0)
MOST_WRITTEN = 4_000
REFUSED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE"}


class GeminiCaptioner:
    """Sends a picture and what is to be said of it; `base_url` is for a server other than Google's."""

    name = "gemini"
    reader: Reader = "model"
    charges = True

    def __init__(
        self, model: str, *, key: Secret, base_url: str | None = None, timeout: httpx2.Timeout = TIMEOUT
    ) -> None:
        self.model = model
        self._client = GeminiClient(key, base_url, timeout)

    async def describe(self, picture: bytes, context: CaptionContext) -> Description:
        try:
            return _read(await self._ask(picture, context), self.model)
        except ProviderError:
            raise
        # The SDK reads the answer into its types: what is not of their form fails as it comes.
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise bad_answer("is not what its API promises", None, None) from error

    async def _ask(self, picture: bytes, context: CaptionContext) -> types.GenerateContentResponse:
        return await self._client.ask(
            self.model,
            [
                types.Part.from_text(text=vocabulary(context)),
                types.Part.from_bytes(data=picture, mime_type="image/jpeg"),
            ],
            types.GenerateContentConfig(
                system_instruction=instruction(context),
                response_mime_type="application/json",
                response_json_schema=SCHEMA,
                max_output_tokens=MOST_WRITTEN,
                automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            ),
        )


def _read(answer: types.GenerateContentResponse, model: str) -> Description:
    usage = _usage(answer.usage_metadata)
    request_id = answer.response_id
    candidate = answer.candidates[0] if answer.candidates else None
    finish = candidate.finish_reason.value if candidate and candidate.finish_reason else None
    blocked = answer.prompt_feedback.block_reason if answer.prompt_feedback else None
    if blocked or finish in REFUSED:
        reason = finish if finish in REFUSED else getattr(blocked, "value", blocked)
        raise ProviderRefused(
            f"Gemini refused: {reason}", code=str(reason), request_id=request_id, usage=usage
        )
    if finish == "MAX_TOKENS":
        raise bad_answer("was cut off before its end", request_id, usage, "cut_off")
    parts = candidate.content.parts if candidate and candidate.content else None
    text = "".join(part.text or "" for part in parts or () if not part.thought)
    return description(text, asked=model, answered=answer.model_version, request_id=request_id, usage=usage)


def _usage(counted: types.GenerateContentResponseUsageMetadata | None) -> dict[str, Any] | None:
    """What Gemini counted, and beside it the classes that prices are kept for, where it tells them."""
    if counted is None:
        return None
    usage = counted.model_dump(mode="json", exclude_none=True)
    read = counted.prompt_token_count
    if read is None or counted.cached_content_token_count:
        return usage
    pictures = sum(
        each.token_count or 0
        for each in counted.prompt_tokens_details or ()
        if each.modality is not None and each.modality.value == "IMAGE"
    )
    # Thoughts are charged as what is written.
    written = (counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0)
    return usage | {"text_input": read - pictures, "image_input": pictures, "text_output": written}
