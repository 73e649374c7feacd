"""Tags: what a brand calls things. A tag is renamed with its children `a/b`."""

from __future__ import annotations

from msgspec import Struct

from rage_pg.database import Connection, Database, execute, fetch_all
from rage_pg.errors import Conflict, InvalidInput, NotFound
from rage_pg.resources import statements
from rage_pg.texts import check_storable, check_tag
from rage_pg.types import FacetValue

SQL = statements("catalogue")


class _Names(Struct, frozen=True):
    """The two names of a renaming, as tags are stored."""

    old: str
    new: str


class _Renamed(Struct, frozen=True, kw_only=True):
    """A tag, its new name, and the tag that has that name and keeps it."""

    tag_id: int
    name: str
    existing: int | None


async def listing(database: Database, *, brand: str | None = None) -> list[FacetValue]:
    """The tags in use, by name, with their numbers of images."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["list_tags"], {"brand": brand}, FacetValue)


async def rename(database: Database, old: str, new: str, *, brand: str, merge: bool = False) -> int:
    """Give a brand's tag and its children another name; how many tags that were.

    Where the new name exists, `merge` unites the two; without it that is a Conflict. Raises NotFound, and
    InvalidInput for a new name that no tag can have or that lies below the old one.
    """
    async with database.transaction() as connection:
        if not await execute(connection, SQL["lock_brand"], {"brand": brand}):
            raise NotFound(f"There is no brand {brand!r} whose tags you may change.")
        names = await _names(connection, old, new)
        values = {"old": names.old, "new": names.new, "brand": brand}
        found = await fetch_all(connection, SQL["tag_and_children"], values, _Renamed)
        if not found:
            raise NotFound(f"The brand {brand!r} has no tag {old!r}.")
        for tag in found:
            check_tag(tag.name, "new")
        taken = [tag.name for tag in found if tag.existing is not None]
        if taken and not merge:
            raise Conflict(f"The brand {brand!r} has a tag {taken[0]!r} already; merge the two instead.")
        # Images before their tags, in the order of an erasure, so that the two cannot block each other.
        await execute(connection, SQL["touch_tagged"], {"tag_ids": [tag.tag_id for tag in found]})
        for tag in found:
            await _rename_one(connection, tag)
        tag_ids = [tag.existing or tag.tag_id for tag in found]
        await execute(connection, SQL["refresh_tagged"], {"tag_ids": tag_ids})
    return len(found)


async def _names(connection: Connection, old: str, new: str) -> _Names:
    check_storable("old", old)
    check_tag(new, "new")
    [names] = await fetch_all(connection, SQL["tag_names"], {"old": old, "new": new}, _Names)
    check_tag(names.new, "new")
    if names.new.startswith(names.old + "/"):
        raise InvalidInput(f"The tag {old!r} cannot become its own child {new!r}.", field="new")
    return names


async def _rename_one(connection: Connection, tag: _Renamed) -> None:
    values = {"tag_id": tag.tag_id, "existing": tag.existing, "name": tag.name}
    if tag.existing is None:
        await execute(connection, SQL["rename_tag"], values)
    else:
        await execute(connection, SQL["move_tag"], values)
        await execute(connection, SQL["delete_tag"], values)
