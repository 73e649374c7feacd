"""Embedding spaces: which there are, whose vectors they hold, and which of them a leg searches."""

from __future__ import annotations

import re

import msgspec

from rage_pg.database import Database, execute, fetch_all, fetch_one, fetch_only, fetch_value
from rage_pg.errors import Conflict, NotFound
from rage_pg.providers.ports import EncoderIdentity, ImageEncoder, TextEncoder
from rage_pg.resources import statements
from rage_pg.types import Space

SQL = statements("index")


async def spaces(database: Database) -> list[Space]:
    """Every space with its counts."""
    async with database.transaction() as connection:
        return await fetch_all(connection, SQL["spaces"], {}, Space)


async def active_spaces(database: Database) -> list[Space]:
    """The spaces that legs search now; their counts are left at 0, which is quick on any store."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["active_spaces"], {}, Space)


async def is_empty(database: Database) -> bool:
    """Whether no image has been embedded in any space."""
    async with database.transaction() as connection:
        return bool(await fetch_value(connection, SQL["is_empty"], {}))


async def space_of(database: Database, encoder: TextEncoder | ImageEncoder) -> Space:
    """The space that an encoder's vectors belong to, made now if the model is new to this database."""
    identity = msgspec.structs.asdict(encoder.identity)
    async with database.transaction() as connection:
        space = await fetch_one(connection, SQL["space_of"], identity, Space)
        if space is None:
            await execute(connection, SQL["create_space"], {"name": _name(encoder.identity), **identity})
            space = await fetch_only(connection, SQL["space_of"], identity, Space)
    return space


def _name(identity: EncoderIdentity) -> str:
    """What people call a new space; everything that tells it from others is in it."""
    parts = [identity.encoder, identity.model, str(identity.dimensions), identity.encodes]
    if identity.weights_sha256:
        parts.append(identity.weights_sha256[:8])
    return re.sub(r"[^a-z0-9._:]+", "-", "-".join(parts).lower()).strip("-")


async def activate(database: Database, name: str, *, force: bool = False) -> Space:
    """Let the leg search this space from now on, for every caller at once.

    Raises NotFound, and Conflict while images are missing from it, unless `force`.
    """
    found = next((space for space in await spaces(database) if space.name == name), None)
    if found is None:
        raise NotFound(f"There is no space {name!r}.")
    if found.missing and not force:
        raise Conflict(
            f"The space {name} lacks {found.missing} images: run `rage index fill --space {name}` first."
        )
    async with database.transaction() as connection:
        await execute(connection, SQL["activate"], {"name": name})
    return next(space for space in await spaces(database) if space.name == name)
