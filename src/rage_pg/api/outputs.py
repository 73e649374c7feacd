"""Pictures of a generation over HTTP: partial images while it runs, outputs, ratings, and keeping one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from rage_pg import generation, history, ingest, jobs
from rage_pg.api.pictures import READING, not_modified, plain_picture, plain_tag
from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.callers import Caller
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.types import Image, KeptWords, Rating

OUTPUT = "/generations/{generation_id:uuid}/outputs/{position:int}"


@route(
    OUTPUT,
    http_method=READING,
    tags=["generations"],
    summary="An output's bytes",
    media_type="image/*",
    responses=problems(404),
)
async def get_output(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    generation_id: FromPath[UUID],
    position: FromPath[int],
) -> Response[bytes]:
    """The picture that the provider sent, without metadata; outputs count from 1."""
    found = await history.output(database, generation_id, position)
    unchanged = not_modified(request, plain_tag(found.sha256))
    return unchanged or await plain_picture(found)


@route(
    "/generations/{generation_id:uuid}/partials/{event_id:int}",
    http_method=READING,
    tags=["generations"],
    summary="A partial image's bytes",
    media_type="image/*",
    responses=problems(404),
)
async def get_partial_image(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    generation_id: FromPath[UUID],
    event_id: FromPath[int],
) -> Response[bytes]:
    """What the provider showed of a picture while it painted, without metadata; its event says where.

    404 once the generation has ended: its outputs take their place.
    """
    found = await generation.partial_image(database, generation_id, event_id)
    unchanged = not_modified(request, plain_tag(found.sha256))
    return unchanged or await plain_picture(found)


@post(
    f"{OUTPUT}/rating",
    tags=["generations"],
    summary="Rate an output",
    opt=needs("generate"),
    status_code=204,
    responses=problems(404),
)
async def rate_output(
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    generation_id: FromPath[UUID],
    position: FromPath[int],
    data: JSONBody[Rating],
) -> None:
    """A later rating by the same person replaces the earlier one."""
    await generation.rate(database, generation_id, position, data, by=caller.name)


@post(
    f"{OUTPUT}/keep",
    tags=["generations"],
    summary="Keep an output",
    opt=needs("generate"),
    status_code=200,
    responses=problems(400, 404, 409),
)
async def keep_output(
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    generation_id: FromPath[UUID],
    position: FromPath[int],
    data: JSONBody[KeptWords | None] = None,
) -> Image:
    """Approves an output as an image of the catalogue, to be found and used as a reference.

    Caption, tags, kind and products are drafted from the references. A body, which may be left out, says
    title, caption, tags or kind instead. Calling it again changes nothing.
    """
    said = ingest.checked_words(data or KeptWords())
    image_id = await generation.keep(database, generation_id, position, by=caller.name, said=said)
    await jobs.defer_fill_index(database)
    return await images.get(database, image_id)


HANDLERS = (get_output, get_partial_image, rate_output, keep_output)
