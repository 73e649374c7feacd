"""Collections over HTTP."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Struct

from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.catalogue import collections
from rage_pg.database import Database
from rage_pg.types import Collection


class CollectionContents(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose the collection is, and its images in order."""

    brand: str
    image_ids: Annotated[tuple[Annotated[int, Meta(ge=1, le=2**63 - 1)], ...], Meta(max_length=10_000)]
    title: str | None = None


class Collections(Struct, frozen=True, kw_only=True):
    items: tuple[Collection, ...]


@get("/collections", tags=["collections"], summary="List collections", responses=problems())
async def list_collections(database: NamedDependency[Database]) -> Collections:
    """All collections by name, with the ids of their images in order."""
    return Collections(items=tuple(await collections.listing(database)))


@get("/collections/{name:path}", tags=["collections"], summary="One collection", responses=problems(404, 409))
async def get_collection(
    database: NamedDependency[Database],
    name: FromPath[str],
    brand: Annotated[
        str | None, QueryParameter(description="Needed where several brands have one of this name.")
    ] = None,
) -> Collection:
    """A collection by its name."""
    return await collections.get(database, name.removeprefix("/"), brand=brand)


@put(
    "/collections/{name:path}",
    tags=["collections"],
    summary="Make or replace a collection",
    opt=needs("write"),
    responses=problems(404),
)
async def put_collection(
    database: NamedDependency[Database], name: FromPath[str], data: JSONBody[CollectionContents]
) -> Collection:
    """The images count in the order given, each once."""
    return await collections.put(
        database, name.removeprefix("/"), brand=data.brand, image_ids=data.image_ids, title=data.title
    )


@delete(
    "/collections/{name:path}",
    tags=["collections"],
    summary="Delete a collection",
    opt=needs("write"),
    responses=problems(404),
)
async def delete_collection(
    database: NamedDependency[Database], name: FromPath[str], brand: FromQuery[str]
) -> None:
    """Its images stay."""
    await collections.delete(database, name.removeprefix("/"), brand=brand)


HANDLERS = (list_collections, get_collection, put_collection, delete_collection)
