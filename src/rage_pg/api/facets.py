"""Facets over HTTP: what a list, or a search, could be narrowed by."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from rage_pg.api.parameters import PREFIX, Words, filters_of_query
from rage_pg.api.problems import problems
from rage_pg.catalogue import images
from rage_pg.errors import InvalidInput
from rage_pg.runtime import Runtime
from rage_pg.types import MAX_PROMPT, MOST_FOUND, Facets, Filters, SearchRequest


@get(
    "/facets",
    tags=["images"],
    summary="Count images by tag, brand, kind and attribute",
    dependencies={"filters": Provide(filters_of_query, sync_to_thread=False)},
    opt={PREFIX: "attribute."},
    responses=problems(409),
)
async def get_facets(
    runtime: NamedDependency[Runtime],
    filters: NamedDependency[Filters],
    q: Words = None,
    prompt: Annotated[
        str | None,
        QueryParameter(
            min_length=1,
            max_length=MAX_PROMPT,
            description=f"Count what a search for this finds: its best {MOST_FOUND}. Not together with q.",
        ),
    ] = None,
    min_relevance: Annotated[
        float | None,
        QueryParameter(
            ge=0, le=1, description="With a prompt: leave out what scores below this share of the best."
        ),
    ] = None,
) -> Facets:
    """Of the images that pass the same filters as the list takes; `counted` tells how many these are.

    With `prompt`, of what a search finds: approved and usable today unless `state` is given.
    """
    if prompt is None:
        if min_relevance is not None:
            raise InvalidInput("min_relevance is of a search: give a prompt too.", field="min_relevance")
        return await images.facets(runtime.database, filters, q=q)
    if q is not None:
        raise InvalidInput("q and prompt exclude each other: one lists, the other searches.", field="q")
    return await runtime.search_facets(
        SearchRequest(prompt=prompt, filters=filters, k=MOST_FOUND, min_relevance=min_relevance or 0.0)
    )


HANDLERS = (get_facets,)
