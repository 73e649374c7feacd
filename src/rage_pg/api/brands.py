"""Brands over HTTP."""

from __future__ import annotations

from litestar import get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType, structs

from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.catalogue import brands
from rage_pg.database import Database
from rage_pg.types import Brand, Palette, WordsToAvoid


class BrandWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is printed of a brand, what every prompt for it is told (guidelines; a palette of colours such as
    `#0b6e4f Forest`; words to avoid), and the language (BCP 47) in which its images are described where a
    caption names none."""

    title: str | None = None
    guidelines: str | None = None
    palette: Palette = ()
    words_to_avoid: WordsToAvoid = ()
    language: str | None = None


class BrandChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays, null clears it."""

    title: str | None | UnsetType = UNSET
    guidelines: str | None | UnsetType = UNSET
    palette: Palette | None | UnsetType = UNSET
    words_to_avoid: WordsToAvoid | None | UnsetType = UNSET
    language: str | None | UnsetType = UNSET


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
    return await brands.create(database, **structs.asdict(data))


@get("/brands/{name:path}", tags=["brands"], summary="One brand", responses=problems(404))
async def get_brand(database: NamedDependency[Database], name: FromPath[str]) -> Brand:
    """A brand by its name."""
    return await brands.get(database, name.removeprefix("/"))


@put(
    "/brands/{name:path}",
    tags=["brands"],
    summary="Replace what is said of a brand",
    opt=needs("admin"),
    responses=problems(404),
)
async def put_brand(
    database: NamedDependency[Database], name: FromPath[str], data: JSONBody[BrandWords]
) -> Brand:
    """Replaces title, guidelines, palette, words to avoid and language; what is left out is cleared."""
    return await brands.update(database, name.removeprefix("/"), **structs.asdict(data))


@patch(
    "/brands/{name:path}",
    tags=["brands"],
    summary="Edit a brand",
    opt=needs("admin"),
    responses=problems(404),
)
async def patch_brand(
    database: NamedDependency[Database], name: FromPath[str], data: JSONBody[BrandChanges]
) -> Brand:
    """Changes what is said and leaves the rest. Another language has the searchable words of the brand's
    images made anew, which takes a while where they are many."""
    return await brands.update(database, name.removeprefix("/"), **structs.asdict(data))


HANDLERS = (list_brands, add_brand, get_brand, put_brand, patch_brand)
