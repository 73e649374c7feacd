"""Tags over HTTP: which are in use, and giving them other names."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.catalogue import tags
from rage_pg.database import Database
from rage_pg.types import FacetValue

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Tags(Struct, frozen=True, kw_only=True):
    items: tuple[FacetValue, ...]


class Rename(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tag's name, and the one that it is to have."""

    brand: str
    old: Name
    new: Name


class Merge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tag that ends, and the one that takes over its images."""

    brand: str
    tag: Name
    into: Name


class Renamed(Struct, frozen=True, kw_only=True):
    """How many tags changed: the tag and its children."""

    tags: int


@get("/tags", tags=["tags"], summary="List tags", responses=problems())
async def list_tags(
    database: NamedDependency[Database],
    brand: Annotated[str | None, QueryParameter(description="Only this brand's.")] = None,
) -> Tags:
    """The tags in use by name, with their numbers of images."""
    return Tags(items=tuple(await tags.listing(database, brand=brand)))


@post(
    "/tags/rename",
    tags=["tags"],
    summary="Rename a tag",
    status_code=200,
    opt=needs("write"),
    responses=problems(404, 409),
)
async def rename_tag(database: NamedDependency[Database], data: JSONBody[Rename]) -> Renamed:
    """A tag goes with its children `a/b`. A name that is taken is a conflict: merge the two instead."""
    return Renamed(tags=await tags.rename(database, data.old, data.new, brand=data.brand))


@post(
    "/tags/merge",
    tags=["tags"],
    summary="Merge two tags",
    status_code=200,
    opt=needs("write"),
    responses=problems(404),
)
async def merge_tags(database: NamedDependency[Database], data: JSONBody[Merge]) -> Renamed:
    """Every image of `tag` (and of its children) has `into` (and its children) afterwards."""
    return Renamed(tags=await tags.rename(database, data.tag, data.into, brand=data.brand, merge=True))


HANDLERS = (list_tags, rename_tag, merge_tags)
