"""The vectors of a prompt and of the things that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import structlog
from msgspec import Struct, field
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg.types.json import Jsonb

from rage_pg.billing import DEFAULT_BRAND, billed
from rage_pg.database import Database, execute, fetch_all
from rage_pg.errors import BudgetReached, DatabaseUnavailable, InvalidInput, ProviderError, SetupError
from rage_pg.proposal.planners import OTHERS
from rage_pg.providers.checked import as_halves, checked_vectors
from rage_pg.providers.ports import EncoderIdentity, PaidEncoder, PromptEncoder, PromptEncoders
from rage_pg.resources import statements

SQL = statements("proposals")
LEG = "caption"
"""The leg in whose space things are compared."""

log = structlog.get_logger(__name__)

Directions = Mapping[str, HalfVector]
"""The vector of each text that has one."""


class Compared(Struct, frozen=True, kw_only=True):
    """The vectors of the texts in the caption leg's space, the prompt's own by leg, and what was missing."""

    of_texts: Directions = field(default_factory=dict)
    of_prompt: Mapping[str, HalfVector] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def by_leg(self) -> Jsonb:
        """As the search takes them."""
        return Jsonb({leg: vector.to_list() for leg, vector in self.of_prompt.items()})

    def array(self, text: str) -> NDArray[np.float32] | None:
        vector = self.of_texts.get(text)
        return None if vector is None else vector.to_numpy().astype(np.float32)


class _Space(EncoderIdentity, frozen=True, kw_only=True):
    space_id: int
    legs: tuple[str, ...]
    known: dict[str, str]

    @property
    def identity(self) -> EncoderIdentity:
        return EncoderIdentity(**{name: getattr(self, name) for name in EncoderIdentity.__struct_fields__})


async def compared(
    database: Database, encoders: PromptEncoders, prompt: str, texts: Sequence[str], *, keep: bool
) -> Compared:
    """Embed a prompt in every space that words are searched in, and the texts in that of the captions.

    An encoder that is not here or fails is noted; without it there are words still. What was paid for is kept
    for the next time; the phrases of others' prompts are no use to anybody. What is not to be
    kept is not paid for.
    """
    wanted = list(dict.fromkeys([prompt, *texts]))
    async with database.reading() as connection:
        spaces = await fetch_all(connection, SQL["searched_spaces"], {"texts": wanted}, _Space)
    notes: list[str] = []
    of_texts: Directions = {}
    of_prompt: dict[str, HalfVector] = {}
    for space in spaces:
        asked = wanted if LEG in space.legs else [prompt]
        found = await _directions(database, encoders, space, asked, notes, keep=keep)
        if LEG in space.legs:
            of_texts = found
        if prompt in found:
            of_prompt.update(dict.fromkeys(space.legs, found[prompt]))
    if not any(LEG in space.legs for space in spaces):
        notes.append("Captions have no space: things were looked for by their words alone.")
    return Compared(of_texts=of_texts, of_prompt=of_prompt, notes=tuple(notes))


async def _directions(
    database: Database,
    encoders: PromptEncoders,
    space: _Space,
    texts: Sequence[str],
    notes: list[str],
    *,
    keep: bool,
) -> Directions:
    found = {text: HalfVector.from_text(vector) for text, vector in space.known.items()}
    missing = [text for text in texts if text not in found]
    if not missing:
        return found
    encoder = await encoders(space.identity)
    if encoder is None:
        notes.append(f"The encoder {space.encoder} of {space.legs[0]}s is not here: found by words alone.")
        return found
    if not keep and isinstance(encoder, PaidEncoder):
        told = f"The encoder {space.encoder}:{space.model} of {space.legs[0]}s is paid for, and was not asked"
        notes.append(f"{told}: found by words alone. {OTHERS}")
        return found
    try:
        made = await _encoded(database, encoder, missing)
    except DatabaseUnavailable:
        raise
    except (ProviderError, SetupError, BudgetReached) as error:
        log.warning("things not embedded", encoder=space.encoder, reason=str(error))
        notes.append(f"The encoder {space.encoder} failed: found by words alone.")
        return found
    if isinstance(encoder, PaidEncoder):
        values = {
            "space_id": space.space_id,
            "texts": list(made),
            "vectors": [vector.to_text() for vector in made.values()],
        }
        async with database.transaction() as connection:
            await execute(connection, SQL["keep_vectors"], values)
    return {**found, **made}


async def _encoded(database: Database, encoder: PromptEncoder, texts: Sequence[str]) -> dict[str, HalfVector]:
    """Raises ProviderError, BudgetReached. A text that says nothing is left out."""
    made: dict[str, HalfVector] = {}
    rest = list(texts)
    while rest:
        fitting = encoder.fitting(rest) if isinstance(encoder, PaidEncoder) else len(rest)
        call, rest = rest[:fitting], rest[fitting:]
        try:
            made.update(zip(call, await _call(database, encoder, call), strict=True))
        except InvalidInput:
            if len(call) > 1:
                # One of them says nothing: each by itself tells which.
                for text in call:
                    made.update(await _encoded(database, encoder, [text]))
    return made


async def _call(database: Database, encoder: PromptEncoder, texts: Sequence[str]) -> list[HalfVector]:
    async with billed(database, encoder, DEFAULT_BRAND) as paid:
        return as_halves(checked_vectors(await paid.encode_prompts(texts), encoder.identity, len(texts)))
