"""How the domain's values become arguments of statements, and rows that several stages read become values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.types import Facets, FacetValue, Filters


class FacetRow(Struct, frozen=True):
    facet: str
    name: str | None
    value: str
    count: int


def filter_values(filters: Filters) -> dict[str, Any]:
    """The arguments of rage.filters: an empty list sets no limit over HTTP, in SQL it would match nothing."""
    return {
        "brands": list(filters.brand) or None,
        "skus": list(filters.sku) or None,
        "kinds": list(filters.kind) or None,
        "states": list(filters.state) or None,
        "tags_all": list(filters.tags.all) or None,
        "tags_any": list(filters.tags.any) or None,
        "tags_none": list(filters.tags.none) or None,
        "collections": list(filters.collection) or None,
        "attributes": Jsonb(filters.attributes) if filters.attributes else None,
        "origins": list(filters.origin) or None,
        "created_after": filters.created_after,
        "created_before": filters.created_before,
        "updated_after": filters.updated_after,
        "min_width": filters.min_width,
        "min_height": filters.min_height,
    }


def facets_of(rows: Iterable[FacetRow]) -> Facets:
    """The rows of a count, by facet."""
    counted: dict[tuple[str, str | None], list[FacetValue]] = {}
    for row in rows:
        counted.setdefault((row.facet, row.name), []).append(FacetValue(row.value, row.count))
    kinds = tuple(counted.get(("kinds", None), ()))
    return Facets(
        # Each image has one kind.
        counted=sum(kind.count for kind in kinds),
        tags=tuple(counted.get(("tags", None), ())),
        brands=tuple(counted.get(("brands", None), ())),
        kinds=kinds,
        attributes={
            name: tuple(found) for (facet, name), found in counted.items() if facet == "attributes" and name
        },
    )
