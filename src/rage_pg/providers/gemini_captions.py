"""Captioner `gemini`: Google's API for its Gemini models.

An extra, `pip install rage-pg[gemini]`. One call is one HTTP request, never repeated here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import httpx2
from google import genai
from google.genai import errors, types

from rage_pg.config import Secret
from rage_pg.errors import OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.providers.descriptions import (
    SCHEMA,
    bad_answer,
    clean,
    description,
    instruction,
    shortened,
    vocabulary,
)
from rage_pg.providers.openai_errors import GATEWAY_LOST_IT, NEVER_SENT, TURNED_AWAY, retry_after
from rage_pg.providers.ports import CaptionContext, Description
from rage_pg.types import Reader

TIMEOUT = httpx2.Timeout(180.0, connect=10.0)
MOST_WRITTEN = 4_000
REFUSED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE"}
LONGEST_REASON = 300


class GeminiCaptioner:
    """Sends a picture and what is to be said of it; `base_url` is for a server other than Google's."""

    name = "gemini"
    reader: Reader = "model"
    charges = True

    def __init__(
        self, model: str, *, key: Secret, base_url: str | None = None, timeout: httpx2.Timeout = TIMEOUT
    ) -> None:
        self.model = model
        self._key = key
        self._base_url = base_url
        self._timeout = timeout

    async def describe(self, picture: bytes, context: CaptionContext) -> Description:
        try:
            return _read(await self._ask(picture, context), self.model)
        except errors.APIError as error:
            raise self._answered(error) from error
        except httpx2.HTTPError as error:
            raise _unanswered(error) from error
        except ProviderError:
            raise
        # The SDK reads the answer into its types: what is not of their form fails as it comes.
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise bad_answer("is not what its API promises", None, None) from error

    async def _ask(self, picture: bytes, context: CaptionContext) -> types.GenerateContentResponse:
        # A client of its own for each call, as the connection of another may be dead without saying so.
        async with httpx2.AsyncClient(timeout=self._timeout) as connection:
            client = genai.Client(
                api_key=self._key.reveal(),
                vertexai=False,
                http_options=types.HttpOptions(
                    base_url=self._base_url,
                    retry_options=types.HttpRetryOptions(attempts=1),
                    httpx_async_client=connection,
                ),
            )
            return await client.aio.models.generate_content(
                model=self.model,
                contents=types.Content(
                    role="user",
                    parts=[
                        types.Part.from_text(text=vocabulary(context)),
                        types.Part.from_bytes(data=picture, mime_type="image/jpeg"),
                    ],
                ),
                config=types.GenerateContentConfig(
                    system_instruction=instruction(context),
                    response_mime_type="application/json",
                    response_json_schema=SCHEMA,
                    max_output_tokens=MOST_WRITTEN,
                    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
                ),
            )

    def _answered(self, error: errors.APIError) -> ProviderError:
        status = error.code
        reason = shortened(clean(str(error.message or "no reason given")), LONGEST_REASON)
        reason = reason.replace(self._key.reveal(), "***")
        bad_key = status in (401, 403) or "API_KEY_INVALID" in str(error.details)
        charged: Literal[False] | None = False if status in TURNED_AWAY else None
        if bad_key:
            fault = f"Gemini does not accept the key ({status}). Check GEMINI_API_KEY and what it may use."
            return ProviderError(fault, code=str(error.status or status), charged=charged, hopeless=True)
        if status in GATEWAY_LOST_IT:
            fault = f"Gemini lost the request on its way ({status}): it may have been carried out."
            return OutcomeUnknown(fault, code=str(status))
        return ProviderError(
            f"Gemini answered {status}: {reason}",
            code=str(error.status or status),
            retryable=status in (429, 503),
            charged=charged,
            retry_after=_wait(error),
            hopeless=status in (402, 404),
        )


def _wait(error: errors.APIError) -> float | None:
    """Seconds to wait, from the header or from the RetryInfo in the error's details."""
    headers = getattr(error.response, "headers", None)
    if isinstance(headers, Mapping) and (seconds := retry_after(headers)) is not None:
        return seconds
    found = re.search(r"'retryDelay': '(\d{1,6}(?:\.\d+)?)s'", str(error.details))
    return float(found[1]) if found else None


def _unanswered(error: httpx2.HTTPError) -> ProviderError:
    if isinstance(error, NEVER_SENT):
        return ProviderError("Gemini cannot be reached.", code="unreachable", retryable=True, charged=False)
    fault = "The connection to Gemini broke after the request was sent: it may have been carried out."
    return OutcomeUnknown(fault, code="connection_lost")


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
