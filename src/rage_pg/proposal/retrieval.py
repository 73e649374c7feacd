"""The images that could serve the things of a prompt, with all that the choice goes by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg.types.json import Jsonb

from rage_pg.database import Database, Row, fetch_value
from rage_pg.errors import NotFound
from rage_pg.proposal.things import Shown, Wanted
from rage_pg.proposal.vectors import SQL, Compared
from rage_pg.queries import filter_values
from rage_pg.types import ProposalRequest

NO_VECTORS = "No image here has a vector yet: things were looked for by their words alone."

Array = NDArray[np.float32]

ALIKE = 0.98
"""Length of the mean of vectors of length 1 from which on they are all one: a single image does not tell how
near others are."""


class Candidate(Struct, frozen=True, kw_only=True, eq=False):
    """An image that was looked at. `hash`: 64 bits as a number. `vector`: of length 1, of its caption."""

    shown: Shown
    chosen: bool
    hash: int | None
    vector: Array | None


class Retrieved(Struct, frozen=True, kw_only=True, eq=False):
    candidates: Sequence[Candidate]
    strategy: str
    notes: tuple[str, ...] = ()


async def check_seen(database: Database, chosen: Sequence[int]) -> None:
    """Raise NotFound for a chosen image that the caller cannot see, before anybody is paid."""
    if not chosen:
        return
    async with database.reading() as connection:
        unseen = await fetch_value(connection, SQL["unseen"], {"image_ids": list(chosen)})
    if unseen is not None:
        raise _missing(unseen)


async def retrieve(
    database: Database, request: ProposalRequest, things: Sequence[Wanted], compared: Compared
) -> Retrieved:
    """What could serve the things, and what was chosen, in one round trip.

    Raises NotFound for a chosen image that the caller cannot see, InvalidInput.
    """
    values = _arguments(request, things, compared)
    async with database.reading() as connection, connection.pipeline():
        found = await connection.execute(SQL["serving"], values, binary=True)
        central = await connection.execute(SQL["middle"], binary=True)
        rows, middle = await found.fetchall(), await central.fetchone()
    _check_chosen(request, rows)
    mean = None if middle is None or middle["vector"] is None else middle["vector"].to_numpy()
    notes = compared.notes if mean is not None or compared.notes else (NO_VECTORS,)
    measure = _Measure(things, compared, mean, request.prompt)
    return Retrieved(
        candidates=[measure.candidate(row) for row in rows],
        strategy=rows[0]["strategy"] if rows else "nothing matches",
        notes=notes,
    )


class _Measure:
    """How near an image is to each thing, whatever the encoder: 0 is as near as images are on the average."""

    def __init__(self, things: Sequence[Wanted], compared: Compared, mean: Array | None, prompt: str) -> None:
        told = mean is None or float(np.linalg.norm(mean)) < ALIKE
        self._vectors = [_unit(compared.array(thing.embedded)) if told else None for thing in things]
        self._backgrounds = [
            0.0 if vector is None or mean is None else float(vector @ mean) for vector in self._vectors
        ]
        self._prompt = _unit(compared.array(prompt))

    def candidate(self, row: Row) -> Candidate:
        vector = _unit(None if row["embedding"] is None else _floats(row["embedding"]))
        shown = Shown(
            image_id=row["image_id"],
            title=row["title"],
            caption=row["caption"],
            tags=tuple(row["tags"]),
            skus=tuple(row["skus"]),
            brand=row["brand"],
            kind=row["kind"],
            similarity=self._similarity(vector),
            relevance=0.0 if vector is None or self._prompt is None else float(vector @ self._prompt),
        )
        return Candidate(shown=shown, chosen=row["chosen"], hash=row["hash"], vector=vector)

    def _similarity(self, vector: Array | None) -> tuple[float | None, ...]:
        return tuple(
            None
            if vector is None or thing is None
            else (float(vector @ thing) - background) / max(1 - background, 1e-6)
            for thing, background in zip(self._vectors, self._backgrounds, strict=True)
        )


def _arguments(request: ProposalRequest, things: Sequence[Wanted], compared: Compared) -> dict[str, Any]:
    said = [
        {
            "text": thing.text,
            "words": list(thing.words),
            "vector": None if (vector := compared.of_texts.get(thing.embedded)) is None else vector.to_text(),
        }
        for thing in things
    ]
    return {
        "prompt": request.prompt,
        "things": Jsonb(said),
        "chosen": list(request.chosen),
        "vectors": compared.by_leg(),
        **filter_values(request.filters),
    }


def _check_chosen(request: ProposalRequest, rows: Sequence[Row]) -> None:
    seen = {row["image_id"] for row in rows}
    for image_id in request.chosen:
        if image_id not in seen:
            raise _missing(image_id)


def _missing(image_id: int) -> NotFound:
    return NotFound(f"There is no image {image_id}.")


def _floats(vector: HalfVector) -> Array:
    return vector.to_numpy().astype(np.float32)


def _unit(vector: Array | None) -> Array | None:
    if vector is None:
        return None
    length = float(np.linalg.norm(vector))
    return vector / length if length else None
