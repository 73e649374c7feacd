"""The page at `/` and its pieces under `/page`: each handler calls a stage and renders what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.plugins.htmx import HTMXTemplate
from litestar.response import Template
from litestar.static_files import create_static_files_router

from rage_pg import generation, history, jobs
from rage_pg.api.scopes import OPEN_TO_ALL, needs
from rage_pg.callers import Caller
from rage_pg.catalogue import brands, images
from rage_pg.database import Database
from rage_pg.errors import InvalidInput, RageError
from rage_pg.generation import MAX_REFERENCES
from rage_pg.generation import ROLES as ROLE_OF_KIND
from rage_pg.runtime import Runtime
from rage_pg.types import Generation, Status
from rage_pg.web.asked import Asked, asked_of, shown_of
from rage_pg.web.forms import (
    PURPOSES,
    ROLES,
    Choice,
    choice_of,
    generation_request,
    image_id_of,
    paying_brand,
)
from rage_pg.web.found import Context, cards, found
from rage_pg.web.login import log_in, log_out, login_form
from rage_pg.web.notices import EXCEPTION_HANDLERS
from rage_pg.web.templating import template_config

__all__ = ["page_router", "static_router", "template_config"]

LAST = 12
"""Generations in the list below."""

OPEN: frozenset[Status] = frozenset({"queued", "running"})

LONGEST_NAME = 100
"""Characters of a static file's address."""

PageRequest = Request[Any, Any, Any]


@get("/", name="page")
async def whole_page(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template:
    """The page, with what its address names; who goes back in the browser keeps the rest of the page."""
    images_found = await found(runtime, asked_of(request.query_params))
    if "hx-history-restore-request" in request.headers:
        return Template("found.html", context=images_found)
    context = {
        **images_found,
        **await _chosen(runtime, Choice()),
        **await _last(runtime.database),
    }
    return Template("page.html", context=context)


@post("/page/search", status_code=200, opt=needs("read"))
async def search_results(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template:
    asked = asked_of(await request.form())
    return Template("found.html", context=await found(runtime, asked), headers=_moved(request, asked))


@post("/page/search/more", status_code=200, opt=needs("read"))
async def more_results(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template:
    """The images that follow those which are shown."""
    fields = await request.form()
    return Template("more.html", context=await cards(runtime, asked_of(fields), shown_of(fields)))


@post("/page/choice", status_code=200, opt=needs("read"))
async def choose(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template:
    """The panel of references after one was chosen, or given up."""
    fields = await request.form()
    image = await images.get(runtime.database, image_id_of(fields.get("image_id")))
    choice = choice_of(fields).toggled(image, ROLE_OF_KIND[image.kind])
    if len(choice.references) > MAX_REFERENCES:
        raise InvalidInput(f"At most {MAX_REFERENCES} references go with a prompt; give one up first.")
    return Template("choice.html", context=await _chosen(runtime, choice))


@post("/page/generations", status_code=200, opt=needs("generate"))
async def generate(
    request: PageRequest, runtime: NamedDependency[Runtime], caller: NamedDependency[Caller]
) -> Template:
    """Queue a generation with the prompt and the references of the forms."""
    fields = await request.form()
    choice = choice_of(fields)
    pays = (await _chosen(runtime, choice))["pays"]
    accepted = await generation.accept(
        runtime.database,
        runtime.generators,
        generation_request(fields, choice, pays),
        defer=jobs.defer_generation,
        asked_by=caller.name,
    )
    return _outcome(accepted)


@get("/page/generations/{generation_id:uuid}")
async def outcome(
    database: NamedDependency[Database], generation_id: FromPath[UUID], seen: FromQuery[str | None] = None
) -> Response[Any]:
    """A generation as it stands; 204 while it stands as `seen`, which leaves the page as it is."""
    current = await history.get(database, generation_id)
    return Response(None, status_code=204) if current.status == seen else _outcome(current)


@post(
    "/page/generations/{generation_id:uuid}/outputs/{position:int}/keep",
    status_code=200,
    opt=needs("generate"),
)
async def keep(
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    generation_id: FromPath[UUID],
    position: FromPath[int],
) -> Template:
    await generation.keep(database, generation_id, position, by=caller.name)
    await jobs.defer_fill_index(database)
    current = await history.get(database, generation_id)
    output = next(output for output in current.outputs if output.position == position)
    return HTMXTemplate(
        template_name="output.html",
        context={"generation": current, "output": output},
        trigger_event="generations-changed",
        after="receive",
    )


@get("/page/history")
async def last_generations(database: NamedDependency[Database]) -> Template:
    return Template("history.html", context=await _last(database))


def _moved(request: PageRequest, asked: Asked) -> dict[str, str]:
    """A place of its own in the browser's history, unless it is the same one again."""
    here = urlsplit(request.headers.get("hx-current-url", ""))
    same = f"{here.path}?{here.query}".removesuffix("?") == asked.address
    return {} if same else {"HX-Push-Url": asked.address}


async def _chosen(runtime: Runtime, choice: Choice) -> Context:
    """The panel of references; who would pay for them, and who would make the picture."""
    known = {image.id: image for image in await images.get_many(runtime.database, choice.image_ids)}
    every_brand = await brands.listing(runtime.database)
    own = [brand.name for brand in every_brand if not brand.reserved]
    in_order = [known[image_id] for image_id in choice.image_ids if image_id in known]
    return {
        "choice": choice,
        "chosen": [(known[one.image_id], one.role) for one in choice.references if one.image_id in known],
        "pays": paying_brand(choice, in_order, own),
        "brands": own,
        "roles": ROLES,
        "purposes": PURPOSES,
        **_provider(runtime),
    }


def _provider(runtime: Runtime) -> Context:
    try:
        return {"generator": runtime.generators(None), "generator_fault": None}
    except RageError as error:
        return {"generator": None, "generator_fault": str(error)}


async def _last(database: Database) -> Context:
    return {"generations": (await history.listing(database, limit=LAST)).items}


def _outcome(current: Generation) -> HTMXTemplate:
    return HTMXTemplate(
        template_name="outcome.html",
        context={"generation": current, "open": current.status in OPEN},
        trigger_event="generations-changed",
        after="receive",
    )


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
        choose,
        generate,
        outcome,
        keep,
        last_generations,
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
