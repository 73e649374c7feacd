"""One request to Google's API for its Gemini models, never repeated here, and what its errors mean.

The question is always whether the request may have been received, and so paid for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import urlsplit

import httpx2
from google import genai
from google.genai import errors, types

from rage_pg.config import Secret
from rage_pg.errors import OutcomeUnknown, ProviderError
from rage_pg.providers.descriptions import clean, shortened
from rage_pg.providers.gemini_settings import OFFICIAL_URL
from rage_pg.providers.openai_errors import (
    GATEWAY_LOST_IT,
    NEVER_SENT,
    TURNED_AWAY,
    retry_after,
    was_turned_away,
)
from rage_pg.providers.tls import trusted

LONGEST_REASON = 300


class GeminiClient:
    """Asks a server; `base_url` is for one other than Google's."""

    def __init__(self, key: Secret, base_url: str | None, timeout: httpx2.Timeout) -> None:
        self._key = key
        self._base_url = base_url or OFFICIAL_URL
        self._timeout = timeout

    async def ask(
        self, model: str, parts: Sequence[types.Part], config: types.GenerateContentConfig
    ) -> types.GenerateContentResponse:
        """Raise ProviderError or OutcomeUnknown; what the SDK raises of an odd answer comes as it is."""
        try:
            return await self._ask(model, parts, config)
        except errors.APIError as error:
            raise self._answered(error) from error
        except httpx2.HTTPError as error:
            raise self._unanswered(error) from error

    async def _ask(
        self, model: str, parts: Sequence[types.Part], config: types.GenerateContentConfig
    ) -> types.GenerateContentResponse:
        # A client of its own for each call, as the connection of another may be dead without saying so.
        hooks = {"request": [self._limit]}
        async with httpx2.AsyncClient(
            timeout=self._timeout, event_hooks=hooks, verify=trusted()
        ) as connection:
            client = genai.Client(
                api_key=self._key.reveal(),
                vertexai=False,
                http_options=types.HttpOptions(
                    base_url=self._base_url,
                    retry_options=types.HttpRetryOptions(attempts=1),
                    httpx_async_client=connection,
                    # Of clients that are never used; else it reads the machine's certificates for each.
                    client_args={"verify": trusted()},
                    async_client_args={"ssl": trusted()},
                ),
            )
            content = types.Content(role="user", parts=list(parts))
            return await client.aio.models.generate_content(model=model, contents=content, config=config)

    async def _limit(self, request: httpx2.Request) -> None:
        """The SDK asks for no time limit at all, over that of its client."""
        request.extensions = {**request.extensions, "timeout": self._timeout.as_dict()}

    def _answered(self, error: errors.APIError) -> ProviderError:
        status = error.code
        said = clean(str(error.message or "no reason given")).replace(self._key.reveal(), "***")
        reason = shortened(said, LONGEST_REASON)
        bad_key = status in (401, 403) or "API_KEY_INVALID" in str(error.details)
        wait = _wait(error)
        free = status in TURNED_AWAY or (status == 503 and was_turned_away(wait))
        charged: Literal[False] | None = False if free else None
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
            retry_after=wait,
            hopeless=status in (402, 404),
        )

    def _unanswered(self, error: httpx2.HTTPError) -> ProviderError:
        server = "Gemini" if self._base_url == OFFICIAL_URL else _host(self._base_url)
        if isinstance(error, NEVER_SENT):
            fault = f"{server} cannot be reached."
            return ProviderError(fault, code="unreachable", retryable=True, charged=False)
        if isinstance(error, httpx2.TimeoutException):
            fault = f"{server} did not answer in time: the request may have been carried out."
            return OutcomeUnknown(fault, code="timeout")
        fault = f"The connection to {server} broke after the request was sent: it may have been carried out."
        return OutcomeUnknown(fault, code="connection_lost")


def _host(address: str) -> str:
    return urlsplit(address).netloc.rpartition("@")[2]


def _wait(error: errors.APIError) -> float | None:
    """Seconds to wait, from the header or from the RetryInfo in the error's details."""
    headers = getattr(error.response, "headers", None)
    if isinstance(headers, Mapping) and (seconds := retry_after(headers)) is not None:
        return seconds
    found = re.search(r"'retryDelay': '(\d{1,6}(?:\.\d+)?)s'", str(error.details))
    return float(found[1]) if found else None
