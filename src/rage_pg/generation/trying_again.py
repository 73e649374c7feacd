"""Trying again what a provider turned away: only where nothing can have been charged, later, and so often.

What waits does so in the queue. Each try is a paid call of its own, closed before the next is opened.
"""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal
from typing import TypeGuard

import structlog
from msgspec.structs import replace

from rage_pg.database import Database
from rage_pg.errors import OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.generation.calling_off import called_off
from rage_pg.generation.ledger import add_event, finish
from rage_pg.generation.rules import Rules
from rage_pg.generation.settle import Stopwatch, is_mine
from rage_pg.generation.take_up import Task, locked_task, put_off
from rage_pg.generation.turns import pause
from rage_pg.spending import Outcome, close_paid_call, failed_call, storable

log = structlog.get_logger(__name__)

FIRST_WAIT = 4.0
FACTOR = 3.0
LONGEST_WAIT = 600.0
"""Seconds, where the provider does not say how long."""
LONGEST_ASKED = 3_600.0
"""Seconds; a provider that asks for more is not waited for."""
JITTER = 0.2
"""Of a wait, so that what was turned away together does not come back together."""


def wait_before_next(error: Exception, task: Task, rules: Rules) -> float | None:
    """Seconds until the call may be made once more; None where it must not be."""
    if not _is_free_and_passing(error) or task.turned_away + 1 >= rules.tries:
        return None
    if error.retry_after is not None:
        if error.retry_after > LONGEST_ASKED:
            return None
        # Never sooner than it asks for.
        return error.retry_after + random.uniform(0, min(1 + error.retry_after, 30) * JITTER)  # noqa: S311
    seconds = min(FIRST_WAIT * FACTOR**task.turned_away, LONGEST_WAIT)
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311


def given_up(outcome: Outcome, error: Exception, task: Task) -> Outcome:
    """The outcome of a last try, which says that there were others, or why there are none."""
    if not _is_free_and_passing(error) or outcome.error is None:
        return outcome
    tries = task.turned_away + 1
    said = [outcome.error["detail"]]
    if error.retry_after is not None and error.retry_after > LONGEST_ASKED:
        said.append(f"It asks to wait {_in_words(error.retry_after)}, which is not waited for here.")
    if tries > 1:
        said.append(f"It was tried {tries} times.")
    return replace(outcome, error=outcome.error | {"detail": " ".join(said), "tries": tries})


async def try_later(
    database: Database, task: Task, error: ProviderError, seconds: float, watch: Stopwatch
) -> datetime | None:
    """Close the call and queue the generation again, in one transaction; when it is taken up.

    None where there is nothing to wait for: it was called off meanwhile, or another worker has it.
    """
    outcome = replace(failed_call(error), cost_usd=Decimal(0))
    async with database.transaction() as connection:
        current = await locked_task(connection, task.generation_id)
        if task.call_id is not None:
            await close_paid_call(connection, task.call_id, "generation", outcome)
        if error.retry_after is not None:
            await pause(connection, task.provider, error.retry_after)
        if current is None or not is_mine(task, current):
            log.warning("outcome of an overtaken attempt dropped", generation_id=str(task.generation_id))
            return None
        if current.status != "running" or current.called_off:
            ended = _ended(current, outcome)
            await finish(connection, task.generation_id, ended, call_id=None, timings_ms=watch.ms)
            return None
        told = {"reason": "retry", "code": storable(error.code), "retry_in": round(seconds, 1)}
        await add_event(connection, task.generation_id, "waiting", told)
        return await put_off(connection, task, "retry", seconds)


def _ended(current: Task, outcome: Outcome) -> Outcome:
    """How one ends that is not sent again. Of what was told to be unknown, because this worker seemed lost,
    nobody waits any more, and it may have been made once more: only what became of it is mended."""
    if current.status == "unknown":
        return outcome
    return replace(called_off(sent=False), cost_usd=Decimal(0))


async def heed(database: Database, task: Task, error: Exception) -> None:
    """Leave a provider alone that asked for it with an error that ended a generation."""
    if isinstance(error, ProviderError) and error.retry_after is not None:
        async with database.transaction() as connection:
            await pause(connection, task.provider, error.retry_after)


def _is_free_and_passing(error: Exception) -> TypeGuard[ProviderError]:
    return (
        isinstance(error, ProviderError)
        and not isinstance(error, ProviderRefused | OutcomeUnknown)
        and error.charged is False
        and error.retryable
        and not error.hopeless
    )


def _in_words(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes / 60:.1f} hours" if minutes >= 120 else f"{minutes:.0f} minutes"
