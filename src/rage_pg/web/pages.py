"""The page at `/`, its search, and the router of all pages: handlers call a stage and render what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from litestar import Request, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.response import Template
from litestar.static_files import create_static_files_router
from msgspec.structs import replace

from rage_pg.api.scopes import OPEN_TO_ALL, needs
from rage_pg.runtime import Runtime
from rage_pg.types import MAX_PROMPT
from rage_pg.web import choosing, costs, ledger, making, proposing
from rage_pg.web.asked import asked_of, moved, shown_of
from rage_pg.web.fields import one_of
from rage_pg.web.forms import Choice, parent_of
from rage_pg.web.found import cards, found
from rage_pg.web.ledger import last
from rage_pg.web.login import log_in, log_out, login_form
from rage_pg.web.notices import EXCEPTION_HANDLERS
from rage_pg.web.shaping import again, begun, panel
from rage_pg.web.templating import template_config

__all__ = ["page_router", "static_router", "template_config"]

LONGEST_NAME = 100
"""Characters of a static file's address."""

PageRequest = Request[Any, Any, Any]


@get("/", name="page")
async def whole_page(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template:
    """The page, with what its address names; who goes back in the browser keeps the rest of the page."""
    asked = asked_of(request.query_params)
    choice, begins = Choice(), False
    if (parent := parent_of(request.query_params)) is not None:
        choice, begins = await begun(runtime, Choice(), parent), True
    elif generation_id := one_of(UUID, request.query_params.get("again") or None, "again"):
        choice, prompt = await again(runtime, generation_id)
        asked = replace(asked, prompt=asked.prompt or prompt[:MAX_PROMPT])
    images_found = await found(runtime, asked)
    if "hx-history-restore-request" in request.headers:
        return Template("found.html", context=images_found)
    context = {
        **images_found,
        **await panel(runtime, choice, begun=begins),
        **await last(runtime.database),
    }
    return Template("page.html", context=context)


@post("/page/search", status_code=200, opt=needs("read"))
async def search_results(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template:
    asked = asked_of(await request.form())
    return Template("found.html", context=await found(runtime, asked), headers=moved(request, asked))


@post("/page/search/more", status_code=200, opt=needs("read"))
async def more_results(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template:
    """The images that follow those which are shown."""
    fields = await request.form()
    return Template("more.html", context=await cards(runtime, asked_of(fields), shown_of(fields)))


def _refuse_impossible_names(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """The file system has no such files, and says so by errors that the framework takes for its own."""
    path = connection.scope["path"]
    if "\0" in path or len(path) > LONGEST_NAME:
        raise NotFoundException


page_router = Router(
    path="/",
    route_handlers=[
        whole_page,
        search_results,
        more_results,
        *proposing.HANDLERS,
        *choosing.HANDLERS,
        *making.HANDLERS,
        *ledger.HANDLERS,
        *costs.HANDLERS,
        login_form,
        log_in,
        log_out,
    ],
    exception_handlers=EXCEPTION_HANDLERS,
    cache_control=CacheControlHeader(no_store=True),
    include_in_schema=False,
)
static_router = create_static_files_router(
    path="/static",
    directories=[Path(__file__).parent / "static"],
    guards=[_refuse_impossible_names],
    opt=OPEN_TO_ALL,
    cache_control=CacheControlHeader(no_cache=True),
)
