"""How the domain's values become the arguments of statements."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from rage_pg.types import Filters


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
