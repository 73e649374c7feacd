"""Every error as an RFC 9457 problem document: ours, the framework's, and what nobody expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import psycopg
import structlog
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap
from msgspec import UNSET, Struct, UnsetType

from rage_pg.errors import PROBLEM_TYPE, InvalidInput, NotFound, RageError, TooLarge

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
OURS: dict[int, type[RageError]] = {400: InvalidInput, 404: NotFound, 413: TooLarge}
"""The errors of ours that a status of the framework's errors stands for; any other is named by its status."""

UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`")
MISSING_PARAMETER = re.compile(r"Missing required \w+ parameter '(.*?)'")
MISSING_FIELD = re.compile(r"Object missing required field `(.*)`")


class Problem(Struct, frozen=True, kw_only=True):
    """An RFC 9457 problem document. `field` names the input that is at fault, as the caller wrote it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    field: str | UnsetType = UNSET


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """For the OpenAPI document: which problems a route may answer with, besides 400."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            media_type=MEDIA_TYPE,
            description=HTTPStatus(status).phrase,
            generate_examples=False,
        )
        for status in (400, *statuses)
    }


def _ours(request: Request[Any, Any, Any], error: RageError) -> Response[Any]:
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request failed", path=request.url.path, problem=error.type, detail=str(error))
    return _problem(request, error.status, error.type, error.title, str(error), error.extra)


def _unstorable(request: Request[Any, Any, Any], error: psycopg.DataError) -> Response[Any]:
    """A value of the right type that Postgres cannot hold: a number out of range, a NUL character."""
    said = (error.diag.message_primary or str(error)).rstrip(".")
    return _ours(request, InvalidInput(f"A value cannot be used: {said}."))


def _not_text(request: Request[Any, Any, Any], _: UnicodeDecodeError) -> Response[Any]:
    """Only bodies of requests are decoded strictly; the framework leaves this error to us."""
    return _ours(request, InvalidInput("The body is not UTF-8."))


def _framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
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
    log.error("unexpected error", path=request.url.path, exc_info=error)
    hidden = RageError("Something went wrong here; the log of the service says more.")
    return _problem(request, hidden.status, hidden.type, hidden.title, str(hidden))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    RageError: _ours,
    psycopg.DataError: _unstorable,
    UnicodeDecodeError: _not_text,
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
        "instance": request.url.path,
        **(extra or {}),
    }
    return Response(document, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def _said(request: ASGIConnection[Any, Any, Any, Any], error: HTTPException) -> tuple[str, dict[str, object]]:
    """What to tell of an error of the framework, and the field at fault where it knows one."""
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        faults = [_fault(one["message"], one.get("key", "")) for one in error.extra]
        field = faults[0][0]
        return " ".join(text for _, text in faults), {"field": field} if field else {}
    if found := MISSING_PARAMETER.match(error.detail):
        return f"{found[1]} is missing.", {"field": found[1]}
    if isinstance(error, NotFoundException):
        return f"There is nothing at {request.url.path}.", {}
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("allow", "other methods")
        return f"{request.method} is not for {request.url.path}; it takes {allowed}.", {}  # type: ignore[attr-defined]
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return "The request is larger than an image may be.", {}
    return error.detail.rstrip(".") + ".", dict(error.extra) if isinstance(error.extra, dict) else {}


def _fault(message: str, key: str) -> tuple[str, str]:
    """The field and a sentence for one fault that the decoder found."""
    place = "" if key == "data" else key
    if message == "'data'":
        return "", "The request has no body."
    if found := UNKNOWN_FIELD.fullmatch(message):
        field = f"{place}.{found[1]}".lstrip(".")
        return field, f"Unknown field {field}."
    if found := MISSING_FIELD.fullmatch(message):
        field = f"{place}.{found[1]}".lstrip(".")
        return field, f"{field} is missing."
    sentence = message[:1].lower() + message[1:].replace("`", "")
    return place, f"{place or 'The body'}: {sentence}."
