"""Who may call a service on loopback: programs on this machine and its own page, not pages of other sites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import ClientException, PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
LAST_PORT = 65_535
HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class LocalCallers(ASGIMiddleware):
    """Refuses a Host that is not this machine (a site may point its name at loopback), and changes that a
    page of another site asks for."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request[Any, Any, Any] = Request(scope)
        hosts = request.headers.getall("host", [])
        if len(hosts) != 1 or not _names_loopback(hosts[0]):
            raise ClientException("The Host header must name localhost, 127.0.0.1 or [::1].")
        if request.method not in HARMLESS and not _same_site(request.headers.getall("origin", []), hosts[0]):
            raise PermissionDeniedException("A page of another site may not change anything here.")
        await next_app(scope, receive, send)


async def set_security_headers(message: Message, scope: Scope) -> None:
    """Before a response is sent: what it does not say itself. Bytes of images say a stricter policy."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)


def _names_loopback(host: str) -> bool:
    found = LOOPBACK.fullmatch(host)
    return found is not None and int(found["port"] or 0) <= LAST_PORT


def _same_site(origins: Sequence[str], host: str) -> bool:
    """Browsers name the origin of every change; programs name none."""
    return all(origin.lower().partition("://")[2] == host.lower() for origin in origins)
