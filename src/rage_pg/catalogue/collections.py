"""Collections: ordered sets of images."""

from __future__ import annotations

from collections.abc import Sequence

from rage_pg.database import Database, execute, fetch_all, fetch_value
from rage_pg.errors import Conflict, InvalidInput, NotFound
from rage_pg.resources import statements
from rage_pg.types import Collection

SQL = statements("catalogue")

LONGEST_NAME = 200


async def listing(database: Database) -> list[Collection]:
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["list_collections"], {}, Collection)


async def get(database: Database, name: str, *, brand: str | None = None) -> Collection:
    """One collection. Raises NotFound, and Conflict where brands have namesakes and none is named."""
    async with database.reading() as connection:
        found = await fetch_all(connection, SQL["get_collection"], {"name": name, "brand": brand}, Collection)
    if not found:
        raise NotFound(f"There is no collection {name!r}.")
    if len(found) > 1:
        owners = ", ".join(one.brand for one in found)
        raise Conflict(f"Several brands have a collection {name!r}: {owners}. Name the brand.")
    return found[0]


async def put(
    database: Database, name: str, *, brand: str, image_ids: Sequence[int], title: str | None = None
) -> Collection:
    """Make a collection, or replace its title and images. An image counts once, at its first place.

    Raises InvalidInput, and NotFound for a brand or an image that does not exist.
    """
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise InvalidInput(f"A collection's name has 1 to {LONGEST_NAME} characters.", field="name")
    wanted = list(dict.fromkeys(image_ids))
    async with database.transaction() as connection:
        values = {"name": name, "brand": brand, "title": title}
        collection_id = await fetch_value(connection, SQL["put_collection"], values)
        if collection_id is None:
            raise NotFound(f"There is no brand {brand!r}.")
        place = {"collection_id": collection_id, "image_ids": wanted}
        await execute(connection, SQL["clear_collection"], place)
        if await execute(connection, SQL["fill_collection"], place) < len(wanted):
            raise NotFound("Not every one of these images exists; the collection is as it was.")
    return await get(database, name, brand=brand)


async def delete(database: Database, name: str, *, brand: str) -> None:
    """Remove a collection; its images stay. Raises NotFound."""
    async with database.transaction() as connection:
        if not await execute(connection, SQL["delete_collection"], {"name": name, "brand": brand}):
            raise NotFound(f"The brand {brand!r} has no collection {name!r} that you may delete.")
