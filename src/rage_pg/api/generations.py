"""Generations over HTTP: ask for one, follow it, call it off, and read the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT

from rage_pg import generation, history, jobs
from rage_pg.api.parameters import LABELS, PREFIX, Cursor, Limit, labels_of
from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.api.streams import unless, until
from rage_pg.api.wire import ApiResponse
from rage_pg.callers import Caller
from rage_pg.database import Database
from rage_pg.errors import InvalidInput, NotFound
from rage_pg.generation import DryRun
from rage_pg.history import GenerationPage
from rage_pg.runtime import Runtime
from rage_pg.types import Generation, GenerationRequest, Purpose, Status

MAX_WAIT = 300
STILL_HERE = ServerSentEventMessage(data=None, comment="still here")


@post(
    "/generations",
    tags=["generations"],
    summary="Generate pictures",
    opt=needs("generate"),
    status_code=HTTP_202_ACCEPTED,
    responses={
        HTTP_200_OK: ResponseSpec(
            data_container=Generation | DryRun,  # type: ignore[arg-type]  # a union is documented as one
            description="It ended within `wait` seconds; or the preview of a dry run.",
            generate_examples=False,
        ),
        **problems(402, 404, 409, 422, 503),
    },
)
async def add_generation(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    stopping: NamedDependency[asyncio.Event],
    data: JSONBody[GenerationRequest],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key", description="The same key and request again are the same generation."
        ),
    ] = None,
    wait: Annotated[
        float, QueryParameter(ge=0, le=MAX_WAIT, description="Seconds to wait for its end before answering.")
    ] = 0,
) -> Response[Generation | DryRun]:
    """Queues a generation: 202 with its address, or 200 where it has ended within `wait` seconds.

    References are named by id, as a collection, or proposed for the prompt (`auto`). With `dry_run` nothing
    is queued: the answer is what would be sent, and an estimate of what it would cost. 402 where a budget
    does not allow it.

    With `refine` it is the first of several: its picture is judged by the prompt, what is lacking looked up,
    and it is made again. It is over, for `wait` and its events, when the last has ended: `refinement` says
    why, and which one is the result.
    """
    if data.dry_run:
        shown = await generation.preview(
            runtime.database,
            runtime.generators,
            data,
            look=runtime.look,
            propose=runtime.suggest,
            judges=runtime.registry.judge,
        )
        return ApiResponse(shown, status_code=HTTP_200_OK)
    accepted = await generation.accept(
        runtime.database,
        runtime.generators,
        data,
        defer=jobs.defer_generation,
        search=runtime.search,
        propose=runtime.propose,
        judges=runtime.registry.judge,
        asked_by=caller.name,
        idempotency_key=idempotency_key,
    )
    if wait:
        ending = generation.wait_for(runtime.database, accepted.id, wait)
        accepted = await unless(stopping, ending, otherwise=accepted)
    return ApiResponse(
        accepted,
        status_code=HTTP_200_OK if accepted.is_over else HTTP_202_ACCEPTED,
        headers={"Location": f"/api/generations/{accepted.id}"},
    )


@get(
    "/generations",
    tags=["generations"],
    summary="List generations",
    opt={PREFIX: LABELS},
    responses=problems(),
)
async def list_generations(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    brand: Annotated[str | None, QueryParameter(description="The brand that pays.")] = None,
    tag: Annotated[str | None, QueryParameter(description="A tag of a reference or an output.")] = None,
    model: FromQuery[str | None] = None,
    provider: FromQuery[str | None] = None,
    status: FromQuery[Status | None] = None,
    purpose: FromQuery[Purpose | None] = None,
    batch: Annotated[UUID | None, QueryParameter(description="The batch that it is of.")] = None,
    kept: Annotated[bool | None, QueryParameter(description="Whether an output was kept.")] = None,
    rating: Annotated[
        int | None, QueryParameter(ge=-1, le=1, description="One that an output was given.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> GenerationPage:
    """Newest first. Labels filter as `label.NAME=VALUE`, all of them."""
    return await history.listing(
        database,
        brand=brand,
        tag=tag,
        labels=labels_of(request),
        model=model,
        provider=provider,
        status=status,
        purpose=purpose,
        batch_id=batch,
        kept=kept,
        rating=rating,
        cursor=cursor,
        limit=limit,
    )


@get(
    "/generations/{generation_id:uuid}",
    tags=["generations"],
    summary="One generation",
    responses=problems(404),
)
async def get_generation(database: NamedDependency[Database], generation_id: FromPath[UUID]) -> Generation:
    """What was asked, sent, answered and paid."""
    return await history.get(database, generation_id)


@get(
    "/generations/{generation_id:uuid}/events",
    tags=["generations"],
    summary="Follow a generation",
    media_type="text/event-stream",
    responses={
        HTTP_204_NO_CONTENT: ResponseSpec(
            data_container=None, description="It has ended, and all that happened was sent before."
        ),
        **problems(404),
    },
)
async def follow_generation(
    database: NamedDependency[Database],
    stopping: NamedDependency[asyncio.Event],
    generation_id: FromPath[UUID],
    last_event_id: Annotated[
        str | None, HeaderParameter(name="Last-Event-ID", description="Leave out the events up to this one.")
    ] = None,
) -> Response[Any]:
    """Server-sent events until its end: each named by the status it brought, with the event as JSON.

    Where the request asked for partial images, events named `partial_image` say where one can be fetched
    (`data.url`) until the generation ends; who comes later is not told of it.

    Who comes back for more after the end is told 204, at which a browser stops asking. When the service
    stops, the stream ends, and a browser comes back for the rest.
    """
    after = _event_number(last_event_id)
    current = await history.get(database, generation_id)
    if current.is_over and not await generation.events(database, generation_id, after):
        return Response(None, status_code=HTTP_204_NO_CONTENT)
    messages = _messages(database, generation_id, after)
    return ServerSentEvent(until(stopping, messages, idle=STILL_HERE))


@post(
    "/generations/{generation_id:uuid}/cancel",
    tags=["generations"],
    summary="Call off a generation",
    opt=needs("generate"),
    status_code=HTTP_200_OK,
    responses=problems(404, 409),
)
async def cancel_generation(
    database: NamedDependency[Database], caller: NamedDependency[Caller], generation_id: FromPath[UUID]
) -> Generation:
    """What is queued, or waits, ends at once. What runs is answered as it is, with `cancel_requested_at`, and
    dropped within a moment; its provider may charge it all the same. 409 once it has ended."""
    return await generation.cancel(database, generation_id, by=caller.name)


@post(
    "/generations/{generation_id:uuid}/retry",
    tags=["generations"],
    summary="Make a generation again",
    opt=needs("generate"),
    status_code=HTTP_202_ACCEPTED,
    responses=problems(402, 404, 409, 422, 503),
)
async def retry_generation(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    generation_id: FromPath[UUID],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", description="The same key again is the same new generation."),
    ] = None,
) -> Response[Generation]:
    """A new generation with the request of one that was refused, has failed, was cancelled or is unknown.

    With the references and their versions of then, whose images must be usable today. Of an unknown one the
    first may have been charged too. 402 where a budget does not allow it, 409 for one that has not ended or
    has succeeded.
    """
    accepted = await generation.again(
        runtime.database,
        runtime.generators,
        generation_id,
        defer=jobs.defer_generation,
        asked_by=caller.name,
        idempotency_key=idempotency_key,
    )
    return ApiResponse(accepted, headers={"Location": f"/api/generations/{accepted.id}"})


HANDLERS = (
    add_generation,
    list_generations,
    get_generation,
    follow_generation,
    cancel_generation,
    retry_generation,
)


async def _messages(
    database: Database, generation_id: UUID, after: int
) -> AsyncIterator[ServerSentEventMessage]:
    # Who may see it no longer, for the key was revoked in the meantime, is told no more.
    with suppress(NotFound):
        async for event in generation.follow(database, generation_id, after):
            yield ServerSentEventMessage(id=event.id, event=event.name, data=msgspec.json.encode(event))


def _event_number(text: str | None) -> int:
    if not text:
        return 0
    if not text.isdecimal() or not text.isascii() or len(text) > 9:
        raise InvalidInput("Last-Event-ID is the number of an event.", field="Last-Event-ID")
    return int(text)
