"""Brands over HTTP."""

from __future__ import annotations

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.catalogue import brands
from rage_pg.database import Database
from rage_pg.types import Brand


class BrandWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is printed of a brand, and what every prompt for it is told."""

    title: str | None = None
    guidelines: str | None = None


class NewBrand(BrandWords, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str


class Brands(Struct, frozen=True, kw_only=True):
    items: tuple[Brand, ...]


@get("/brands", tags=["brands"], summary="List brands", responses=problems())
async def list_brands(database: NamedDependency[Database]) -> Brands:
    """All brands by name, with their numbers of images."""
    return Brands(items=tuple(await brands.listing(database)))


@post(
    "/brands",
    tags=["brands"],
    summary="Add a brand",
    opt=needs("write", every_brand=True),
    responses=problems(409),
)
async def add_brand(database: NamedDependency[Database], data: JSONBody[NewBrand]) -> Brand:
    """Names are told apart trimmed and without regard to case."""
    return await brands.create(database, data.name, title=data.title, guidelines=data.guidelines)


@get("/brands/{name:path}", tags=["brands"], summary="One brand", responses=problems(404))
async def get_brand(database: NamedDependency[Database], name: FromPath[str]) -> Brand:
    """A brand by its name."""
    return await brands.get(database, name.removeprefix("/"))


@put(
    "/brands/{name:path}",
    tags=["brands"],
    summary="Edit a brand",
    opt=needs("admin"),
    responses=problems(404),
)
async def put_brand(
    database: NamedDependency[Database], name: FromPath[str], data: JSONBody[BrandWords]
) -> Brand:
    """Replaces title and guidelines; what is left out is cleared."""
    return await brands.update(database, name.removeprefix("/"), title=data.title, guidelines=data.guidelines)


HANDLERS = (list_brands, add_brand, get_brand, put_brand)
