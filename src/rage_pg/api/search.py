"""Search over HTTP."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.runtime import Runtime
from rage_pg.types import SearchAnswer, SearchRequest


@post(
    "/search",
    tags=["search"],
    summary="Search by prompt",
    status_code=200,
    opt=needs("read"),
    responses=problems(409),
)
async def search(runtime: NamedDependency[Runtime], data: JSONBody[SearchRequest]) -> SearchAnswer:
    """The best `k` images for a prompt among those that pass the filters, best first.

    `legs` weighs the ways of searching; a leg of weight 0 is left out. `strategy` says how the answer was
    found, `complete` whether anything was cut short.
    """
    return await runtime.search(data)


HANDLERS = (search,)
