"""Who asks: decided once a request, before anything else is done for it."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from typing import Any

from litestar import Litestar, Request
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from rage_pg.access.authentication import any_key, authenticate, caller_of_session
from rage_pg.api.pace import Pace, Steps
from rage_pg.api.scopes import need_of
from rage_pg.api.security import check_host, check_origin, check_own_page
from rage_pg.callers import NOBODY, SYSTEM, Caller
from rage_pg.database import Database
from rage_pg.errors import NotAuthenticated

AnyRequest = Request[Any, Any, Any]

COOKIE = "rage_session"
SCHEME = "bearer"


class WhoAsks(ASGIMiddleware):
    """Puts a Caller into `scope["user"]`, and sends away who may not come in.

    A key counts, else a session of the page. While there has never been a key, a service on loopback takes
    programs of this machine for the operator's. Routes that are open ask nobody.
    """

    def __init__(self, *, on_loopback: bool) -> None:
        self._on_loopback = on_loopback
        self._keyed = False

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        scope["user"] = NOBODY
        request: AnyRequest = Request(scope)
        check_origin(request)
        if need_of(scope["route_handler"]) is not None:
            caller = await self._caller(request)
            if caller is not SYSTEM:
                pace_of(request.app).requests.count(caller.setting)
            scope["user"] = caller
            if not caller.every_brand:
                send = _unhurried(send, pace_of(request.app).not_found)
        await next_app(scope, receive, send)

    async def _caller(self, request: AnyRequest) -> Caller:
        database: Database = request.app.state.runtime.database
        if "authorization" in request.headers:
            return await _by_key(database, request)
        if (token := session_token(request)) is not None:
            caller = await caller_of_session(database, token)
            if caller is not None:
                check_own_page(request)
                return caller
        if not await self._is_open(database, request):
            raise NotAuthenticated("A key is needed. Send it as Authorization: Bearer KEY.")
        check_host(request)
        return SYSTEM

    async def _is_open(self, database: Database, request: AnyRequest) -> bool:
        """Asked anew until there is a key: the first one closes a service that runs."""
        if not self._keyed:
            self._keyed = await any_key(database)
        return not self._keyed and self._on_loopback and _is_loopback(client_of(request))


def _unhurried(send: Send, steps: Steps) -> Send:
    """Looking closely at what a caller may not see takes a little longer than finding nothing: both are said
    at a full step."""
    began = steps.now()

    async def send_in_step(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.NOT_FOUND:
            await steps.rest(began)
        await send(message)

    return send_in_step


def pace_of(app: Litestar) -> Pace:
    pace: Pace = app.state.pace
    return pace


def client_of(request: AnyRequest) -> str:
    """The address that a request came from, as far as the server knows it."""
    return request.client.host if request.client else "unknown"


def session_token(request: AnyRequest) -> str | None:
    """The token in the cookie of the page; None where there is none, or more than one."""
    pairs = [pair.partition("=") for line in request.headers.getall("cookie", []) for pair in line.split(";")]
    tokens = [value.strip() for name, _, value in pairs if name.strip() == COOKIE]
    return tokens[0] if len(tokens) == 1 and tokens[0] else None


async def _by_key(database: Database, request: AnyRequest) -> Caller:
    lines = request.headers.getall("authorization")
    scheme, _, key_text = lines[0].strip().partition(" ")
    if len(lines) > 1 or scheme.lower() != SCHEME:
        key_text = ""
    client = client_of(request)
    caller = await authenticate(database, key_text.strip(), client=client)
    if caller is None:
        await pace_of(request.app).failures.slow_down(client)
        raise NotAuthenticated("This is no key that is good here. Send one as Authorization: Bearer KEY.")
    return caller


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
