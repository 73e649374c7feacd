"""Tags: what a brand calls things. A tag is renamed with its children `a/b`."""

from __future__ import annotations

from msgspec import Struct

from rage_pg.database import Connection, Database, execute, fetch_all
from rage_pg.errors import Conflict, NotFound
from rage_pg.resources import statements
from rage_pg.types import FacetValue

SQL = statements("catalogue")


class _Renamed(Struct, frozen=True, kw_only=True):
    """A tag, its new name, and the tag that already has that name."""

    tag_id: int
    brand_id: int
    name: str
    existing: int | None


async def listing(database: Database, *, brand: str | None = None) -> list[FacetValue]:
    """The tags in use, by name, with their numbers of images."""
    async with database.transaction() as connection:
        return await fetch_all(connection, SQL["list_tags"], {"brand": brand}, FacetValue)


async def rename(database: Database, old: str, new: str, *, brand: str, merge: bool = False) -> int:
    """Give a brand's tag and its children another name; how many tags that were.

    Where the new name exists, `merge` unites the two; without it that is a Conflict. Raises NotFound.
    """
    async with database.transaction() as connection:
        values = {"old": old, "new": new, "brand": brand}
        found = await fetch_all(connection, SQL["tag_and_children"], values, _Renamed)
        if not found:
            raise NotFound(f"The brand {brand!r} has no tag {old!r}.")
        taken = [tag.name for tag in found if tag.existing not in (None, tag.tag_id)]
        if taken and not merge:
            raise Conflict(f"The brand {brand!r} has a tag {taken[0]!r} already; merge the two instead.")
        for tag in found:
            await _rename_one(connection, tag)
        tag_ids = [tag.existing or tag.tag_id for tag in found]
        await execute(connection, SQL["refresh_tagged"], {"tag_ids": tag_ids})
    return len(found)


async def _rename_one(connection: Connection, tag: _Renamed) -> None:
    values = {"tag_id": tag.tag_id, "existing": tag.existing, "name": tag.name}
    if tag.existing is None:
        await execute(connection, SQL["rename_tag"], values)
    elif tag.existing != tag.tag_id:
        await execute(connection, SQL["move_tag"], values)
        await execute(connection, SQL["delete_tag"], values)
