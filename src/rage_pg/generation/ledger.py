"""The ledger's row: how every part of this stage reads it, ends it and notes its events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, execute, fetch_one
from rage_pg.errors import NotFound
from rage_pg.resources import statements
from rage_pg.spending import Outcome, close_paid_call, outcome_values, storable
from rage_pg.types import Generation, Status

SQL = statements("generation")
HISTORY = statements("history")

FINAL: frozenset[Status] = frozenset({"succeeded", "refused", "failed", "cancelled", "unknown"})


async def read(connection: Connection, generation_id: UUID) -> Generation:
    """One generation as the ledger has it. Raises NotFound."""
    values = {"ids": [generation_id]}
    generation = await fetch_one(connection, HISTORY["get_generations"], values, Generation)
    if generation is None:
        raise missing(generation_id)
    return generation


def missing(generation_id: UUID) -> NotFound:
    return NotFound(f"There is no generation {generation_id}.")


async def add_event(
    connection: Connection, generation_id: UUID, name: str, data: Mapping[str, Any] | None = None
) -> None:
    """The transaction must hold the generation's row: two that count at once would count alike."""
    values = {"generation_id": generation_id, "name": name, "data": Jsonb(data or {})}
    await execute(connection, SQL["add_event"], values)


async def finish(
    connection: Connection,
    generation_id: UUID,
    outcome: Outcome,
    *,
    call_id: int | None,
    timings_ms: Mapping[str, float] | None = None,
    outputs: int = 0,
) -> None:
    """Write an outcome down, and the event that tells of it. What its paid call cost, it cost.

    The transaction must hold the generation's row, as for `add_event`.
    """
    if call_id is not None:
        # Called off while it was under way: what became of the call itself nobody knows.
        unknown = outcome.status == "cancelled"
        ended = replace(outcome, status="unknown") if unknown else outcome
        cost = await close_paid_call(connection, call_id, "generation", ended)
        outcome = replace(outcome, cost_usd=cost)
    event: dict[str, Any] = (
        {"outputs": outputs} if outcome.error is None else {"error": storable(outcome.error)}
    )
    values = {
        **outcome_values(outcome),
        "generation_id": generation_id,
        "timings_ms": Jsonb(timings_ms or {}),
        "event": Jsonb(event),
    }
    await execute(connection, SQL["finish"], values)
