"""Embedding spaces: which there are, whose vectors they hold, and which of them a leg searches."""

from __future__ import annotations

import re

import msgspec

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_one, fetch_value
from rage_pg.errors import Conflict, InvalidInput, NotFound
from rage_pg.providers.ports import Encoder, EncoderIdentity
from rage_pg.resources import statements
from rage_pg.types import Encodes, Space

SQL = statements("index")
NAME = re.compile(r"[a-z0-9][a-z0-9._:-]{0,99}")


async def spaces(database: Database) -> list[Space]:
    """Every space with its counts."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["spaces"], {}, Space)


async def active_spaces(database: Database) -> list[Space]:
    """The spaces that legs search now; their counts are left at 0, which is quick on any store."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["active_spaces"], {}, Space)


async def kept_up_spaces(database: Database) -> list[Space]:
    """The spaces that are filled as images come, searched or not; counts are left at 0."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["kept_up_spaces"], {}, Space)


async def is_in_use(database: Database, leg: str) -> bool:
    """Whether a leg of the search has a space with vectors in it."""
    async with database.reading() as connection:
        return bool(await fetch_value(connection, SQL["is_in_use"], {"leg": leg}))


async def space_of(database: Database, encoder: Encoder) -> Space | None:
    """The space that an encoder's vectors belong to, made now if the model is new to this database.

    Its counts are left at 0. None where it was retired: it comes back only when somebody adds it.
    """
    identity = msgspec.structs.asdict(encoder.identity)
    async with database.reading() as connection:
        space = await fetch_one(connection, SQL["bare_space_of"], identity, Space)
    if space is None:
        return await add_space(database, encoder.identity)
    return None if space.state == "retired" else space


async def add_space(database: Database, identity: EncoderIdentity, name: str | None = None) -> Space:
    """A space to be filled from now on: made, or taken up again where it was idle or retired.

    One that is there already keeps its name. Raises InvalidInput for no name, Conflict for one in use.
    """
    if name is not None and not NAME.fullmatch(name):
        raise InvalidInput(
            "A space is called by up to 100 small letters, digits and . _ : -, a letter or digit first.",
            "name",
        )
    values = {**msgspec.structs.asdict(identity), "name": name or _name(identity)}
    async with database.transaction() as connection:
        await execute(connection, SQL["add_space"], values)
        found = await _space_of(connection, identity)
    if found is None:
        raise LookupError("A space that was added is not there.")
    return found


async def activate(database: Database, name: str, *, force: bool = False) -> Space:
    """Let the leg search this space from now on, for every caller at once.

    Raises NotFound, and Conflict where the space was retired, or while images are missing from it, unless
    `force`.
    """
    async with database.transaction() as connection:
        found = await space_named(connection, name)
        if found.state == "retired":
            raise Conflict(f"The space {name} was retired: its vectors are gone. Add it again first.")
        if found.missing and not force:
            raise Conflict(
                f"The space {name} lacks {found.missing:,} images, which no search by meaning would find:"
                f" run `rage index fill --space {name}` first."
            )
        await switch(connection, found)
        await execute(connection, SQL["keep_up"], {"space_id": found.id})
        return await space_named(connection, name)


async def switch(connection: Connection, space: Space) -> None:
    """Let the leg search this space, as soon as the transaction is committed."""
    await execute(connection, SQL["switch"], {"space_id": space.id, "encodes": space.encodes})


async def retire(database: Database, name: str, *, force: bool = False) -> Space:
    """Give the room of a space free: its vectors, and those of prompts. The space as it was before.

    Raises NotFound, and Conflict while a leg searches it, unless `force`: that leg then has none, and
    searches go on by the others.
    """
    async with database.transaction() as connection:
        found = await space_named(connection, name)
        await execute(connection, SQL["hold_legs"], {})
        legs = await fetch_value(connection, SQL["legs_of"], {"space_id": found.id})
        if legs and not force:
            raise Conflict(
                f"The space {name} is searched as {', '.join(legs)}: activate another one first,"
                " or use --force to have no search by it."
            )
        await execute(connection, SQL["give_up_legs"], {"space_id": found.id})
        await execute(connection, SQL["retire"], {"space_id": found.id})
    return found


async def space_named(connection: Connection, name: str) -> Space:
    """A space with its counts. Raises NotFound, naming those that there are."""
    found = await fetch_one(connection, SQL["space_named"], {"name": name}, Space)
    if found is None:
        names = await fetch_value(connection, SQL["names"], {})
        raise NotFound(f"There is no space {name!r}; there are {', '.join(names)}.")
    return found


def identity_of(space: Space) -> EncoderIdentity:
    """What an encoder must be to fill this space, or to search it."""
    return EncoderIdentity(**{name: getattr(space, name) for name in EncoderIdentity.__struct_fields__})


async def newest_space(database: Database, encoder: str, model: str | None, encodes: Encodes) -> Space | None:
    """The newest space of an encoder, kept up or retired but not idle; without a `model`, of any."""
    values = {"encoder": encoder, "model": model, "encodes": encodes}
    async with database.reading() as connection:
        return await fetch_one(connection, SQL["newest_space"], values, Space)


async def _space_of(connection: Connection, identity: EncoderIdentity) -> Space | None:
    return await fetch_one(connection, SQL["space_of"], msgspec.structs.asdict(identity), Space)


def _name(identity: EncoderIdentity) -> str:
    """What people call a new space; everything that tells it from others is in it."""
    parts = [identity.encoder, identity.model, str(identity.dimensions), identity.encodes]
    if identity.weights_sha256:
        parts.append(identity.weights_sha256[:8])
    return re.sub(r"[^a-z0-9._:]+", "-", "-".join(parts).lower()).strip("-")[:100]
