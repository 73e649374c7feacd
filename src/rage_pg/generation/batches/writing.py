"""Takes a brief in: the batch and all its items in one transaction, or shows what it would be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, execute, fetch_one, fetch_value
from rage_pg.errors import Conflict, InvalidInput
from rage_pg.faults import invalid
from rage_pg.generation.accept import Look, Propose, checked_key, preview
from rage_pg.generation.batches.checking import Checked, CheckedBatch, check
from rage_pg.generation.batches.values import (
    BatchDryRun,
    BatchEstimate,
    BatchRequest,
    ItemPreview,
    ItemState,
    checked_budget,
)
from rage_pg.generation.call import Generators
from rage_pg.resources import statements
from rage_pg.types import GenerationRequest

SQL = statements("batches")

AT_ONCE = 200
"""Items in one statement: a long prompt goes with each."""

DeferBatch: TypeAlias = Callable[[Connection, UUID], Awaitable[object]]
"""Queues the job that begins a batch on this connection, to be committed with it."""

NOT_BEGUN = "It has not been begun."
SHOWN_FIRST = 3
SHOWN_REJECTED = 100


class _Earlier(Struct, frozen=True):
    batch_id: UUID
    request_sha256: bytes


async def put(
    database: Database,
    generators: Generators,
    request: BatchRequest,
    *,
    defer: DeferBatch | None = None,
    budget_usd: Decimal | None = None,
    asked_by: str | None = None,
    idempotency_key: str | None = None,
) -> UUID:
    """Write a batch down with all its items; none is begun yet. Without `defer` it is paused until resumed.

    `budget_usd` takes the place of the request's; the same request with more money is the same batch.

    The same Idempotency-Key with the same request is the same batch, with another it is a Conflict. Raises
    InvalidInput, NotFound, SetupError, and NotPossible where not one item can be asked for; an item that
    cannot is written down as rejected.
    """
    request = _sound(request)
    checked_budget(budget_usd)
    if request.dry_run:
        raise InvalidInput("A dry run is previewed, not queued.", field="dry_run")
    origin = {
        "asked_by": asked_by,
        "idempotency_key": checked_key(idempotency_key),
        "request_sha256": _fingerprint(request),
    }
    if (earlier := await find(database, origin)) is not None:
        return earlier
    async with database.reading() as connection:
        found = await check(connection, generators, request)
    async with database.transaction() as connection:
        budget = request.budget_usd if budget_usd is None else budget_usd
        return await _write(connection, request, found, {**origin, "budget_usd": budget}, defer)


async def find(database: Database, origin: dict[str, Any]) -> UUID | None:
    """The batch that an Idempotency-Key stands for already. Raises Conflict where its request was another."""
    if origin["idempotency_key"] is None:
        return None
    async with database.reading() as connection:
        return await _earlier(connection, origin)


async def preview_batch(
    database: Database,
    generators: Generators,
    request: BatchRequest,
    *,
    look: Look | None = None,
    propose: Propose | None = None,
) -> BatchDryRun:
    """What `put` would write, checked alike; nothing is written, sent or spent."""
    request = _sound(request)
    async with database.reading() as connection:
        found = await check(connection, generators, request)
    good = [one for one in found.items if one.reason is None]
    first = [
        ItemPreview(
            position=one.item.position,
            key=one.item.key,
            plan=await preview(database, generators, one.request, look=look, propose=propose),
        )
        for one in good[:SHOWN_FIRST]
    ]
    known = [one.expected for one in good if one.expected is not None]
    return BatchDryRun(
        item_count=len(found.items),
        rejected_count=len(found.rejected),
        rejected=tuple(_state(one) for one in found.rejected[:SHOWN_REJECTED]),
        first=tuple(first),
        estimate=BatchEstimate(cost_usd=sum(known, Decimal(0)), items_without_cost=len(good) - len(known)),
    )


def _sound(request: BatchRequest) -> BatchRequest:
    """The limits of its type are enforced: not every caller decodes it from JSON."""
    try:
        request = msgspec.convert(msgspec.to_builtins(request), BatchRequest)
        text = msgspec.json.encode(request).decode()
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except UnicodeEncodeError:
        raise InvalidInput("The request holds text that is not valid Unicode.") from None
    checked_budget(request.budget_usd)
    if "\\u0000" in text.replace("\\\\", ""):
        raise InvalidInput("The request holds a NUL character.")
    return request


def _fingerprint(request: BatchRequest) -> bytes:
    asked = msgspec.to_builtins(request)
    return sha256(msgspec.json.encode(asked, order="deterministic")).digest()


async def _earlier(connection: Connection, origin: dict[str, Any]) -> UUID | None:
    earlier = await fetch_one(connection, SQL["get_earlier_request"], origin, _Earlier)
    if earlier is None:
        return None
    if earlier.request_sha256 != origin["request_sha256"]:
        raise Conflict("This Idempotency-Key came with another batch before; use a new key.")
    return earlier.batch_id


async def _write(
    connection: Connection,
    request: BatchRequest,
    found: CheckedBatch,
    origin: dict[str, Any],
    defer: DeferBatch | None,
) -> UUID:
    values = {
        **origin,
        "brand_id": found.brand_id,
        "name": request.name,
        "request": Jsonb(msgspec.to_builtins(request)),
        "state": "paused" if defer is None else "open",
        "reason": NOT_BEGUN if defer is None else None,
    }
    batch_id: UUID | None = await fetch_value(connection, SQL["insert_batch"], values)
    if batch_id is None:
        # The same key was committed while this request was being checked.
        if (earlier := await _earlier(connection, origin)) is None:
            raise Conflict("This Idempotency-Key is in use by a request under way.")
        return earlier
    rows = _rows(found.items)
    for start in range(0, len(rows), AT_ONCE):
        values = {"batch_id": batch_id, "items": Jsonb(rows[start : start + AT_ONCE])}
        await execute(connection, SQL["insert_items"], values)
    if defer is not None:
        await defer(connection, batch_id)
    return batch_id


def _rows(items: Sequence[Checked]) -> list[dict[str, Any]]:
    return [
        {
            "position": one.item.position,
            "key": one.item.key,
            "request": _said(one.request),
            "reason": one.reason,
        }
        for one in items
    ]


def _said(request: GenerationRequest) -> dict[str, Any]:
    """Without what says nothing: five thousand of them are written at once."""
    return {name: said for name, said in msgspec.to_builtins(request).items() if said not in (None, [], {})}


def _state(one: Checked) -> ItemState:
    return ItemState(position=one.item.position, key=one.item.key, status="rejected", reason=one.reason)
