"""Writes an attempt's end down: outputs as images, cost, outcome and event, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

import structlog
from msgspec import Struct
from msgspec.structs import replace

from rage_pg.database import Connection, Database, execute, fetch_all
from rage_pg.generation.calling_off import called_off
from rage_pg.generation.ledger import finish
from rage_pg.generation.take_up import Task, locked_task
from rage_pg.resources import statements
from rage_pg.spending import Outcome, close_paid_call
from rage_pg.types import ImageMetadata, ImageRecord

SQL = statements("generation")
log = structlog.get_logger(__name__)


class ImageStore(Protocol):
    """How outputs become images of the store. The one path by which images are written is handed in."""

    async def decode(self, content: bytes, metadata: ImageMetadata) -> ImageRecord:
        """Check a picture and make its record. Raises ImageRejected, also for one that is cut off."""
        ...

    async def store(self, connection: Connection, records: Sequence[ImageRecord]) -> Sequence[int]:
        """Write new images within the caller's transaction; their ids, in order."""
        ...


class Stopwatch:
    """Milliseconds by stage, each since the one before."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.ms[stage] = round((now - self._since) * 1000, 1)
        self._since = now

    def part(self, stage: str, of: str, ms: float) -> None:
        """A stage that was measured within another is told apart from it."""
        self.ms[stage] = round(ms, 1)
        self.ms[of] = round(max(0.0, self.ms[of] - ms), 1)


class _Known(Struct, frozen=True):
    image_id: int
    sha256: bytes


async def settle(
    database: Database,
    store: ImageStore,
    task: Task,
    outcome: Outcome,
    *,
    watch: Stopwatch,
    records: Sequence[ImageRecord] = (),
) -> None:
    """Write the outcome and its outputs. Of an attempt that another overtook, only the paid call is noted."""
    async with database.transaction(by_key=True) as connection:
        current = await locked_task(connection, task.generation_id)
        if task.call_id is None:
            # Nothing went to whoever charges.
            outcome = replace(outcome, cost_usd=Decimal(0))
        if current is None or not is_mine(task, current):
            log.warning("outcome of an overtaken attempt dropped", generation_id=str(task.generation_id))
            if task.call_id is not None:
                await close_paid_call(connection, task.call_id, "generation", outcome)
            return
        if current.status == "cancelled" and outcome.status != "succeeded":
            await _mend_called_off(connection, task, outcome, watch)
            return
        # Most of it gives no answer that anything waits for.
        async with connection.pipeline():
            await _store_outputs(connection, store, task, records)
            watch.lap("store")
            await finish(
                connection,
                task.generation_id,
                outcome,
                call_id=task.call_id,
                timings_ms=watch.ms,
                outputs=len(records),
            )


def is_mine(task: Task, current: Task) -> bool:
    """A late answer of whoever charges may still mend what a worker that seemed lost left behind."""
    mended = ("running", "unknown") if task.call_id is None else ("running", "unknown", "cancelled")
    return current.started_at == task.started_at and current.status in mended


async def _mend_called_off(connection: Connection, task: Task, outcome: Outcome, watch: Stopwatch) -> None:
    """It stays called off; what the call cost is known by now."""
    if task.call_id is not None:
        cost = await close_paid_call(connection, task.call_id, "generation", outcome)
        ended = replace(called_off(sent=cost != 0), cost_usd=cost)
        await finish(connection, task.generation_id, ended, call_id=None, timings_ms=watch.ms)


async def _store_outputs(
    connection: Connection, store: ImageStore, task: Task, records: Sequence[ImageRecord]
) -> None:
    """An output with the bytes of an image that the brand has already is that image, untouched."""
    hashes = [record.sha256 for record in records]
    values = {"brand_id": task.brand_id, "hashes": hashes}
    known = await fetch_all(connection, SQL["get_images_with_content"], values, _Known)
    ids = {image.sha256: image.image_id for image in known}
    new = {record.sha256: record for record in records if record.sha256 not in ids}
    if new:
        stored = await store.store(connection, list(new.values()))
        ids |= dict(zip(new, stored, strict=True))
    values = {
        "generation_id": task.generation_id,
        "image_ids": [ids[digest] for digest in hashes],
        "hashes": hashes,
    }
    await execute(connection, SQL["insert_outputs"], values)
