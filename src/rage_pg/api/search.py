"""Search over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from rage_pg import jobs
from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.callers import Caller
from rage_pg.errors import Forbidden
from rage_pg.runtime import Runtime
from rage_pg.types import SearchAnswer, SearchRequest


@post(
    "/search",
    tags=["search"],
    summary="Search by prompt",
    status_code=200,
    opt=needs("read"),
    responses=problems(402, 403, 409, 422, 502, 503),
)
async def search(
    runtime: NamedDependency[Runtime], caller: NamedDependency[Caller], data: JSONBody[SearchRequest]
) -> SearchAnswer:
    """The best `k` images for a prompt among those that pass the filters, best first.

    `legs` weighs the ways of searching; a leg of weight 0 is left out. `strategy` says how the answer was
    found, `complete` whether anything was cut short.

    With `imagine`, for which a key needs `generate`, a draft of the prompt is made first, which is paid for
    and takes its time: the image leg searches by that picture.
    """
    if data.imagine and not caller.may("generate"):
        raise Forbidden("A draft is made to search by: the key needs the scope generate.")
    return await jobs.searched(runtime, data)


@get(
    "/searches/{search_id:uuid}",
    tags=["search"],
    summary="The next rows of a search",
    responses=problems(404, 409),
)
async def next_rows(
    runtime: NamedDependency[Runtime],
    search_id: FromPath[UUID],
    cursor: Annotated[
        str | None, QueryParameter(description="Of the rows before; the first rows again if left out.")
    ] = None,
) -> SearchAnswer:
    """The `k` rows that follow, by the same request as the search; no image comes twice.

    409 for a caller who sees other brands than the search did.
    """
    return await runtime.next_rows(search_id, cursor)


HANDLERS = (search, next_rows)
