"""Reads the ledger: one generation, lists of them, and the bytes of an output."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.cursors import Place, decoded, encoded
from rage_pg.database import Database, fetch_all, fetch_one
from rage_pg.errors import InvalidInput, NotFound
from rage_pg.resources import statements
from rage_pg.types import Content, Generation, Purpose, Status

SQL = statements("history")

MAX_LIMIT = 200
MOST_STEPS = 12
"""Of a line of generations, before one and after it."""


class GenerationPage(Struct, frozen=True, kw_only=True):
    """Generations, newest first; `cursor` continues the list, None ends it."""

    items: tuple[Generation, ...]
    cursor: str | None = None


class Given(Struct, frozen=True, kw_only=True):
    """A rating that somebody gave; `rated_by` is null while the service is open."""

    position: int
    rated_by: str | None
    rating: int
    reasons: tuple[str, ...]
    comment: str | None
    created_at: datetime


class Call(Struct, frozen=True, kw_only=True):
    """The provider's own number of a generation's call, and the US dollars that it was expected to cost."""

    request_id: str | None
    expected_usd: Decimal | None


class Step(Struct, frozen=True, kw_only=True):
    """A generation in the line of another: `depth` below 0 before it, 0 itself, 1 what continues it.

    `image_id`: the picture that the next step goes on from, else its first one.
    """

    id: UUID
    depth: int
    prompt: str
    status: Status
    image_id: int | None


class Spent(Struct, frozen=True, kw_only=True):
    """Paid calls of one day; `cost_usd` leaves out `calls_without_cost`, and is null where it is of none."""

    day: date
    brand: str
    provider: str
    model: str | None
    calls: int
    cost_usd: Decimal | None
    calls_without_cost: int


class _Stored(Struct, frozen=True):
    content: bytes | None
    media_type: str
    sha256: str


async def get(database: Database, generation_id: UUID) -> Generation:
    """One generation with its references and outputs. Raises NotFound."""
    async with database.reading() as connection:
        found = await fetch_one(connection, SQL["get_generations"], {"ids": [generation_id]}, Generation)
    if found is None:
        raise NotFound(f"There is no generation {generation_id}.")
    return found


async def listing(
    database: Database,
    *,
    brand: str | None = None,
    tag: str | None = None,
    labels: Mapping[str, str] | None = None,
    model: str | None = None,
    provider: str | None = None,
    status: Status | None = None,
    purpose: Purpose | None = None,
    batch_id: UUID | None = None,
    kept: bool | None = None,
    rating: int | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> GenerationPage:
    """Generations that pass every filter given, newest first. Raises InvalidInput.

    `tag` (which stands for its children too) is one of a reference or an output; `labels` are all required.
    `kept`: whether an output was; `rating`: one that somebody gave an output.
    What is written after the first page does not shift the next.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"limit must be 1 to {MAX_LIMIT}, not {limit}.", field="limit")
    after = None if cursor is None else decoded(cursor)
    values = {
        "brand": brand,
        "tag": tag,
        "labels": Jsonb(dict(labels)) if labels else None,
        "model": model,
        "provider": provider,
        "status": status,
        "purpose": purpose,
        "batch_id": batch_id,
        "kept": kept,
        "rating": rating,
        "before": after and after.created_at,
        "before_id": after and after.id,
        "limit": limit + 1,
    }
    async with database.reading() as connection:
        places = await fetch_all(connection, SQL["list_generations"], values, Place)
        ids = [place.id for place in places[:limit]]
        items = await fetch_all(connection, SQL["get_generations"], {"ids": ids}, Generation)
    more = len(places) > limit
    return GenerationPage(items=tuple(items), cursor=encoded(places[limit - 1]) if more else None)


async def output(database: Database, generation_id: UUID, position: int) -> Content:
    """The bytes of an output. Raises NotFound, also where they were erased."""
    values = {"generation_id": generation_id, "position": position}
    async with database.reading() as connection:
        found = await fetch_one(connection, SQL["get_output"], values, _Stored)
    if found is None:
        raise NotFound(f"Generation {generation_id} has no output {position}.")
    if found.content is None:
        raise NotFound(f"The bytes of output {position} of generation {generation_id} were erased.")
    return Content(data=found.content, media_type=found.media_type, sha256=found.sha256)


async def ratings(database: Database, generation_id: UUID) -> list[Given]:
    """What people think of the outputs of a generation that the caller may see, the latest first."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["get_ratings"], {"generation_id": generation_id}, Given)


async def call(database: Database, generation_id: UUID) -> Call:
    """Raises NotFound."""
    async with database.reading() as connection:
        found = await fetch_one(connection, SQL["get_call"], {"generation_id": generation_id}, Call)
    if found is None:
        raise NotFound(f"There is no generation {generation_id}.")
    return found


async def lineage(database: Database, generation_id: UUID) -> list[Step]:
    """What a generation continues, the first one first; itself; and what continues it."""
    values = {"generation_id": generation_id, "most": MOST_STEPS}
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["get_lineage"], values, Step)


async def spending(database: Database, month: date) -> list[Spent]:
    """What the paid calls of the brands that the caller sees cost in a month, given by its first day."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["get_spending"], {"month": month}, Spent)
