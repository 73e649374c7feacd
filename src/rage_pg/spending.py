"""What calls to providers cost: each a committed row before it is made, closed when its end is known.

Also what makes the words of a provider storable, whatever they are: how a call ended is always kept.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from msgspec import Struct, field
from psycopg.types.json import Jsonb

from rage_pg.budgets import Spending, hold_to_budgets
from rage_pg.database import Connection, fetch_value
from rage_pg.errors import (
    Conflict,
    DatabaseUnavailable,
    OutcomeUnknown,
    ProviderError,
    ProviderRefused,
    RageError,
)
from rage_pg.logs import redact_text
from rage_pg.resources import statements
from rage_pg.tokens import Answers, tokens_by_class
from rage_pg.types import CallPurpose, Status

SQL = statements("spending")
log = structlog.get_logger(__name__)


IN_PICTURES: frozenset[CallPurpose] = frozenset({"generation", "draft"})
"""Calls that are answered in pictures; all others are in text."""
PAUSES = (1, 2, 4, 8, 16)
"""Seconds between tries while the database is away: an answer that was paid for is not let go at once."""
MAX_DETAIL = 2_000
MAX_DEPTH = 32
"""Levels of a provider's JSON that are kept; beyond stands TOO_DEEP."""
TOO_DEEP = "…"
MAX_BITS = 64
"""Of a whole number; a longer one counts nothing, and Python refuses to write the longest."""


class Outcome(Struct, frozen=True, kw_only=True):
    """How a call or an attempt ended, and what is known of its cost."""

    status: Status
    error: dict[str, Any] | None = None
    model: str | None = None
    request_id: str | None = None
    usage: Any = None
    cost_usd: Decimal | None = None
    details: Any = field(default_factory=dict)
    """What the provider did, in its own words; a generation keeps it."""


async def open_paid_call(
    connection: Connection,
    *,
    brand_id: int,
    purpose: CallPurpose,
    provider: str,
    model: str,
    generation_id: UUID | None = None,
    labels: Mapping[str, str] | None = None,
    batch_id: UUID | None = None,
    expected: Decimal | None = None,
) -> int:
    """The number of a call that is about to be made: commit before it is. `brand_id` pays.

    Raises BudgetReached where a budget does not allow one that may cost `expected` US dollars; where that is
    None, as much as the dearest of late. Raises BudgetBusy while another must end first.
    """
    spending = Spending(
        brand_id=brand_id,
        labels=labels or {},
        provider=provider,
        model=model,
        purpose=purpose,
        expected=expected,
        batch_id=batch_id,
    )
    values = {
        "brand_id": brand_id,
        "purpose": purpose,
        "provider": provider,
        "model": model,
        "generation_id": generation_id,
        "expected_usd": await hold_to_budgets(connection, spending),
    }
    call_id: int = await fetch_value(connection, SQL["open_paid_call"], values)
    return call_id


async def close_paid_call(
    connection: Connection, call_id: int, purpose: CallPurpose, outcome: Outcome
) -> Decimal | None:
    """Write down how a call ended, and what it cost at the prices of the day on which it was made.

    The cost is that of the outcome where it is known without prices (0 where surely nothing was charged),
    else that of its usage; None where a usage or a price is not known, which is never 0.
    """
    answers = answers_of(purpose)
    tokens = tokens_by_class(outcome.usage, answers=answers)
    values = {
        **outcome_values(outcome),
        "call_id": call_id,
        "tokens": None if tokens is None else Jsonb(tokens),
        # What answers in text is checked to be the model that was asked, whatever its server calls it.
        "as_asked": answers == "text",
    }
    cost: Decimal | None = await fetch_value(connection, SQL["close_paid_call"], values)
    return cost


def answers_of(purpose: CallPurpose) -> Answers:
    return "images" if purpose in IN_PICTURES else "text"


async def patiently(write: Callable[[], Awaitable[None]]) -> None:
    """Try again while the database is away or another writer is in the way, for about half a minute."""
    for pause in PAUSES:
        try:
            return await write()
        except (DatabaseUnavailable, Conflict) as error:
            log.warning("not written yet; trying again", reason=str(error), seconds=pause)
            await asyncio.sleep(pause)
    await write()


async def uncancelled(work: Coroutine[Any, Any, None]) -> None:
    """Finish `work` even when this task is cancelled meanwhile, however often; the cancellation follows it.

    Where `work` fails, its error comes out instead.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            # Unlike awaiting the task itself, this hands no cancellation on to it.
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


def failed_call(error: ProviderError) -> Outcome:
    """The outcome of a call that ended in an error: its cost is 0 only where surely nothing was charged."""
    status: Status = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
    return Outcome(
        status="refused" if isinstance(error, ProviderRefused) else status,
        error=error_document(error),
        request_id=error.request_id,
        usage=error.usage,
        cost_usd=Decimal(0) if error.charged is False else None,
    )


def error_document(error: RageError) -> dict[str, Any]:
    """What is kept of an error: type, detail and, from a provider, code and whether to try again.

    `hopeless`, where it is: others will fail like it.
    """
    document: dict[str, Any] = {"type": error.type, "detail": redact_text(str(error))[:MAX_DETAIL]}
    if isinstance(error, ProviderError):
        document |= {"code": error.code, "retryable": error.retryable}
        document |= {"hopeless": True} if error.hopeless else {}
    return document


async def cost_of(
    connection: Connection, provider: str, model: str, usage: Any, *, answers: Answers = "images"
) -> Decimal | None:
    """US dollars that this would cost today; None where usage or a price is not known."""
    tokens = tokens_by_class(usage, answers=answers)
    if tokens is None:
        return None
    values = {"provider": provider, "model": model, "tokens": Jsonb(tokens)}
    cost: Decimal | None = await fetch_value(connection, SQL["cost_of_tokens"], values)
    return cost


def outcome_values(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the arguments of a statement."""
    return {
        "status": outcome.status,
        "model": storable_name(outcome.model),
        "provider_request_id": storable_name(outcome.request_id),
        "usage": None if outcome.usage is None else Jsonb(members(outcome.usage)),
        "cost_usd": outcome.cost_usd,
        "error": None if outcome.error is None else Jsonb(storable(outcome.error)),
        "details": Jsonb({"details": members(outcome.details)} if outcome.details else {}),
    }


def storable_name(value: Any) -> str | None:
    """A provider's model or request id as text, None where it says none."""
    return storable(str(value)) or None if value is not None else None


def members(value: Any) -> dict[str, Any]:
    """A provider's object as it is kept; anything else as a member of one: readers rely on an object."""
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
