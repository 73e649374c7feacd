"""What a route needs of who asks: declared beside the route, looked at before it runs."""

from __future__ import annotations

from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from msgspec import Struct

from rage_pg.callers import Caller, Scope
from rage_pg.errors import Forbidden

NEED = "need"
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Need(Struct, frozen=True):
    scope: Scope
    every_brand: bool = False


def needs(scope: Scope, *, every_brand: bool = False) -> dict[str, Any]:
    """For `opt` of a route: the scope that a caller must have, and whether for all brands there are."""
    return {NEED: Need(scope, every_brand)}


OPEN_TO_ALL: dict[str, Any] = {NEED: None}
"""For `opt` of a route that tells everybody the same, key or not."""


def need_of(handler: BaseRouteHandler) -> Need | None:
    """What a route needs: to read where it says nothing. None: it is open."""
    need: Need | None = handler.opt.get(NEED, Need("read"))
    return need


def refuse_without_scope(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Raises Forbidden with what the key lacks."""
    need = need_of(handler)
    caller: Caller = connection.user
    if need is None:
        return
    if not caller.may(need.scope):
        raise Forbidden(f"The key {caller.name} lacks the scope {need.scope}.")
    if need.every_brand and not caller.every_brand:
        raise Forbidden(f"The key {caller.name} is not granted every brand, which this needs.")


def check_declared(app: Litestar) -> None:
    """Raises where a route that changes something does not say what it needs."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", [None]):
            if not isinstance(handler, HTTPRouteHandler):
                raise ImproperlyConfiguredException(f"{route.path} is no HTTP route: nobody asks who calls.")
            if NEED not in handler.opt and not handler.http_methods <= READING_METHODS:
                raise ImproperlyConfiguredException(f"{route.path} ({handler}) must say what it needs.")
