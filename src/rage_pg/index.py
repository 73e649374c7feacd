"""Embeds what is missing or out of date, space by space, and switches the space that a leg searches."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from msgspec import Struct
from pgvector import HalfVector

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_one, fetch_only, fetch_value
from rage_pg.errors import Conflict, InvalidInput, NotFound, ProviderError
from rage_pg.providers.checked import checked_vectors
from rage_pg.providers.ports import EncoderIdentity, ImageEncoder, TextEncoder, Vectors
from rage_pg.resources import statements
from rage_pg.types import Space

SQL = statements("index")

BATCH = 32
"""Images embedded and stored together: one transaction, and what a kill loses at most."""

TRIES = 3
"""How often one input may fail before it is left alone."""

Encoder: TypeAlias = TextEncoder | ImageEncoder
Progress: TypeAlias = Callable[[str, int], None]
"""Called with a space's name and how many of its images have been dealt with since the last call."""


class Filled(Struct, frozen=True, kw_only=True):
    """What became of one space: images embedded, and images that failed."""

    space: str
    embedded: int
    failed: int


class _Missing(Struct, frozen=True, kw_only=True):
    image_id: int
    brand_id: int
    input_sha256: bytes
    thumbnail: bytes | None
    input: str | None


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


async def fill(
    database: Database, encoders: Sequence[Encoder], progress: Progress | None = None
) -> list[Filled]:
    """Embed all that is missing in the spaces that these encoders belong to.

    An input that an encoder cannot embed is recorded with its reason and never stops the rest. Vectors are
    committed batch by batch: killed and run again, it goes on where it stopped.
    """
    found = [(await space_of(database, encoder), encoder) for encoder in encoders]
    return list(
        await asyncio.gather(*(_fill(database, space, encoder, progress) for space, encoder in found))
    )


async def count_words(database: Database) -> int:
    """Have the words counted of brands of whose images many changed since; of how many that was done.

    Searches weigh words by these counts; what is not counted yet they count on the way, up to a bound.
    """
    counted = 0
    while True:
        async with database.transaction() as connection:
            if not await fetch_value(connection, SQL["count_words"], {}):
                return counted
        counted += 1


async def space_of(database: Database, encoder: Encoder) -> Space:
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


async def _fill(database: Database, space: Space, encoder: Encoder, progress: Progress | None) -> Filled:
    embedded = failed = after = 0
    while batch := await _next_batch(database, space, after):
        done = await _embed(database, space, encoder, batch)
        embedded += done
        failed += len(batch) - done
        after = batch[-1].image_id
        if progress:
            progress(space.name, len(batch))
    return Filled(space=space.name, embedded=embedded, failed=failed)


async def _next_batch(database: Database, space: Space, after: int) -> list[_Missing]:
    values = {"space_id": space.id, "encodes": space.encodes, "after": after, "batch": BATCH, "tries": TRIES}
    async with database.transaction() as connection:
        return await fetch_all(connection, SQL["missing"], values, _Missing)


async def _embed(database: Database, space: Space, encoder: Encoder, batch: list[_Missing]) -> int:
    """Embed and store a batch; one bad input makes the batch be tried one by one."""
    try:
        vectors = await _encode(encoder, batch)
    except (ProviderError, InvalidInput) as error:
        if len(batch) > 1:
            return sum([await _embed(database, space, encoder, [item]) for item in batch])
        async with database.transaction() as connection:
            await _record_failure(connection, space, batch[0], str(error))
        return 0
    async with database.transaction() as connection:
        await _store(connection, space, batch, vectors)
    return len(batch)


async def _encode(encoder: Encoder, batch: list[_Missing]) -> Vectors:
    if encoder.identity.encodes == "caption":
        output = await encoder.encode_documents([item.input or "" for item in batch])  # type: ignore[union-attr]
    else:
        output = await encoder.encode_images([item.thumbnail or b"" for item in batch])  # type: ignore[union-attr]
    return checked_vectors(output, encoder.identity, len(batch))


async def _store(connection: Connection, space: Space, batch: list[_Missing], vectors: Vectors) -> None:
    rows = [
        {
            "space_id": space.id,
            "image_id": item.image_id,
            "brand_id": item.brand_id,
            "input_sha256": item.input_sha256,
            "embedding": HalfVector(vector.astype(np.float16)),
        }
        for item, vector in zip(batch, vectors, strict=True)
    ]
    async with connection.cursor() as cursor:
        await cursor.executemany(SQL["store_embedding"], rows)
    image_ids = [item.image_id for item in batch]
    await execute(connection, SQL["clear_failures"], {"space_id": space.id, "image_ids": image_ids})


async def _record_failure(connection: Connection, space: Space, item: _Missing, reason: str) -> None:
    values = {
        "space_id": space.id,
        "image_id": item.image_id,
        "brand_id": item.brand_id,
        "input_sha256": item.input_sha256,
        "reason": reason[:500],
    }
    await execute(connection, SQL["record_failure"], values)
