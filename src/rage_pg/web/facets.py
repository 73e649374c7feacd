"""By what the images that the page shows can be narrowed, each choice with the number that it leaves."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rage_pg.catalogue import images
from rage_pg.runtime import Runtime
from rage_pg.types import MOST_FOUND, Facets, FacetValue, Filters, SearchRequest
from rage_pg.web.asked import ATTRIBUTE, Asked

OFFERED = 10
"""Choices of a group that are seen without unfolding the rest."""
FEW = range(2, 13)
"""How many values an attribute has that is worth a group: prices and names have more."""


class Group(Struct, frozen=True, kw_only=True):
    """The choices of one field: those that are made, and those that are left."""

    title: str
    field: str
    chosen: tuple[str, ...]
    offered: tuple[FacetValue, ...]
    folded: tuple[FacetValue, ...]


async def facets(runtime: Runtime, asked: Asked) -> dict[str, Any]:
    """Counts of what a search finds; without a prompt, or like an image, of all that passes the filter."""
    counted = await _counted(runtime, asked)
    groups = [
        _group(asked, "Brand", "brand", counted.brands),
        _group(asked, "Kind", "kind", counted.kinds),
        _group(asked, "Tags", "tag", counted.tags),
    ]
    return {
        "groups": [group for group in groups if group.chosen or group.offered],
        "attribute_groups": _attribute_groups(asked, counted),
        "counted": counted.counted,
        "most": MOST_FOUND,
    }


def approved(asked: Asked) -> Filters:
    """The filter over what a search finds by default."""
    return replace(asked.filters, state=("approved",))


async def _counted(runtime: Runtime, asked: Asked) -> Facets:
    if asked.prompt and asked.like is None:
        return await runtime.search_facets(
            SearchRequest(prompt=asked.prompt, filters=asked.filters, k=MOST_FOUND)
        )
    return await images.facets(runtime.database, approved(asked))


def _attribute_groups(asked: Asked, counted: Facets) -> list[Group]:
    chosen = {name for name, _ in asked.attributes}
    names = [name for name, values in counted.attributes.items() if len(values) in FEW or name in chosen]
    names += sorted(chosen - set(names))
    return [_group(asked, name, f"{ATTRIBUTE}{name}", counted.attributes.get(name, ())) for name in names]


def _group(asked: Asked, title: str, field: str, values: tuple[FacetValue, ...]) -> Group:
    chosen = tuple(value for name, value in asked.filter_fields if name == field)
    left = [value for value in values if not asked.has(field, value.value)]
    return Group(
        title=title,
        field=field,
        chosen=chosen,
        offered=tuple(left[:OFFERED]),
        folded=tuple(left[OFFERED:]),
    )
