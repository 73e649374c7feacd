"""The images that the page offers: what a prompt finds, or the newest, and by what they can be filtered."""

from __future__ import annotations

from typing import Any

from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.runtime import Runtime
from rage_pg.types import Filters, SearchRequest
from rage_pg.web.forms import Asked, Shown

AT_ONCE = 24
"""Images that are shown, and that more of them are shown."""
MOST = 200
"""Images that one search gives at most."""
TAGS = 10
"""Tags offered without unfolding the rest."""

Context = dict[str, Any]


async def found(runtime: Runtime, asked: Asked) -> Context:
    """The first images, and the filters beside them."""
    return {**await cards(runtime, asked, Shown()), **await _filters(runtime.database, asked)}


async def cards(runtime: Runtime, asked: Asked, shown: Shown) -> Context:
    """The images that follow those which are shown: the prompt's, or without a prompt the newest."""
    next_ones = _searched if asked.prompt else _listed
    context = await next_ones(runtime, asked, shown)
    before = len(shown.image_ids)
    number = before + len(context["cards"])
    return {**context, "asked": asked, "number": number, "further": before > 0, "most": MOST}


async def _searched(runtime: Runtime, asked: Asked, shown: Shown) -> Context:
    k = min(len(shown.image_ids) + AT_ONCE, MOST)
    answer = await runtime.search(SearchRequest(prompt=asked.prompt, filters=asked.filters, k=k))
    # A deeper search may rank the images anew: what is shown stays, and the rest follows.
    new = [
        (candidate.image, candidate)
        for candidate in answer.items
        if candidate.image.id not in shown.image_ids
    ]
    goes_on = len(answer.items) == k < answer.matched
    return {
        "answer": answer,
        "cards": new,
        "cursor": None,
        "more": goes_on and k < MOST,
        "cut": goes_on and k == MOST,
    }


async def _listed(runtime: Runtime, asked: Asked, shown: Shown) -> Context:
    page = await images.listing(runtime.database, _approved(asked), cursor=shown.cursor, limit=AT_ONCE)
    return {
        "answer": None,
        "cards": [(image, None) for image in page.items],
        "cursor": page.cursor,
        "more": page.cursor is not None,
        "cut": False,
    }


async def _filters(database: Database, asked: Asked) -> Context:
    """What can be filtered by: brands and kinds as if none were chosen, tags of what passes the filter."""
    of_any_brand = await images.facets(database, _approved(asked, but="brand"))
    of_any_kind = await images.facets(database, _approved(asked, but="kind"))
    tags = (await images.facets(database, _approved(asked))).tags
    offered = [tag for tag in tags if tag.value not in asked.tags]
    return {
        "brand_facets": of_any_brand.brands,
        "kind_facets": of_any_kind.kinds,
        "tag_facets": offered[:TAGS],
        "more_tag_facets": offered[TAGS:],
    }


def _approved(asked: Asked, but: str | None = None) -> Filters:
    """The filter without one of its parts, over what a search finds by default."""
    filters = asked.filters
    return Filters(
        brand=() if but == "brand" else filters.brand,
        kind=() if but == "kind" else filters.kind,
        tags=filters.tags,
        state=("approved",),
    )
