"""The vectors of a prompt, made where they are missing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from pgvector import HalfVector

from rage_pg.database import Connection, Database, execute
from rage_pg.providers.checked import checked_vectors
from rage_pg.providers.ports import EncoderIdentity, TextEncoder
from rage_pg.resources import statements

SQL = statements("search")


class _Space(EncoderIdentity, frozen=True, kw_only=True):
    """A space that is searched, whose vectors it holds, and by which legs."""

    space_id: int
    legs: tuple[str, ...]

    @property
    def identity(self) -> EncoderIdentity:
        return EncoderIdentity(**{name: getattr(self, name) for name in EncoderIdentity.__struct_fields__})


Lacking = Sequence[tuple[_Space, TextEncoder]]
"""Spaces in which a prompt has no vector yet, each with its encoder."""


async def embed_prompt(database: Database, encoders: Sequence[TextEncoder], prompt: str) -> int:
    """Embed a prompt in every active space that lacks it and has its encoder here; how many that were."""
    async with database.reading() as connection:
        lacking = await lacking_spaces(connection, encoders, prompt)
    return await store_vectors(database, lacking, prompt)


async def lacking_spaces(connection: Connection, encoders: Sequence[TextEncoder], prompt: str) -> Lacking:
    """The active spaces that lack a vector of the prompt and have their encoder here."""
    cursor = await connection.execute(SQL["unembedded_spaces"], {"prompt": prompt}, prepare=True)
    spaces = [msgspec.convert(row, _Space) for row in await cursor.fetchall()]
    encoder_of = {encoder.identity: encoder for encoder in encoders}
    return [(space, encoder_of[space.identity]) for space in spaces if space.identity in encoder_of]


async def store_vectors(database: Database, lacking: Lacking, prompt: str) -> int:
    """Embed a prompt in these spaces; how many that were."""
    embedded = 0
    for space, encoder in lacking:
        vector = await _vector_of(encoder, prompt)
        values = {"space_id": space.space_id, "prompt": prompt, "embedding": vector}
        async with database.transaction() as connection:
            embedded += await execute(connection, SQL["store_prompt_vector"], values)
    return embedded


async def vectors_by_leg(lacking: Lacking, prompt: str) -> dict[str, list[float]]:
    """The prompt's vector for each leg that searches one of these spaces, kept nowhere."""
    return {
        leg: (await _vector_of(encoder, prompt)).to_list() for space, encoder in lacking for leg in space.legs
    }


async def _vector_of(encoder: TextEncoder, prompt: str) -> HalfVector:
    vectors = checked_vectors(await encoder.encode_prompts([prompt]), encoder.identity, 1)
    return HalfVector(vectors[0])
