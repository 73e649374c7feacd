"""How a worker takes a generation up, and what becomes of one whose worker was lost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct

from rage_pg.database import Connection, Database, execute, fetch_one, fetch_value
from rage_pg.errors import OutcomeUnknown, RageError
from rage_pg.generation.ledger import add_event, finish
from rage_pg.resources import statements
from rage_pg.spending import Outcome, error_document
from rage_pg.types import Purpose, Status

SQL = statements("generation")

MAX_LOSSES = 3
"""A generation that lost its worker so often is not started again."""


class Task(Struct, kw_only=True):
    """A generation in one worker's hands. `started_at` tells this attempt from every other."""

    generation_id: UUID
    status: Status
    started_at: datetime | None
    brand_id: int
    brand: str
    guidelines: str | None
    prompt: str
    purpose: Purpose
    provider: str
    model: str
    parameters: dict[str, Any]
    labels: dict[str, str]
    batch_id: UUID | None
    call_id: int | None
    """The paid call that was begun and whose answer is not known."""
    losses: int
    """Starts that no worker gave back: of a generation found running, how often its worker was lost."""


async def take_up(database: Database, generation_id: UUID) -> Task | None:
    """Mark a queued generation as running; None where there is nothing to do.

    One found running was lost by its worker, because a job has one worker at a time. If it may have reached a
    provider that charges, its outcome is unknown and stays so; else it starts anew.
    """
    async with database.transaction() as connection:
        task = await locked_task(connection, generation_id)
        if task is None or task.status not in ("queued", "running"):
            return None
        if task.status == "running" and (outcome := _lost(task)) is not None:
            await finish(connection, generation_id, outcome, call_id=task.call_id)
            return None
        task.started_at = await fetch_value(connection, SQL["start"], {"generation_id": generation_id})
        await add_event(connection, generation_id, "running")
        return task


async def give_back(database: Database, task: Task) -> None:
    """The worker must leave: queue the generation again, unless a charged call may have gone out."""
    async with database.transaction() as connection:
        current = await locked_task(connection, task.generation_id)
        if current is None or current.started_at != task.started_at or current.status != "running":
            return
        if current.call_id is not None:
            outcome = unknown("The worker was stopped during the call; whether it was answered is not known.")
            await finish(connection, task.generation_id, outcome, call_id=current.call_id)
        else:
            await execute(connection, SQL["requeue"], {"generation_id": task.generation_id})
            await add_event(connection, task.generation_id, "queued")


async def locked_task(connection: Connection, generation_id: UUID) -> Task | None:
    """The generation as it stands; it stands so until the transaction ends."""
    return await fetch_one(connection, SQL["lock_task"], {"generation_id": generation_id}, Task)


def unknown(detail: str) -> Outcome:
    return Outcome(status="unknown", error=error_document(OutcomeUnknown(detail)))


def _lost(task: Task) -> Outcome | None:
    if task.call_id is not None:
        return unknown("The worker was lost during the call; whether it was answered is not known.")
    if task.losses >= MAX_LOSSES:
        error = RageError(f"Its worker was lost {task.losses} times; it is not tried again.")
        return Outcome(status="failed", error=error_document(error), cost_usd=Decimal(0))
    return None
