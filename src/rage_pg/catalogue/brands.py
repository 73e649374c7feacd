"""Brands: who images belong to and who pays."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from rage_pg.catalogue.guidelines import checked_palette, checked_words_to_avoid
from rage_pg.database import Database, execute, fetch_all, fetch_one
from rage_pg.errors import Forbidden, InvalidInput, NotFound
from rage_pg.resources import statements
from rage_pg.texts import checked_language
from rage_pg.types import Brand

SQL = statements("catalogue")

LONGEST_NAME = 100


async def listing(database: Database) -> list[Brand]:
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["list_brands"], {}, Brand)


async def get(database: Database, name: str) -> Brand:
    """One brand; names are compared trimmed and case-folded. Raises NotFound."""
    async with database.reading() as connection:
        brand = await fetch_one(connection, SQL["get_brand"], {"name": name}, Brand)
    if brand is None:
        raise NotFound(f"There is no brand {name!r}.")
    return brand


async def create(
    database: Database,
    name: str,
    *,
    title: str | None = None,
    guidelines: str | None = None,
    palette: Sequence[str] = (),
    words_to_avoid: Sequence[str] = (),
    language: str | None = None,
) -> Brand:
    """A new brand. Raises InvalidInput, Conflict where one of this name exists, and Forbidden.

    Who does not see every brand may make none: they would learn which names are taken.
    """
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise InvalidInput(f"A brand's name has 1 to {LONGEST_NAME} characters.", field="name")
    values = {
        "name": name.strip(),
        "title": title,
        "guidelines": guidelines,
        "palette": checked_palette(palette),
        "words_to_avoid": checked_words_to_avoid(words_to_avoid),
        "language": checked_language("language", language),
    }
    if not database.caller.every_brand:
        raise Forbidden("Only a key for every brand may make a brand.")
    async with database.transaction() as connection:
        await execute(connection, SQL["create_brand"], values)
    return await get(database, name)


async def update(
    database: Database,
    name: str,
    *,
    title: str | UnsetType | None = UNSET,
    guidelines: str | UnsetType | None = UNSET,
    palette: Sequence[str] | UnsetType | None = UNSET,
    words_to_avoid: Sequence[str] | UnsetType | None = UNSET,
    language: str | UnsetType | None = UNSET,
) -> Brand:
    """Change what is said of a brand; UNSET leaves it, None clears it.

    Another language makes the documents of its images anew, but for those whose caption has a language.
    Raises InvalidInput, NotFound and Forbidden.
    """
    async with database.transaction() as connection:
        # Two who change different things at once lose nothing of each other's.
        await execute(connection, SQL["lock_brand"], {"brand": name})
        known = await get(database.within(connection), name)
        values = {
            "name": name,
            "title": known.title if title is UNSET else title,
            "guidelines": known.guidelines if guidelines is UNSET else guidelines,
            "palette": list(known.palette) if palette is UNSET else checked_palette(palette or ()),
            "words_to_avoid": list(known.words_to_avoid)
            if words_to_avoid is UNSET
            else checked_words_to_avoid(words_to_avoid or ()),
            "language": known.language if language is UNSET else checked_language("language", language),
        }
        touched = await execute(connection, SQL["update_brand"], values)
        if touched and values["language"] != known.language:
            await execute(connection, SQL["refresh_brand"], {"name": name})
    if not touched:
        raise Forbidden(f"You may not change the brand {known.name!r}.")
    return await get(database, name)
