"""Which sites may ask: this machine's names while no key is needed, and for changes only the page's own."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from rage_pg.api.scopes import READING_METHODS
from rage_pg.errors import Forbidden, InvalidInput

AnyRequest = Request[Any, Any, Any]

LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
LAST_PORT = 65_535
OWN_PAGE = "same-origin"
"""Of the header Sec-Fetch-Site."""

HEADERS = {
    # An answer is its caller's: none may be given to another.
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def check_host(request: AnyRequest) -> None:
    """Refuse a Host that is not this machine: a site may point its name at loopback. Raises InvalidInput."""
    hosts = request.headers.getall("host", [])
    if len(hosts) != 1 or not _names_loopback(hosts[0]):
        raise InvalidInput("The Host header must name localhost, 127.0.0.1 or [::1].")


def check_origin(request: AnyRequest) -> None:
    """Refuse a change that a page of another site asks for: browsers name the origin of every change,
    programs name none. Raises Forbidden."""
    if _changes(request) and not _own_origins(request):
        raise Forbidden("A page of another site may not change anything here.")


def check_own_page(request: AnyRequest) -> None:
    """Refuse a change that only a cookie vouches for, unless the browser says which page asks for it: its
    origin, which was looked at, or that it is our own. Raises Forbidden."""
    said = request.headers.getall("origin", []) or request.headers.getall("sec-fetch-site", []) == [OWN_PAGE]
    if _changes(request) and not said:
        raise Forbidden("With a cookie, only the page itself may change something; programs send a key.")


async def set_security_headers(message: Message, scope: Scope) -> None:
    """Before a response is sent: what it does not say itself. Bytes of images say a stricter policy."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        headers.extend_header_value("Vary", "Authorization, Cookie")
        for name, value in HEADERS.items():
            headers.setdefault(name, value)


def _changes(request: AnyRequest) -> bool:
    return request.method not in READING_METHODS


def _names_loopback(host: str) -> bool:
    found = LOOPBACK.fullmatch(host)
    return found is not None and int(found["port"] or 0) <= LAST_PORT


def _own_origins(request: AnyRequest) -> bool:
    hosts = [host.lower() for host in request.headers.getall("host", [])]
    origins = request.headers.getall("origin", [])
    return all([origin.lower().partition("://")[2]] == hosts for origin in origins)
