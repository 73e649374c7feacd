"""What an error of the OpenAI client means: refused, failed, worth another try, or an outcome nobody knows.

The question is always whether the request may have been received, and so paid for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import openai
from httpx2 import (
    ConnectError,
    ConnectTimeout,
    LocalProtocolError,
    PoolTimeout,
    ProxyError,
    UnsupportedProtocol,
)

from rage_pg.config import Secret
from rage_pg.errors import OutcomeUnknown, ProviderError, ProviderRefused

NEVER_SENT = (ConnectError, ConnectTimeout, LocalProtocolError, PoolTimeout, ProxyError, UnsupportedProtocol)
REFUSALS = {"moderation_blocked", "content_policy_violation"}
"""May come after the picture was painted; whether they are charged is not documented."""
BUSY = {429, 503}
GATEWAY_LOST_IT = {502, 504, 520, 522, 524}
TURNED_AWAY = {400, 401, 403, 404, 405, 413, 415, 422, 429}
"""Answers that are given before any work is done, and so are not charged."""
OVERLOADED = {"overloaded", "overloaded_error", "engine_overloaded", "server_overloaded", "slow_down"}
"""Codes of a 503 that was given before any work was done."""
HOPELESS = {"insufficient_quota", "billing_hard_limit_reached", "model_not_found"}
MAX_REASON = 300


def translated(error: openai.OpenAIError, base_url: str, key: Secret | None) -> ProviderError:
    """The domain's error for what the client raised; its message never holds the key."""
    server = _server(base_url)
    if isinstance(error, openai.APIStatusError):
        return _answered(error, server, key)
    if isinstance(error, openai.APIConnectionError):
        return _unanswered(error, server)
    return ProviderError(f"The request to {server} failed: {type(error).__name__}.", code="client_error")


def _answered(error: openai.APIStatusError, server: str, key: Secret | None) -> ProviderError:
    status, code, request_id = error.status_code, error.code, error.request_id
    reason = _reason(error, key)
    wait = retry_after(error.response.headers)
    free = status in TURNED_AWAY or (status == 503 and was_turned_away(wait, code, error.type))
    charged: Literal[False] | None = False if free else None
    if status < 500 and code in REFUSALS:
        return ProviderRefused(f"The image model refused: {reason}", code=code, request_id=request_id)
    if status in (401, 403):
        # The provider's own text quotes a part of the key.
        fault = f"{server} does not accept the key ({status}). Check OPENAI_API_KEY and what it may use."
        return ProviderError(
            fault, code=code or str(status), request_id=request_id, charged=charged, hopeless=True
        )
    if status in GATEWAY_LOST_IT:
        fault = f"{server} lost the request on its way ({status}): it may have been carried out."
        return OutcomeUnknown(fault, code=code or str(status), request_id=request_id)
    return ProviderError(
        f"{server} answered {status}: {reason}",
        code=code or str(status),
        retryable=status in BUSY and code not in HOPELESS,
        request_id=request_id,
        charged=charged,
        retry_after=wait,
        hopeless=status in (402, 404) or code in HOPELESS,
    )


def broken_off(
    error: Mapping[str, Any], base_url: str, key: Secret | None, request_id: str | None, usage: Any
) -> ProviderError:
    """The domain's error for one that a stream ended with: work was done, so nobody knows what it cost."""
    code = str(error.get("code") or error.get("type") or "stream_error")[:MAX_REASON]
    reason = _told(error.get("message"), key)
    if code in REFUSALS:
        told = f"The image model refused: {reason}"
        return ProviderRefused(told, code=code, request_id=request_id, usage=usage)
    return ProviderError(
        f"{_server(base_url)} broke its answer off: {reason}",
        code=code,
        request_id=request_id,
        usage=usage,
        hopeless=code in HOPELESS,
    )


def was_turned_away(wait: float | None, *codes: str | None) -> bool:
    """Whether a 503 surely came before any work.

    A server that says when to come again, or that it has no room, has not taken the request on. Any other 503
    may be of something in between that lost a server at work (and gRPC's UNAVAILABLE, Gemini's word for it,
    is explicitly no promise): of it nothing is known, and it is not sent again by itself.
    """
    return wait is not None or any(code in OVERLOADED for code in codes)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait before the next request; None where it says nothing of use."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        return _until(text)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (known - datetime.now(UTC)).total_seconds())


def _unanswered(error: openai.APIConnectionError, server: str) -> ProviderError:
    if isinstance(error.__cause__, NEVER_SENT):
        fault = f"{server} cannot be reached."
        return ProviderError(fault, code="unreachable", retryable=True, charged=False)
    if isinstance(error, openai.APITimeoutError):
        fault = f"{server} did not answer in time: the request may have been carried out."
        return OutcomeUnknown(fault, code="timeout")
    fault = f"The connection to {server} broke after the request was sent: it may have been carried out."
    return OutcomeUnknown(fault, code="connection_lost")


def _server(base_url: str) -> str:
    """As messages name it: without a password."""
    return urlsplit(base_url).netloc.rpartition("@")[2]


def _reason(error: openai.APIStatusError, key: Secret | None) -> str:
    return _told(error.body.get("message") if isinstance(error.body, dict) else None, key)


def _told(message: Any, key: Secret | None) -> str:
    text = " ".join(str(message or "no reason given").split())
    if key is not None:
        text = text.replace(key.reveal(), "***")
    return text[:MAX_REASON]
