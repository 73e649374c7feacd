"""Errors as the page shows them: one line at the place where it happened, or a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.plugins.htmx import HTMXTemplate
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from rage_pg.api.problems import headers_of
from rage_pg.errors import NotAuthenticated, RageError

LOGIN = "/login"

log = structlog.get_logger(__name__)


def _to_login(request: Request[Any, Any, Any], error: NotAuthenticated) -> Response[Any]:
    """A script cannot be redirected without its knowing: it is told where to."""
    if "hx-request" in request.headers:
        return Response(b"", status_code=401, headers={"HX-Redirect": LOGIN, **headers_of(error)})
    return Redirect(LOGIN, status_code=303)


def _ours(request: Request[Any, Any, Any], error: RageError) -> HTMXTemplate:
    if error.status >= 500:
        log.warning("request failed", path=request.scope["path"], problem=error.type, detail=str(error))
    return _notice(request, str(error), error.status, headers_of(error), error.extra)


def _framework(request: Request[Any, Any, Any], error: HTTPException) -> HTMXTemplate:
    return _notice(request, f"{error.detail.rstrip('.')}.", error.status_code)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> HTMXTemplate:
    log.error("unexpected error", path=request.scope["path"], exc_info=error)
    return _notice(request, "Something went wrong here; the log of the service says more.", 500)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    NotAuthenticated: _to_login,
    RageError: _ours,
    HTTPException: _framework,
    Exception: _unexpected,
}


def _notice(
    request: Request[Any, Any, Any],
    text: str,
    status: int,
    headers: dict[str, str] | None = None,
    extra: Mapping[str, object] | None = None,
) -> HTMXTemplate:
    """Every place of the page that is filled in, `#NAME`, has one for its errors, `#notice-NAME`.

    An error that names a field is moved beside that by the page's script.
    """
    target = request.headers.get("hx-target")
    return HTMXTemplate(
        template_name="notice.html" if target else "error.html",
        context={"text": text, "field": extra and extra.get("field"), "allowed": _untold(text, extra or {})},
        status_code=status,
        headers=headers,
        re_target=f"#notice-{target}" if target else None,
        re_swap="innerHTML" if target else None,
    )


def _untold(text: str, extra: Mapping[str, object]) -> list[str]:
    """What the field may be instead, where the sentence does not say it."""
    allowed = extra.get("allowed")
    words = [str(one) for one in allowed] if isinstance(allowed, list) else []
    return [] if all(word in text for word in words) else words
