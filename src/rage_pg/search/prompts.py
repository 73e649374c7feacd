"""The vectors of a prompt, made where they are missing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog
from pgvector import HalfVector

from rage_pg.billing import DEFAULT_BRAND, billed
from rage_pg.database import Connection, Database, execute, fetch_value
from rage_pg.errors import BudgetReached, DatabaseUnavailable, ProviderError, SetupError
from rage_pg.providers.checked import as_halves, checked_vectors
from rage_pg.providers.ports import EncoderIdentity, PromptEncoder, PromptEncoders
from rage_pg.resources import statements
from rage_pg.types import Space

SQL = statements("search")
log = structlog.get_logger(__name__)


class PromptSpace(EncoderIdentity, frozen=True, kw_only=True):
    """A space that is searched, whose vectors it holds, and by which legs."""

    space_id: int
    legs: tuple[str, ...]

    @property
    def identity(self) -> EncoderIdentity:
        return EncoderIdentity(**{name: getattr(self, name) for name in EncoderIdentity.__struct_fields__})


Lacking = Sequence[tuple[PromptSpace, PromptEncoder]]
"""Spaces in which a prompt has no vector yet, each with its encoder."""


async def embed_prompt(database: Database, encoders: PromptEncoders, prompt: str) -> int:
    """Embed a prompt in every active space that lacks it and has its encoder here; how many that were.

    Raises ProviderError.
    """
    return await store_vectors(database, await lacking_spaces(database, encoders, prompt), prompt)


async def embed_if_possible(database: Database, encoders: PromptEncoders, prompt: str) -> None:
    """Embed a prompt for a search; one whose encoder fails goes on without, and says so in its strategy."""
    await store_if_possible(database, await lacking_spaces(database, encoders, prompt), prompt)


async def lacking_spaces(database: Database, encoders: PromptEncoders, prompt: str) -> Lacking:
    """The active spaces that lack a vector of the prompt and have their encoder here."""
    async with database.reading() as connection:
        spaces = await unembedded_spaces(connection, prompt)
    return await with_encoders(spaces, encoders)


async def unembedded_spaces(connection: Connection, prompt: str) -> Sequence[PromptSpace]:
    """The active spaces that lack a vector of the prompt."""
    cursor = await connection.execute(SQL["unembedded_spaces"], {"prompt": prompt}, prepare=True)
    return [msgspec.convert(row, PromptSpace) for row in await cursor.fetchall()]


async def with_encoders(spaces: Sequence[PromptSpace], encoders: PromptEncoders) -> Lacking:
    """Those of the spaces that have their encoder here. It may be loaded first: hold no connection."""
    lacking = []
    for space in spaces:
        encoder = await encoders(space.identity)
        if encoder is not None:
            lacking.append((space, encoder))
    return lacking


async def store_vectors(database: Database, lacking: Lacking, prompt: str) -> int:
    """Embed a prompt in these spaces; how many that were. Raises ProviderError."""
    embedded = 0
    for space, encoder in lacking:
        vector = await _vector_of(database, encoder, prompt)
        values = {"space_id": space.space_id, "prompt": prompt, "embedding": vector}
        async with database.transaction() as connection:
            embedded += await execute(connection, SQL["store_prompt_vector"], values)
    return embedded


async def embed_in(database: Database, space: Space, encoder: PromptEncoder, prompt: str) -> None:
    """Embed a prompt in one space, searched or not, unless it is there already. Raises ProviderError."""
    values = {"space_id": space.id, "prompt": prompt}
    async with database.reading() as connection:
        if await fetch_value(connection, SQL["is_embedded"], values):
            return
    vector = await _vector_of(database, encoder, prompt)
    async with database.transaction() as connection:
        await execute(connection, SQL["store_prompt_vector"], {**values, "embedding": vector})


async def store_if_possible(database: Database, lacking: Lacking, prompt: str) -> None:
    """`store_vectors`, but for spaces whose encoder fails: without them a search still has its words."""
    for space in lacking:
        try:
            await store_vectors(database, [space], prompt)
        except DatabaseUnavailable:
            raise
        except (ProviderError, SetupError, BudgetReached) as error:
            log.warning("prompt not embedded", encoder=space[0].encoder, reason=str(error))


async def vectors_by_leg(database: Database, lacking: Lacking, prompt: str) -> dict[str, list[float]]:
    """The prompt's vector for each leg that searches one of these spaces, kept nowhere."""
    return {
        leg: (await _vector_of(database, encoder, prompt)).to_list()
        for space, encoder in lacking
        for leg in space.legs
    }


async def _vector_of(database: Database, encoder: PromptEncoder, prompt: str) -> HalfVector:
    async with billed(database, encoder, DEFAULT_BRAND) as paid:
        vectors = checked_vectors(await paid.encode_prompts([prompt]), encoder.identity, 1)
    return as_halves(vectors)[0]
