"""How a worker takes a generation up, and what becomes of one whose worker was lost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from rage_pg.budgets import Spending, is_busy
from rage_pg.database import Connection, Database, execute, fetch_one, fetch_value
from rage_pg.errors import OutcomeUnknown, RageError
from rage_pg.generation.calling_off import called_off
from rage_pg.generation.instruction import Guidelines
from rage_pg.generation.ledger import add_event, finish
from rage_pg.generation.rules import Rules
from rage_pg.generation.turns import BY_ITSELF, closed
from rage_pg.resources import statements
from rage_pg.spending import Outcome, error_document
from rage_pg.types import CallPurpose, Purpose, Status

SQL = statements("generation")

BUDGET_LOOK = 5.0
"""Seconds between looks whether a call has ended that a budget waits for."""
MAX_LOSSES = 3
"""A generation that lost its worker so often is not started again."""
STANDARD = Rules()


class Task(Struct, kw_only=True):
    """A generation in one worker's hands. `started_at` tells this attempt from every other."""

    generation_id: UUID
    status: Status
    started_at: datetime | None
    brand_id: int
    brand: str
    guidelines: Guidelines
    prompt: str
    purpose: Purpose
    provider: str
    model: str
    parameters: dict[str, Any]
    call_purpose: CallPurpose
    labels: dict[str, str]
    batch_id: UUID | None
    expected_usd: Decimal | None
    """What its call may cost, as far as it could be told when it was asked for."""
    call_id: int | None
    """The paid call that was begun and whose answer is not known."""
    losses: int
    """Starts that no worker gave back: of one that is taken up, how often its worker was lost."""
    turned_away: int
    """How often its provider turned it away before any work was done."""
    job_id: int | None
    waits_for: Literal["retry", "turn"] | None
    waits_until: datetime | None
    too_early: bool
    """Whether that lies ahead."""
    called_off: bool
    """Whether it was called off while it ran, or its batch was: it is not begun anew."""


async def due(connection: Connection, generation_id: UUID, rules: Rules = STANDARD) -> Task | datetime | None:
    """A generation that this transaction is to `begin`; None where there is nothing to do, and when to come
    again where it must wait: its provider turned it away before, or is called as often as it may be.

    One found running was lost by its worker, because a job has one worker at a time. If it may have reached a
    provider that charges, its outcome is unknown and stays so; else it starts anew, unless it was called off
    or has lost its worker too often.
    """
    task = await locked_task(connection, generation_id)
    if task is None or task.status not in ("queued", "running"):
        return None
    if task.status == "running" and (outcome := _lost(task)) is not None:
        await finish(connection, generation_id, outcome, call_id=task.call_id)
        return None
    if task.called_off:
        await finish(connection, generation_id, _called_off(task), call_id=None)
        return None
    if task.losses >= MAX_LOSSES:
        await finish(connection, generation_id, _given_up(task), call_id=None)
        return None
    if task.waits_for == "retry" and task.too_early:
        return task.waits_until
    if (later := await _behind_another(connection, task)) is not None:
        return later
    if (later := await _out_of_turn(connection, task, rules)) is not None:
        return later
    return task


async def begin(connection: Connection, task: Task, prompt_sent: str | None) -> None:
    """Mark a generation that is due as running."""
    values = {"generation_id": task.generation_id, "prompt_sent": prompt_sent}
    task.started_at = await fetch_value(connection, SQL["start"], values)


async def note_lost_start(database: Database, generation_id: UUID, job_id: int) -> None:
    """The worker of a job is lost: its start counts as a loss, even if nothing of it was committed as it
    was killed while it loaded the references. Of the same start this may be said again.
    """
    asked = {"generation_id": generation_id, "job_id": job_id}
    async with database.transaction() as connection:
        if await fetch_value(connection, SQL["lock_open"], asked) is not None:
            await execute(connection, SQL["note_lost_start"], asked)


async def _behind_another(connection: Connection, task: Task) -> datetime | None:
    """Put the generation off while a call under the same budget must end first; when it looks again."""
    if task.expected_usd is not None and task.waits_for != "retry":
        return None
    spending = Spending(
        brand_id=task.brand_id,
        labels=task.labels,
        provider=task.provider,
        model=task.model,
        purpose=task.call_purpose,
        expected=None,
        batch_id=task.batch_id,
    )
    if not await is_busy(connection, spending):
        return None
    return await _wait_for_budget(connection, task, told=task.waits_for == "retry")


