"""A prompt and a filter → ranked candidates, through the one SQL function that everybody calls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from pgvector import HalfVector
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, Row, execute, fetch_one, fetch_only, fetch_value
from rage_pg.errors import InvalidInput
from rage_pg.providers.checked import checked_vectors
from rage_pg.providers.ports import TextEncoder
from rage_pg.queries import filter_values
from rage_pg.resources import statements
from rage_pg.types import Candidate, Filters, SearchAnswer, SearchRequest, SimilarAnswer

SQL = statements("search")


class _Space(Struct, frozen=True):
    """A space that is searched, and by which legs."""

    space_id: int
    legs: tuple[str, ...]


class _Report(Struct, frozen=True):
    """How a search was answered."""

    strategy: str
    matched: int
    complete: bool


async def search(
    database: Database,
    encoders: Sequence[TextEncoder],
    request: SearchRequest,
) -> SearchAnswer:
    """The best `k` images for a prompt under a filter, and how they were found. Raises InvalidInput.

    The prompt is embedded in every active space that one of the encoders belongs to; the rest is said in
    `strategy`. The search and its answer are logged.
    """
    started = time.perf_counter()
    prompt = _prompt_of(request)
    await embed_prompt(database, encoders, prompt)
    values = _arguments(request, prompt, vectors=None)
    async with database.reading() as connection:
        rows = await _rows(connection, values)
        report = await _report(connection, values, rows)
    took_ms = (time.perf_counter() - started) * 1000
    async with database.transaction() as connection:
        search_id = await _log(connection, request, values, rows, report, took_ms, database.caller.name)
    return SearchAnswer(
        search_id=search_id,
        items=tuple(msgspec.convert(row, Candidate) for row in rows),
        strategy=report.strategy,
        matched=report.matched,
        complete=report.complete,
        took_ms=round(took_ms, 2),
    )


async def look(
    database: Database, encoders: Sequence[TextEncoder], request: SearchRequest
) -> tuple[Candidate, ...]:
    """What `search` would find. Nothing is written: no log, and no vector of the prompt either."""
    prompt = _prompt_of(request)
    missing = await _missing_vectors(database, encoders, prompt)
    vectors = {leg: vector.to_list() for space, vector in missing for leg in space.legs}
    values = _arguments(request, prompt, vectors=Jsonb(vectors))
    async with database.reading() as connection:
        rows = await _rows(connection, values)
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


async def embed_prompt(database: Database, encoders: Sequence[TextEncoder], prompt: str) -> int:
    """Embed a prompt in every active space that lacks it and has its encoder here; how many that were."""
    embedded = 0
    for space, vector in await _missing_vectors(database, encoders, prompt):
        values = {"space_id": space.space_id, "prompt": prompt, "embedding": vector}
        async with database.transaction() as connection:
            embedded += await execute(connection, SQL["store_prompt_vector"], values)
    return embedded


async def _missing_vectors(
    database: Database, encoders: Sequence[TextEncoder], prompt: str
) -> list[tuple[_Space, HalfVector]]:
    """The prompt's vector in every active space that lacks it and has its encoder here."""
    missing = []
    for encoder in encoders:
        asked = {"prompt": prompt, **msgspec.structs.asdict(encoder.identity)}
        async with database.reading() as connection:
            space = await fetch_one(connection, SQL["unembedded_space"], asked, _Space)
        if space is not None:
            vectors = checked_vectors(await encoder.encode_prompts([prompt]), encoder.identity, 1)
            missing.append((space, HalfVector(vectors[0])))
    return missing


def _prompt_of(request: SearchRequest) -> str:
    prompt = request.prompt.strip()
    if not prompt or "\0" in prompt:
        raise InvalidInput("The prompt is empty or holds a NUL character.", field="prompt")
    return prompt


def _arguments(request: SearchRequest, prompt: str, *, vectors: Jsonb | None) -> dict[str, Any]:
    return {
        "vectors": vectors,
        "prompt": prompt,
        "k": request.k,
        "among": None if request.among is None else list(request.among),
        "legs": None if request.legs is None else Jsonb(request.legs),
        "min_relevance": request.min_relevance,
        **filter_values(request.filters),
    }


async def _rows(connection: Connection, values: Row) -> Sequence[Row]:
    cursor = await connection.execute(SQL["search_images"], values)
    return await cursor.fetchall()


async def _report(connection: Connection, values: Row, rows: Sequence[Row]) -> _Report:
    """Every row says how it was found; where none was, the report does."""
    if rows:
        return msgspec.convert(rows[0], _Report)
    return await fetch_only(connection, SQL["search_report"], values, _Report)


async def _log(
    connection: Connection,
    request: SearchRequest,
    values: Row,
    rows: Sequence[Row],
    report: _Report,
    took_ms: float,
    asked_by: str | None,
) -> UUID:
    logged = {
        **values,
        "filters": Jsonb(
            {name: value for name, value in msgspec.to_builtins(request.filters).items() if value}
        ),
        "strategy": report.strategy,
        "matched": report.matched,
        "complete": report.complete,
        "took_ms": took_ms,
        "asked_by": asked_by,
        "image_ids": [row["image"]["id"] for row in rows],
        "scores": [row["score"] for row in rows],
        "hits": [Jsonb(row["legs"]) for row in rows],
    }
    search_id: UUID = await fetch_value(connection, SQL["log_search"], logged)
    await execute(connection, SQL["log_results"], {**logged, "search_id": search_id})
    return search_id
