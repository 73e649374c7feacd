"""Errors as the page shows them: one line at the place where it happened, or a page of its own."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.plugins.htmx import HTMXTemplate
from litestar.types import ExceptionHandlersMap

from rage_pg.errors import RageError

log = structlog.get_logger(__name__)


def _ours(request: Request[Any, Any, Any], error: RageError) -> HTMXTemplate:
    if error.status >= 500:
        log.warning("request failed", path=request.scope["path"], problem=error.type, detail=str(error))
    return _notice(request, str(error), error.status)


def _framework(request: Request[Any, Any, Any], error: HTTPException) -> HTMXTemplate:
    return _notice(request, f"{error.detail.rstrip('.')}.", error.status_code)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> HTMXTemplate:
    log.error("unexpected error", path=request.scope["path"], exc_info=error)
    return _notice(request, "Something went wrong here; the log of the service says more.", 500)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    RageError: _ours,
    HTTPException: _framework,
    Exception: _unexpected,
}


def _notice(request: Request[Any, Any, Any], text: str, status: int) -> HTMXTemplate:
    """Every place of the page that is filled in, `#NAME`, has one for its errors, `#notice-NAME`."""
    target = request.headers.get("hx-target")
    return HTMXTemplate(
        template_name="notice.html" if target else "error.html",
        context={"text": text},
        status_code=status,
        re_target=f"#notice-{target}" if target else None,
        re_swap="innerHTML" if target else None,
    )
