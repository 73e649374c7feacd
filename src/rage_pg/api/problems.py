"""Every error as an RFC 9457 problem document: ours, the framework's, and what nobody expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    NotFoundException,
    SerializationException,
    ValidationException,
)
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap
from msgspec import UNSET, Struct, UnsetType

from rage_pg.errors import (
    PROBLEM_TYPE,
    InvalidInput,
    NoRoom,
    NotAuthenticated,
    NotFound,
    RageError,
    TooLarge,
    TooManyRequests,
)
from rage_pg.faults import fault

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
ABOUT_KEYS = (401, 403, 429)
OURS: dict[int, type[RageError]] = {400: InvalidInput, 404: NotFound, 413: TooLarge}
"""The errors of ours that a status of the framework's errors stands for; any other is named by its status."""

MISSING_PARAMETER = re.compile(r"Missing required \w+ parameter '(.*?)'")
LEFT = "client disconnected prematurely"
"""The framework's words, with status 500, for a caller that went away in the middle of a request."""
BODY = "The body"


class Problem(Struct, frozen=True, kw_only=True):
    """An RFC 9457 problem document. `field` names the input that is at fault, as the caller wrote it.

    `allowed`: what it may be instead, where an image model leaves a choice.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    field: str | UnsetType = UNSET
    allowed: list[str | int] | UnsetType = UNSET


def problems(*statuses: int, key: bool = True) -> dict[int, ResponseSpec]:
    """For the OpenAPI document: which problems a route may answer with, besides 400 and what a key can cause.

    `key`: whether the route asks for one.
    """
    return {
        status: ResponseSpec(
            data_container=Problem,
            media_type=MEDIA_TYPE,
            description=HTTPStatus(status).phrase,
            generate_examples=False,
        )
        for status in sorted({400, *statuses, *(ABOUT_KEYS if key else ())})
    }


def _ours(request: Request[Any, Any, Any], error: RageError) -> Response[Any]:
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request failed", path=request.scope["path"], problem=error.type, detail=str(error))
    headers = headers_of(error)
    return _problem(request, error.status, error.type, error.title, str(error), error.extra, headers)


def headers_of(error: RageError) -> dict[str, str]:
    """What the answer says beside the problem: how to ask for it, or when again."""
    if isinstance(error, NotAuthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after)}
    return {}


def _not_text(request: Request[Any, Any, Any], _: UnicodeDecodeError) -> Response[Any]:
    """Only bodies of requests are decoded strictly; the framework leaves this error to us."""
    return _ours(request, InvalidInput(f"{BODY} is not UTF-8."))


def _too_deep(request: Request[Any, Any, Any], _: RecursionError) -> Response[Any]:
    """Only what is read from a request can be so deep; the framework leaves this error to us, too."""
    return _ours(request, InvalidInput(f"{BODY} is nested too deeply."))


def _system(request: Request[Any, Any, Any], error: OSError) -> Response[Any]:
    """Where a disk is full, whoever asks is told; of any other fault of this machine, the log."""
    full = NoRoom.behind(error)
    return _unexpected(request, error) if full is None else _ours(request, full)


def _framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if error.detail == LEFT:
        return _ours(request, InvalidInput("The request ended too early."))
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unexpected(request, error)
    phrase = HTTPStatus(error.status_code).phrase
    ours = OURS.get(error.status_code)
    slug, title = (ours.slug, ours.title) if ours else (phrase.lower().replace(" ", "-"), phrase)
    detail, extra = _said(request, error)
    kind = PROBLEM_TYPE.format(slug=slug)
    return _problem(request, error.status_code, kind, title, detail, extra, error.headers)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A fault of ours: the log has it in full, the caller learns only that there was one."""
    log.error("unexpected error", path=request.scope["path"], exc_info=error)
    hidden = RageError("Something went wrong here; the log of the service says more.")
    return _problem(request, hidden.status, hidden.type, hidden.title, str(hidden))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    RageError: _ours,
    UnicodeDecodeError: _not_text,
    RecursionError: _too_deep,
    OSError: _system,
    HTTPException: _framework,
    Exception: _unexpected,
}


def _problem(
    request: Request[Any, Any, Any],
    status: int,
    kind: str,
    title: str,
    detail: str,
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    document = {
        "type": kind,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.scope["path"],
        **(extra or {}),
    }
    return Response(document, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def _said(request: Request[Any, Any, Any], error: HTTPException) -> tuple[str, dict[str, object]]:
    """What to tell of an error of the framework, and the field at fault where it knows one."""
    path = request.scope["path"]
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        faults = [_fault(**one) for one in error.extra]
        field = faults[0][0]
        return " ".join(sentence for _, sentence in faults), {"field": field} if field else {}
    if isinstance(error.__cause__, SerializationException):
        return fault(str(error.__cause__), whole=BODY)[1], {}
    if found := MISSING_PARAMETER.match(error.detail):
        return f"{found[1]} is missing.", {"field": found[1]}
    if isinstance(error, NotFoundException):
        return f"There is nothing at {path}.", {}
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("allow", "other methods")
        return f"{request.method} is not for {path}; it takes {allowed}.", {}
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return "The request is larger than an image may be.", {}
    return error.detail.rstrip(".") + ".", dict(error.extra) if isinstance(error.extra, dict) else {}


def _fault(message: str, key: str = "", source: str = "body") -> tuple[str, str]:
    """The field and a sentence for one fault that the decoder found."""
    if message == "'data'":
        return "", "The request has no body."
    if source != "body":
        # In an address, nothing is written as null: it is left out.
        message = message.replace(" | null`", "`")
    return fault(message, "" if key == "data" else key, BODY)
