"""What is done with a generation: preview, generate, follow, call off, rate, keep."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.plugins.htmx import HTMXTemplate
from litestar.response import Template
from msgspec.structs import replace

from rage_pg import budgets, generation, history, jobs
from rage_pg.api.scopes import needs
from rage_pg.callers import Caller
from rage_pg.database import Database
from rage_pg.generation import Event
from rage_pg.history import Given
from rage_pg.runtime import Runtime
from rage_pg.types import Generation, GenerationRequest, Status
from rage_pg.web.fields import Fields
from rage_pg.web.forms import REASONS, choice_of, generation_request, rating_of, request_key
from rage_pg.web.shaping import panel, previewed

Context = dict[str, Any]
PageRequest = Request[Any, Any, Any]

OPEN: frozenset[Status] = frozenset({"queued", "running"})
PREVIEWS = 2
"""Partial images of a picture, each of which costs some tokens."""
OUTPUT = "/page/generations/{generation_id:uuid}/outputs/{position:int}"


@post("/page/preview", status_code=200, opt=needs("generate"))
async def preview(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template:
    """What the forms would send, checked as if it were meant."""
    asked = await _asked(runtime, await request.form())
    known = await budgets.listing(runtime.database)
    return Template("preview.html", context=await previewed(runtime, asked, known))


@post("/page/generations", status_code=200, opt=needs("generate"))
async def generate(
    request: PageRequest, runtime: NamedDependency[Runtime], caller: NamedDependency[Caller]
) -> Template:
    """Queue a generation with the prompt and the references of the forms."""
    fields = await request.form()
    asked = await _asked(runtime, fields)
    accepted = await generation.accept(
        runtime.database,
        runtime.generators,
        asked,
        defer=jobs.defer_generation,
        asked_by=caller.name,
        idempotency_key=request_key(fields, asked),
    )
    context = await shown(request, runtime.database, accepted, caller)
    return _outcome({**context, "nonce": uuid4()})


@get("/page/generations/{generation_id:uuid}")
async def outcome(
    request: PageRequest,
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    generation_id: FromPath[UUID],
    seen: FromQuery[str | None] = None,
) -> Response[Any]:
    """A generation as it stands; 204 while it stands as `seen`, which leaves the page as it is."""
    context = await shown(request, database, await history.get(database, generation_id), caller)
    return Response(None, status_code=204) if context["stands"] == seen else _outcome(context)


@post("/page/generations/{generation_id:uuid}/cancel", status_code=200, opt=needs("generate"))
async def cancel(
    request: PageRequest,
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    generation_id: FromPath[UUID],
) -> Template:
    current = await generation.cancel(database, generation_id, by=caller.name)
    return _outcome(await shown(request, database, current, caller))


@post(f"{OUTPUT}/keep", status_code=200, opt=needs("generate"))
async def keep(
    request: PageRequest,
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    generation_id: FromPath[UUID],
    position: FromPath[int],
) -> Template:
    await generation.keep(database, generation_id, position, by=caller.name)
    await jobs.defer_fill_index(database)
    return await _output(request, database, caller, generation_id, position)


@post(f"{OUTPUT}/rating", status_code=200, opt=needs("generate"))
async def rate(
    request: PageRequest,
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    generation_id: FromPath[UUID],
    position: FromPath[int],
) -> Template:
    rating = rating_of(await request.form())
    await generation.rate(database, generation_id, position, rating, by=caller.name)
    return await _output(request, database, caller, generation_id, position)


async def _asked(runtime: Runtime, fields: Fields) -> GenerationRequest:
    choice = choice_of(fields)
    context = await panel(runtime, choice)
    return _with_previews(runtime, generation_request(fields, choice, context["pays"]))


def _with_previews(runtime: Runtime, asked: GenerationRequest) -> GenerationRequest:
    """Who waits at the page sees the picture come, where its model streams; one picture at a time does."""
    if asked.count > 1:
        return asked
    generator = runtime.generators(asked.provider)
    able = generator.able(asked.model or generator.default_model)
    return replace(asked, partial_images=min(PREVIEWS, able.partial_images))


async def shown(request: PageRequest, database: Database, current: Generation, caller: Caller) -> Context:
    """A generation as the page shows it. `stands`: what it has come to, as the page asks again by."""
    events = await generation.events(database, current.id) if current.status in OPEN else []
    given = await history.ratings(database, current.id) if current.outputs else []
    here = urlsplit(request.headers.get("hx-current-url", "") or str(request.url)).path
    return {
        "generation": current,
        "open": current.status in OPEN,
        "stands": f"{current.status}.{len(events)}",
        "partials": _partials(events),
        "mine": _by(given, caller),
        "lineage": await history.lineage(database, current.id),
        "in_place": here == "/",
        "reason_codes": REASONS,
        "nonce": None,
    }


def _partials(events: list[Event]) -> list[str]:
    """The address of the latest preview of the picture that is being made, if there is one."""
    return [event.data["url"] for event in events if event.name == "partial_image"][-1:]


def _by(given: list[Given], caller: Caller) -> dict[int, Given]:
    return {one.position: one for one in given if one.rated_by == caller.name}


async def _output(
    request: PageRequest, database: Database, caller: Caller, generation_id: UUID, position: int
) -> Template:
    context = await shown(request, database, await history.get(database, generation_id), caller)
    output = next(one for one in context["generation"].outputs if one.position == position)
    return _changed("output.html", {**context, "output": output})


def _outcome(context: Context) -> HTMXTemplate:
    return _changed("outcome.html", context)


def _changed(template: str, context: Context) -> HTMXTemplate:
    return HTMXTemplate(
        template_name=template, context=context, trigger_event="generations-changed", after="receive"
    )


HANDLERS = (preview, generate, outcome, cancel, keep, rate)
