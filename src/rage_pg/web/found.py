"""The images that the page offers: those found or proposed for a prompt, those like one, or the newest."""

from __future__ import annotations

from typing import Any

from rage_pg import search
from rage_pg.catalogue import images
from rage_pg.errors import InvalidInput
from rage_pg.runtime import Runtime
from rage_pg.types import MOST_FOUND, SearchAnswer, SearchRequest, is_counted
from rage_pg.web.asked import Asked, Shown
from rage_pg.web.facets import approved, facets
from rage_pg.web.proposed import proposed

AT_ONCE = 24
"""Images that are shown, and that more of them are shown."""
LIKENESSES = {"caption": "caption", "image": "picture", "style": "look"}
"""What images can be alike by, and what the page calls it."""

Context = dict[str, Any]
NONE: Context = {
    "proposal": None,
    "answer": None,
    "uncounted": False,
    "liked": None,
    "cut": False,
    "best": 0.0,
}
"""What is said of images that were neither searched for, nor proposed, nor are like one."""


async def found(runtime: Runtime, asked: Asked) -> Context:
    """The first images, or what was proposed, and the facets beside them."""
    if asked.proposal is not None and asked.like is None:
        likenesses = await _likenesses(runtime)
        context = {**NONE, **await proposed(runtime, asked, asked.proposal), "likenesses": likenesses}
    else:
        context = await cards(runtime, asked, None)
    return {**context, **await facets(runtime, context["asked"])}


async def cards(runtime: Runtime, asked: Asked, shown: Shown | None) -> Context:
    """The images that follow those which are shown; the first ones where none are."""
    if asked.like is not None:
        context = await _alike(runtime, asked, asked.like, shown)
    elif asked.prompt:
        context = await _searched(runtime, asked, shown)
    else:
        context = await _listed(runtime, asked, shown)
    number = len(context["cards"]) + (shown.number if shown else 0)
    answer = context.get("answer")
    return {
        **NONE,
        "uncounted": answer is not None and not is_counted(answer.strategy),
        **context,
        "asked": asked,
        "number": number,
        "further": shown is not None,
        "likenesses": await _likenesses(runtime),
    }


async def _likenesses(runtime: Runtime) -> dict[str, str]:
    compared = await runtime.compared_by()
    return {leg: name for leg, name in LIKENESSES.items() if leg in compared}


async def _searched(runtime: Runtime, asked: Asked, shown: Shown | None) -> Context:
    answer = await _first(runtime, asked) if shown is None else await _next(runtime, shown)
    first = answer.items[0].score if answer.items else 0.0
    return {
        "answer": answer,
        "cards": [(candidate.image, candidate) for candidate in answer.items],
        "cursor": answer.cursor,
        "best": shown.best if shown else first,
    }


async def _first(runtime: Runtime, asked: Asked) -> SearchAnswer:
    return await runtime.search(SearchRequest(prompt=asked.prompt, filters=asked.filters, k=AT_ONCE))


async def _next(runtime: Runtime, shown: Shown) -> SearchAnswer:
    if shown.search_id is None:
        raise InvalidInput("Which search goes on? search_id is missing.", field="search_id")
    return await runtime.next_rows(shown.search_id, shown.cursor)


async def _alike(runtime: Runtime, asked: Asked, image_id: int, shown: Shown | None) -> Context:
    image = await images.get(runtime.database, image_id)
    before = shown.number if shown else 0
    k = min(before + AT_ONCE, MOST_FOUND)
    answer = await search.similar(runtime.database, image_id, asked.by, k, asked.filters)
    goes_on = len(answer.items) == k and (k < answer.matched or not is_counted(answer.strategy))
    return {
        "answer": answer,
        "liked": image,
        "cards": [(near.image, near) for near in answer.items[before:]],
        "cursor": str(k) if goes_on and k < MOST_FOUND else None,
        "cut": goes_on and k == MOST_FOUND,
    }


async def _listed(runtime: Runtime, asked: Asked, shown: Shown | None) -> Context:
    cursor = shown.cursor if shown else None
    page = await images.listing(runtime.database, approved(asked), cursor=cursor or None, limit=AT_ONCE)
    return {"cards": [(image, None) for image in page.items], "cursor": page.cursor}