async def stand_back(database: Database, task: Task) -> datetime | None:
    """Give the generation back: another was quicker, whose end a budget waits for. When it looks again.

    None where there is nothing to wait for: it was called off meanwhile, or another worker has it.
    """
    async with database.transaction() as connection:
        current = await locked_task(connection, task.generation_id)
        if current is None or current.started_at != task.started_at or current.status != "running":
            return None
        if current.called_off:
            await finish(connection, task.generation_id, _called_off(current), call_id=None)
            return None
        # As when a worker leaves: it counts as no loss.
        await add_event(connection, task.generation_id, "queued")
        return await _wait_for_budget(connection, task, told=False)


async def _wait_for_budget(connection: Connection, task: Task, *, told: bool) -> datetime:
    if not told:
        event = {"reason": "budget", "code": None, "retry_in": None}
        await add_event(connection, task.generation_id, "waiting", event)
    return await put_off(connection, task, "retry", BUDGET_LOOK)


async def _out_of_turn(connection: Connection, task: Task, rules: Rules) -> datetime | None:
    """Put the generation in line where it is not its turn; when it looks by itself whether it is."""
    limit = rules.limits.get(task.provider)
    if limit is None:
        return None
    behind = task.job_id if rules.in_line else None
    reason = await closed(connection, task.provider, limit, generation_id=task.generation_id, behind=behind)
    if reason is None:
        return None
    if task.waits_for != "turn":
        told = {"reason": reason.reason, "code": None, "retry_in": reason.seconds}
        await add_event(connection, task.generation_id, "waiting", told)
    return await put_off(connection, task, "turn", BY_ITSELF)


async def put_off(
    connection: Connection, task: Task, waits_for: Literal["retry", "turn"], seconds: float
) -> datetime:
    """Queue a generation again, to be taken up in so many seconds; when that is."""
    values = {"generation_id": task.generation_id, "waits_for": waits_for, "seconds": seconds}
    until: datetime = await fetch_value(connection, SQL["put_off"], values)
    return until


async def give_back(database: Database, task: Task) -> None:
    """The worker must leave: queue the generation again, unless a charged call may have gone out."""
    async with database.transaction(by_key=True) as connection:
        current = await locked_task(connection, task.generation_id)
        if current is None or current.started_at != task.started_at or current.status != "running":
            return
        if current.called_off:
            await finish(connection, task.generation_id, _called_off(current), call_id=current.call_id)
        elif current.call_id is not None:
            outcome = unknown("The worker was stopped during the call; whether it was answered is not known.")
            await finish(connection, task.generation_id, outcome, call_id=current.call_id)
        else:
            await execute(connection, SQL["requeue"], {"generation_id": task.generation_id})
            await add_event(connection, task.generation_id, "queued")


async def locked_task(connection: Connection, generation_id: UUID) -> Task | None:
    """The generation as it stands; it stands so until the transaction ends."""
    asked = {"generation_id": generation_id}
    # Read only once it is locked: a call that another worker committed until then must be seen.
    async with connection.pipeline():
        await execute(connection, SQL["lock_status"], asked)
        return await fetch_one(connection, SQL["get_task"], asked, Task)


def unknown(detail: str) -> Outcome:
    return Outcome(status="unknown", error=error_document(OutcomeUnknown(detail)))


def _called_off(task: Task) -> Outcome:
    outcome = called_off(sent=task.call_id is not None)
    return outcome if task.call_id is not None else replace(outcome, cost_usd=Decimal(0))


def _lost(task: Task) -> Outcome | None:
    if task.called_off:
        return _called_off(task)
    if task.call_id is not None:
        return unknown("The worker was lost during the call; whether it was answered is not known.")
    return None


def _given_up(task: Task) -> Outcome:
    error = RageError(f"Its worker was lost {task.losses} times; it is not tried again.")
    return Outcome(status="failed", error=error_document(error), cost_usd=Decimal(0))
