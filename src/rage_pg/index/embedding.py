"""Claimed images to stored vectors: asks the encoder with patience, and finds out whose fault a failure is.

What a provider asks to wait for is waited for. Any other failure of a batch is looked into: where the encoder
fails on a known good input too, nothing is wrong with the images, and filling the space stops with `Trouble`;
else the batch is halved until the images that cannot be embedded stand alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from io import BytesIO

import structlog
from msgspec import Struct
from PIL import Image

from rage_pg.billing import billed
from rage_pg.database import Connection, Database, execute, fetch_value
from rage_pg.errors import (
    BudgetReached,
    DatabaseUnavailable,
    InvalidInput,
    OutcomeUnknown,
    ProviderError,
    RageError,
    SetupError,
)
from rage_pg.index.claims import SQL, Claims, Item, record_failure
from rage_pg.providers.checked import as_halves, checked_vectors
from rage_pg.providers.ports import Encoder, PaidEncoder, Vectors
from rage_pg.spending import patiently
from rage_pg.types import Space

log = structlog.get_logger(__name__)

TRIES = 6
"""How often one batch is asked for while the provider says it is busy, or cannot be reached."""
FIRST_PAUSE = 1.0
"""Seconds between two tries: twice as long each time, or as long as the provider says."""
LONGEST_PAUSE = 3_600.0
"""Seconds that are waited for; who asks for more is asked again when the index is filled next."""

KNOWN_GOOD = "A red lantern on a table."


class Trouble(Exception):
    """The encoder does not work at all, whatever it is given; the message says why."""


class Filling(Struct, frozen=True, kw_only=True):
    """One space, its encoder, and the claims of who fills it with it."""

    database: Database
    space: Space
    encoder: Encoder
    claims: Claims


async def embed(filling: Filling, items: Sequence[Item]) -> int:
    """Embed and store claimed images, and record those that cannot be; how many were stored.

    Raises Trouble; what was not dealt with stays claimed.
    """
    return sum([await _embed(filling, part) for part in _calls(filling.encoder, items)])


def _calls(encoder: Encoder, items: Sequence[Item]) -> list[Sequence[Item]]:
    """The items as single requests: of a paid one, a brand pays, and its size is limited."""
    if not isinstance(encoder, PaidEncoder):
        return [items]
    calls: list[Sequence[Item]] = []
    for brand_id in dict.fromkeys(item.brand_id for item in items):
        rest = [item for item in items if item.brand_id == brand_id]
        while rest:
            fitting = encoder.fitting([_input(encoder, item) for item in rest])
            calls.append(rest[:fitting])
            rest = rest[fitting:]
    return calls


async def _embed(filling: Filling, items: Sequence[Item], *, encoder_works: bool = False) -> int:
    try:
        vectors = await _encode_patiently(filling, items)
    except DatabaseUnavailable:
        raise
    except (SetupError, BudgetReached) as error:
        raise Trouble(str(error)) from error
    except (ProviderError, InvalidInput) as error:
        # Once more before an image is blamed: it may have stopped working since.
        if isinstance(error, ProviderError) and (not encoder_works or len(items) == 1):
            await _check_encoder(filling, items[0].brand_id)
        if len(items) == 1:
            await patiently(partial(_give_up, filling, items[0], error))
            return 0
        middle = len(items) // 2
        halves = items[:middle], items[middle:]
        return sum([await _embed(filling, half, encoder_works=True) for half in halves])
    await patiently(partial(_store, filling, items, vectors))
    return len(items)


async def _encode_patiently(filling: Filling, items: Sequence[Item]) -> Vectors:
    inputs = [_input(filling.encoder, item) for item in items]
    pause = FIRST_PAUSE
    for _ in range(TRIES - 1):
        try:
            return await _encode(filling, inputs, items[0].brand_id)
        except ProviderError as error:
            if not (error.retryable or isinstance(error, OutcomeUnknown)):
                raise
            wait = max(pause, error.retry_after or 0.0)
            if wait > LONGEST_PAUSE:
                raise Trouble(f"{error} It asks to wait {wait / 60:,.0f} minutes.") from error
            log.warning(
                "the encoder is to be asked again", space=filling.space.name, reason=str(error), seconds=wait
            )
            await asyncio.sleep(wait)
            pause *= 2
    return await _encode(filling, inputs, items[0].brand_id)


async def _encode(filling: Filling, inputs: Sequence[str | bytes], brand_id: int) -> Vectors:
    async with billed(filling.database, filling.encoder, brand_id) as encoder:
        if encoder.identity.encodes == "caption":
            output = await encoder.encode_documents(inputs)  # type: ignore[union-attr,arg-type]
        else:
            output = await encoder.encode_images(inputs)  # type: ignore[union-attr,arg-type]
        return checked_vectors(output, encoder.identity, len(inputs))


async def _check_encoder(filling: Filling, brand_id: int) -> None:
    """Raise Trouble where the encoder fails on what it must be able to embed."""
    good = KNOWN_GOOD if filling.encoder.identity.encodes == "caption" else _good_picture()
    try:
        await _encode(filling, [good], brand_id)
    except DatabaseUnavailable:
        raise
    except RageError as error:
        raise Trouble(str(error)) from error


def _good_picture() -> bytes:
    buffer = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(buffer, "WEBP")
    return buffer.getvalue()


def _input(encoder: Encoder, item: Item) -> str | bytes:
    return (item.input or "") if encoder.identity.encodes == "caption" else (item.thumbnail or b"")


async def _store(filling: Filling, items: Sequence[Item], vectors: Vectors) -> None:
    space_id = filling.space.id
    rows = [
        {
            "space_id": space_id,
            "image_id": item.image_id,
            "input_sha256": item.input_sha256,
            "embedding": vector,
        }
        for item, vector in zip(items, as_halves(vectors), strict=True)
    ]
    async with filling.database.transaction() as connection:
        if await fetch_value(connection, SQL["hold_space"], {"space_id": space_id}) == "retired":
            raise Trouble("The space was retired.")
        async with connection.cursor() as cursor:
            await cursor.executemany(SQL["store_embedding"], rows)
        # Not before the vectors are in, which takes long. From here on nobody else claims in the space.
        await filling.claims.take_turn(connection)
        done = {"space_id": space_id, "image_ids": [item.image_id for item in items]}
        await execute(connection, SQL["clear_failures"], done)
        await _settle(connection, filling, items, embedded=len(items))


async def _give_up(filling: Filling, item: Item, error: RageError) -> None:
    async with filling.database.transaction() as connection:
        await filling.claims.take_turn(connection)
        await record_failure(connection, filling.space, item, str(error))
        await _settle(connection, filling, [item], failed=1)


async def _settle(
    connection: Connection, filling: Filling, items: Sequence[Item], *, embedded: int = 0, failed: int = 0
) -> None:
    await filling.claims.settle(connection, items)
    counted = {"filler_id": filling.claims.filler_id, "embedded": embedded, "failed": failed}
    await execute(connection, SQL["count"], counted)
