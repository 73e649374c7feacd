"""Facets over HTTP: what a list could be narrowed by."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency, Provide

from rage_pg.api.parameters import PREFIX, Words, filters_of_query
from rage_pg.api.problems import problems
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.types import Facets, Filters


@get(
    "/facets",
    tags=["images"],
    summary="Count images by tag, brand, kind and attribute",
    dependencies={"filters": Provide(filters_of_query, sync_to_thread=False)},
    opt={PREFIX: "attribute."},
    responses=problems(),
)
async def get_facets(
    database: NamedDependency[Database], filters: NamedDependency[Filters], q: Words = None
) -> Facets:
    """Of the images that pass the same filters as the list takes."""
    return await images.facets(database, filters, q=q)


HANDLERS = (get_facets,)
