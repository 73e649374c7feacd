"""The vectors of a prompt, made where they are missing."""

from __future__ import annotations

from collections.abc import Sequence

from pgvector import HalfVector

from rage_pg.database import Database, execute, fetch_all
from rage_pg.providers.checked import checked_vectors
from rage_pg.providers.ports import EncoderIdentity, TextEncoder
from rage_pg.resources import statements

SQL = statements("search")


class _Space(EncoderIdentity, frozen=True, kw_only=True):
    """A space that is searched, whose vectors it holds, and by which legs."""

    space_id: int
    legs: tuple[str, ...]

    def is_of(self, identity: EncoderIdentity) -> bool:
        return all(
            getattr(self, name) == getattr(identity, name) for name in EncoderIdentity.__struct_fields__
        )


async def embed_prompt(database: Database, encoders: Sequence[TextEncoder], prompt: str) -> int:
    """Embed a prompt in every active space that lacks it and has its encoder here; how many that were."""
    embedded = 0
    for space, vector in await missing_vectors(database, encoders, prompt):
        values = {"space_id": space.space_id, "prompt": prompt, "embedding": vector}
        async with database.transaction() as connection:
            embedded += await execute(connection, SQL["store_prompt_vector"], values)
    return embedded


async def missing_vectors(
    database: Database, encoders: Sequence[TextEncoder], prompt: str
) -> list[tuple[_Space, HalfVector]]:
    """The prompt's vector in every active space that lacks it and has its encoder here."""
    async with database.reading() as connection:
        spaces = await fetch_all(connection, SQL["unembedded_spaces"], {"prompt": prompt}, _Space)
    missing = []
    for space in spaces:
        encoder = next((one for one in encoders if space.is_of(one.identity)), None)
        if encoder is not None:
            vectors = checked_vectors(await encoder.encode_prompts([prompt]), encoder.identity, 1)
            missing.append((space, HalfVector(vectors[0])))
    return missing
