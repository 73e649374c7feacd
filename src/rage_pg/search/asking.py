"""One request, one answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct
from pgvector import HalfVector
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, Row, fetch_only
from rage_pg.errors import InvalidInput
from rage_pg.providers.ports import PaidEncoder, PromptEncoders
from rage_pg.queries import filter_values
from rage_pg.resources import statements
from rage_pg.search.log import Report, log_search
from rage_pg.search.prompts import (
    lacking_spaces,
    store_if_possible,
    unembedded_spaces,
    vectors_by_leg,
    with_encoders,
)
from rage_pg.types import Candidate, Filters, SearchAnswer, SearchRequest, SimilarAnswer

SQL = statements("search")


class Imagined(Struct, frozen=True, kw_only=True):
    """A draft of the prompt, for the image leg to search by: its generation, picture and vector."""

    generation_id: UUID
    image_id: int
    vector: HalfVector


async def search(
    database: Database,
    encoders: PromptEncoders,
    request: SearchRequest,
    imagined: Imagined | None = None,
) -> SearchAnswer:
    """The best `k` images for a prompt under a filter, and how they were found. Raises InvalidInput.

    The prompt is embedded in every active space that one of the encoders belongs to; the rest is said in
    `strategy`. The search and its answer are logged. The image leg searches by what is `imagined`, if given.
    """
    started = time.perf_counter()
    prompt = prompt_of(request)
    if request.imagine and imagined is None:
        raise InvalidInput("No draft is made to search by here; leave imagine out.", field="imagine")
    async with database.answering() as connection:
        spaces = await unembedded_spaces(connection, prompt)
        if not spaces:
            return await _answer(connection, request, prompt, database.caller.name, started, imagined)
    # No connection is held while an encoder is loaded, and works.
    await store_if_possible(database, await with_encoders(spaces, encoders), prompt)
    async with database.answering() as connection:
        return await _answer(connection, request, prompt, database.caller.name, started, imagined)


async def _answer(
    connection: Connection,
    request: SearchRequest,
    prompt: str,
    asked_by: str | None,
    started: float,
    imagined: Imagined | None,
) -> SearchAnswer:
    values = arguments(request, prompt)
    if imagined is not None:
        values |= by_picture(imagined.vector, without=[imagined.image_id])
    rows = await rows_of(connection, values)
    report = await report_of(connection, values, rows)
    took_ms = (time.perf_counter() - started) * 1000
    drafted = {
        "imagined_id": None if imagined is None else imagined.generation_id,
        "imagined": None if imagined is None else imagined.vector.to_text(),
    }
    asked = {**values, **drafted}
    search_id = await log_search(connection, request, asked, rows, report, took_ms, asked_by)
    return SearchAnswer(
        search_id=search_id,
        items=tuple(msgspec.convert(row, Candidate) for row in rows),
        strategy=report.strategy,
        matched=report.matched,
        complete=report.complete,
        took_ms=round(took_ms, 2),
        cursor=cursor_after(request.k, request.k, len(rows), report),
        imagined_id=UNSET if imagined is None else imagined.generation_id,
    )


def by_picture(vector: HalfVector, *, without: Sequence[int]) -> dict[str, Any]:
    """The arguments by which the image leg searches by a picture, and that picture itself is not found."""
    return {"vectors": Jsonb({"image": vector.to_list()}), "without": list(without)}


async def look(database: Database, encoders: PromptEncoders, request: SearchRequest) -> tuple[Candidate, ...]:
    """What `search` would find by what costs nothing: an encoder that is paid for is not asked.

    Nothing is written: no log, and no vector of the prompt either.
    """
    prompt = prompt_of(request)
    lacking = [
        (space, encoder)
        for space, encoder in await lacking_spaces(database, encoders, prompt)
        if not isinstance(encoder, PaidEncoder)
    ]
    values = arguments(request, prompt, vectors=Jsonb(await vectors_by_leg(database, lacking, prompt)))
    async with database.reading() as connection:
        rows = await rows_of(connection, values)
    return tuple(msgspec.convert(row, Candidate) for row in rows)


async def similar(database: Database, image_id: int, by: str, k: int, filters: Filters) -> SimilarAnswer:
    """The `k` images most like an image, by the vectors of the leg `by`; itself and its duplicates left out.

    Raises InvalidInput for a leg that cannot compare images, Conflict where the image has no vector there.
    """
    values = {"image_id": image_id, "by": by, "k": k, **filter_values(filters)}
    async with database.reading() as connection:
        cursor = await connection.execute(SQL["similar_images"], values)
        rows = await cursor.fetchall()
    if not rows:
        return SimilarAnswer(strategy=f"exact: {by}", matched=0, complete=True)
    return msgspec.convert({**rows[0], "items": [row["item"] for row in rows]}, SimilarAnswer)


def prompt_of(request: SearchRequest) -> str:
    prompt = request.prompt.strip()
    if not prompt or "\0" in prompt:
        raise InvalidInput("The prompt is empty or holds a NUL character.", field="prompt")
    return prompt


def arguments(
    request: SearchRequest, prompt: str, *, vectors: Jsonb | None = None, without: Sequence[int] = ()
) -> dict[str, Any]:
    return {
        "without": list(without) or None,
        "vectors": vectors,
        "prompt": prompt,
        "k": request.k,
        "among": None if request.among is None else list(request.among),
        "legs": None if request.legs is None else Jsonb(request.legs),
        "min_relevance": request.min_relevance,
        **filter_values(request.filters),
    }


async def rows_of(connection: Connection, values: Row) -> Sequence[Row]:
    # The function plans its search anew each time; what is kept is how its images are read.
    cursor = await connection.execute(SQL["search_images"], values, prepare=True)
    return await cursor.fetchall()


async def report_of(connection: Connection, values: Row, rows: Sequence[Row]) -> Report:
    """Every row says how it was found; where none was, the report does."""
    if rows:
        return msgspec.convert(rows[0], Report)
    return await fetch_only(connection, SQL["search_report"], values, Report)


def cursor_after(end: int, k: int, rows: int, report: Report) -> str | None:
    """Where the next page begins, unless this one is not full or is the last."""
    return str(end) if rows >= k and (report.matched > end or not report.counted) else None
