"""Logging in at the page with a key, and out again: plain forms, which need no script."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from rage_pg.access import authentication
from rage_pg.api.callers import COOKIE, client_of, pace_of, session_token
from rage_pg.api.scopes import OPEN_TO_ALL, needs
from rage_pg.database import Database

LONGEST_FORM = 4096
"""Bytes; a key has some fifty characters."""
REFUSED = "This key is not known, has expired or was revoked."

PageRequest = Request[Any, Any, Any]


@get("/login", opt=OPEN_TO_ALL)
async def login_form() -> Template:
    return Template("login.html", context={"fault": None})


@post("/login", opt=OPEN_TO_ALL, status_code=303, request_max_body_size=LONGEST_FORM)
async def log_in(request: PageRequest, database: NamedDependency[Database]) -> Template | Redirect:
    """The key of the form becomes a session; the cookie of one that was there before counts no more."""
    key_text = (await request.form()).get("key")
    client = client_of(request)
    session = await authentication.log_in(database, str(key_text or "").strip(), client=client)
    if session is None:
        await pace_of(request.app).failures.slow_down(client)
        return Template("login.html", context={"fault": REFUSED}, status_code=401)
    if (earlier := session_token(request)) is not None:
        await authentication.log_out(database, earlier)
    token, expires_at = session
    seconds = int((expires_at - datetime.now(UTC)).total_seconds())
    return _to("/", _cookie(request, token, seconds))


@post("/logout", opt=needs("read"), status_code=303)
async def log_out(request: PageRequest, database: NamedDependency[Database]) -> Redirect:
    if (token := session_token(request)) is not None:
        await authentication.log_out(database, token)
    return _to("/login", _cookie(request, "", 0))


def _to(path: str, cookie: Cookie) -> Redirect:
    return Redirect(path, status_code=303, cookies=[cookie])


def _cookie(request: PageRequest, token: str, seconds: int) -> Cookie:
    """No script reads it, and no other site's page sends it along with a change."""
    return Cookie(
        key=COOKIE,
        value=token,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.scope["scheme"] == "https",
    )
