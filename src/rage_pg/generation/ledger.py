"""The ledger's row: how every part of this stage reads it, ends it and notes its events."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, execute, fetch_one
from rage_pg.errors import NotFound, ProviderError, RageError
from rage_pg.logs import redact_text
from rage_pg.resources import statements
from rage_pg.types import Generation, Status

SQL = statements("generation")
HISTORY = statements("history")

FINAL: frozenset[Status] = frozenset({"succeeded", "refused", "failed", "cancelled", "unknown"})
MAX_DETAIL = 2_000
MAX_DEPTH = 32
"""Levels of a provider's JSON that are kept; beyond stands TOO_DEEP."""
TOO_DEEP = "…"
MAX_BITS = 64
"""Of a whole number; a longer one counts nothing, and Python refuses to write the longest."""


class Outcome(Struct, frozen=True, kw_only=True):
    """How an attempt ended, and what is known of its cost."""

    status: Status
    error: dict[str, Any] | None = None
    model: str | None = None
    request_id: str | None = None
    usage: Any = None
    cost_usd: Decimal | None = None
    details: Any = field(default_factory=dict)


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
    """Write an outcome down, and the event that tells of it."""
    values = {**_values(outcome), "generation_id": generation_id, "timings_ms": Jsonb(timings_ms or {})}
    await execute(connection, SQL["finish"], values)
    if call_id is not None:
        await close_paid_call(connection, call_id, outcome)
    data: dict[str, Any] = (
        {"outputs": outputs} if outcome.error is None else {"error": storable(outcome.error)}
    )
    await add_event(connection, generation_id, outcome.status, data)


async def close_paid_call(connection: Connection, call_id: int, outcome: Outcome) -> None:
    await execute(connection, SQL["close_paid_call"], {**_values(outcome), "call_id": call_id})


def error_document(error: RageError) -> dict[str, Any]:
    """What the ledger keeps of an error: type, detail and, from a provider, code and whether to try again."""
    document: dict[str, Any] = {"type": error.type, "detail": redact_text(str(error))[:MAX_DETAIL]}
    if isinstance(error, ProviderError):
        document |= {"code": error.code, "retryable": error.retryable}
    return document


def _values(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "model": storable_name(outcome.model),
        "provider_request_id": storable_name(outcome.request_id),
        "usage": None if outcome.usage is None else Jsonb(_members(outcome.usage)),
        "cost_usd": outcome.cost_usd,
        "error": None if outcome.error is None else Jsonb(storable(outcome.error)),
        "details": Jsonb({"details": _members(outcome.details)} if outcome.details else {}),
    }


def storable_name(value: Any) -> str | None:
    """A provider's model or request id as text, None where it says none."""
    return storable(str(value)) or None if value is not None else None


def _members(value: Any) -> dict[str, Any]:
    """A provider's object; anything else as a member of one: readers rely on an object."""
    kept: dict[str, Any] = storable(value if isinstance(value, Mapping) else {"as_answered": value})
    return kept


def storable(value: Any, levels: int = MAX_DEPTH) -> Any:
    """A provider's words as Postgres can keep them: whatever they are, how its call ended is kept.

    Without NUL, halves of surrogate pairs, NaN and infinity; nested no deeper than `levels`.
    """
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= MAX_BITS else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping | list | tuple):
        return _storable_members(value, levels - 1) if levels > 0 else TOO_DEEP
    return storable(str(value))


def _storable_members(value: Mapping[Any, Any] | list[Any] | tuple[Any, ...], levels: int) -> Any:
    if isinstance(value, Mapping):
        return {storable(str(name)): storable(member, levels) for name, member in value.items()}
    return [storable(member, levels) for member in value]
