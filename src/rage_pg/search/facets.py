"""What a search could be narrowed by: counts over what it finds."""

from __future__ import annotations

from rage_pg.database import Database, fetch_all
from rage_pg.providers.ports import PromptEncoders
from rage_pg.queries import FacetRow, facets_of
from rage_pg.resources import statements
from rage_pg.search.asking import arguments, prompt_of
from rage_pg.search.prompts import embed_if_possible
from rage_pg.types import Facets, SearchRequest

SQL = statements("search")


async def facets(database: Database, encoders: PromptEncoders, request: SearchRequest) -> Facets:
    """How many of the best `k` images for a prompt have which tag, brand, kind and attribute.

    The prompt is embedded as in a search. Nothing is logged: no image was answered. Raises InvalidInput.
    """
    prompt = prompt_of(request)
    await embed_if_possible(database, encoders, prompt)
    async with database.reading() as connection:
        rows = await fetch_all(connection, SQL["search_facets"], arguments(request, prompt), FacetRow)
    return facets_of(rows)
