"""Carries a batch out within this process, several items at a time, and writes the pictures into a folder."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from rage_pg.cli.batch_file import BatchFile
from rage_pg.cli.making import carry_out
from rage_pg.cli.output import Bars, bars, note
from rage_pg.cli.whole_file import write_whole
from rage_pg.errors import DatabaseUnavailable, NotFound, RageError

if TYPE_CHECKING:
    from rage_pg.generation.batches import Batch, ItemState, MadeItem, Outcome
    from rage_pg.jobs import Hold
    from rage_pg.runtime import Runtime

PATIENCE = 600.0
"""Seconds to wait for workers that had taken items up before."""
LOOK = 0.3
"""Seconds between two looks whether the next item may be begun."""
MAX_LOSSES = 10
PAUSE = 3.0
"""Seconds before the database is tried again."""
UNSAFE = re.compile(r"[^\w.+=-]+", re.ASCII)
LONGEST_NAME = 100
ENDINGS = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg"}
STOPPED = "It was stopped; rage generate --batch with the same FILE, or --resume, goes on."


class Ask(Struct, frozen=True, kw_only=True):
    """A batch to begin, or the id of one to go on with, and where its pictures go."""

    what: BatchFile | UUID
    idempotency_key: str | None = None
    budget: Decimal | None = None
    retry: tuple[Outcome, ...] = ()
    folder: Path | None
    at_once: int


class Ran(Struct, frozen=True, kw_only=True):
    batch: Batch
    items: tuple[ItemState, ...]
    files: dict[int, list[str]]
    """By the position of the item."""


def file_name(position: int, key: str) -> str:
    """A name without its ending, safe on every system: the position keeps it apart from any other."""
    said = "-".join(part.partition("=")[2] or part for part in key.split("/"))
    return f"{position:04d}-{UNSAFE.sub('_', said).strip('._-')}"[:LONGEST_NAME].rstrip("._-")


async def ran(runtime: Runtime, ask: Ask) -> Ran:
    """Carry the batch out as far as it goes, and read how it stands then. Raises RageError."""
    from rage_pg import jobs
    from rage_pg.generation import batches

    batch_id = await _begun(runtime, ask)
    async with jobs.alone(runtime.database, batch_id):
        await batches.resume(runtime.database, batch_id, budget_usd=ask.budget, retry=ask.retry)
        with bars() as shown:
            running = _Running(runtime, batch_id, ask, shown)
            await running.run()
    await jobs.defer_fill_index(runtime.database)
    return Ran(
        batch=await batches.get_batch(runtime.database, batch_id),
        items=await _all_items(runtime, batch_id),
        files=running.files,
    )


async def _begun(runtime: Runtime, ask: Ask) -> UUID:
    from rage_pg.generation import batches

    if isinstance(ask.what, UUID):
        return (await batches.get_batch(runtime.database, ask.what)).id
    key = ask.idempotency_key or ask.what.key
    return await batches.put(
        runtime.database,
        runtime.generators,
        ask.what.request,
        budget_usd=ask.budget,
        idempotency_key=key,
    )


async def _all_items(runtime: Runtime, batch_id: UUID) -> tuple[ItemState, ...]:
    from rage_pg.generation import batches

    items: list[ItemState] = []
    cursor: str | None = None
    while True:
        page = await batches.page(runtime.database, batch_id, cursor=cursor, limit=200)
        items += page.items
        if (cursor := page.cursor) is None:
            return tuple(items)


class _Running:
    def __init__(self, runtime: Runtime, batch_id: UUID, ask: Ask, shown: Bars) -> None:

        self._runtime = runtime
        self._database = runtime.database
        self._batch_id = batch_id
        self._folder = ask.folder
        self._at_once = ask.at_once
        self._shown = shown
        self._left_over: list[UUID] = []
        self._elsewhere: list[UUID] = []
        self._begun: list[UUID] = []
        self._interrupted: list[UUID] = []
        self._fault: Exception | None = None
        self.files: dict[int, list[str]] = {}

    async def run(self) -> None:
        from rage_pg.generation import batches

        self._left_over = await batches.open_generations(self._database, self._batch_id)
        await self._write_all()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._at_once):
                    group.create_task(self._work())
            if self._fault is not None:
                raise self._fault
            await self._wait_for_workers()
            await self._write_all()
        except BaseException:
            await self._stop()
            raise

    async def _stop(self) -> None:
        """Nobody goes on behind the back of who stopped it; what was not begun waits for the next time."""
        from rage_pg.generation import batches
        from rage_pg.spending import uncancelled

        try:
            await uncancelled(batches.pause(self._database, self._batch_id, STOPPED, self._begun))
        except RageError as error:
            note(f"The batch could not be paused: {error}")

    async def _work(self) -> None:
        """One item after another, until there is none. The database may be away for a while.

        After a fault none is begun any more; what is under way is paid for, and ends first.
        """
        losses = 0
        while self._fault is None:
            try:
                if not await self._one():
                    return
                losses = 0
            except DatabaseUnavailable as error:
                losses += 1
                if losses > MAX_LOSSES:
                    self._stop_beginning(error)
                    return
                note(f"{error} Trying again.")
                await asyncio.sleep(PAUSE)
            except Exception as error:
                self._stop_beginning(error)
                return

    def _stop_beginning(self, fault: Exception) -> None:
        if self._fault is None:
            self._fault = fault

    async def _one(self) -> bool:
        from rage_pg import jobs
        from rage_pg.generation import batches

        generation_id: UUID | None = None
        hold: Hold | None = None
        try:
            async with jobs.holding(self._database) as hold:
                generation_id = await self._next(hold)
                if generation_id is None:
                    return False
                if not await carry_out(self._runtime, hold, generation_id, tell=False):
                    self._elsewhere.append(generation_id)
            await batches.conclude(self._database, generation_id)
            await self._keep(await batches.item_of(self._database, generation_id))
        except DatabaseUnavailable:
            begun = hold.generation_id if generation_id is None and hold is not None else generation_id
            if begun is not None:
                self._interrupted.append(begun)
            raise
        return True

    async def _look_after_interrupted(self) -> None:
        """What the database's absence cut off: freed where it was called off, else to be taken up again."""
        while self._interrupted:
            # Taken out first: others look at the same time.
            generation_id = self._interrupted.pop()
            try:
                await self._look_after(generation_id)
            except NotFound:
                """It was never committed that the item had begun."""
            except BaseException:
                self._interrupted.append(generation_id)
                raise

    async def _look_after(self, generation_id: UUID) -> None:
        from rage_pg import generation
        from rage_pg.generation import batches

        await batches.conclude(self._database, generation_id)
        await batches.free(self._database, self._batch_id, generation_id)
        now = await generation.wait_for(self._database, generation_id, 0)
        if now.status not in ("queued", "running"):
            await self._keep(await batches.item_of(self._database, generation_id))
        elif generation_id not in self._left_over:
            self._left_over.append(generation_id)

    async def _next(self, hold: Hold) -> UUID | None:
        from rage_pg.generation import batches

        await self._look_after_interrupted()
        while self._left_over:
            generation_id = self._left_over.pop(0)
            try:
                taken = await hold.take(generation_id)
            except BaseException:
                self._left_over.append(generation_id)
                raise
            if taken:
                self._begun.append(generation_id)
                return generation_id
            self._elsewhere.append(generation_id)
        while self._fault is None:
            step = await batches.accept_next(
                self._database,
                self._runtime.generators,
                self._batch_id,
                defer=hold.defer_of_many,
                searches=lambda caller: self._runtime.acting_for(caller).search,
                proposes=lambda caller: self._runtime.acting_for(caller).propose,
                window=self._at_once + len(self._elsewhere),
                alone=True,
            )
            if step.generation_id is not None:
                self._begun.append(step.generation_id)
            if step.outcome in ("full", "waiting"):
                await asyncio.sleep(LOOK)
            elif step.outcome not in ("rejected", "again"):
                return step.generation_id
        return None

    async def _wait_for_workers(self) -> None:
        from rage_pg import generation
        from rage_pg.generation import batches

        for generation_id in self._elsewhere:
            await generation.wait_for(self._database, generation_id, PATIENCE)
            await self._keep(await batches.item_of(self._database, generation_id))

    async def _write_all(self) -> None:
        """What was made before, or meanwhile by workers; a file with the same bytes stays as it is."""
        from rage_pg.generation import batches

        batch = await batches.get_batch(self._database, self._batch_id)
        ended = batch.item_count - batch.pending - batch.under_way
        self._shown.move("Generating", to=ended, total=batch.item_count)
        for item in await batches.made_items(self._database, self._batch_id):
            if item.position not in self.files:
                await self._write(item)

    async def _keep(self, item: MadeItem | None) -> None:
        if item is not None:
            self._shown.move("Generating", by=1)
            await self._write(item)

    async def _write(self, item: MadeItem) -> None:
        from rage_pg import history

        folder = self._folder
        if folder is None:
            return
        made = await history.get(self._database, item.generation_id)
        several = len(made.outputs) > 1
        for output in made.outputs:
            name = file_name(item.position, item.key) + (f"-{output.position}" if several else "")
            ending = str(made.parameters.get("output_format") or "png").replace("jpeg", "jpg")
            target = folder / f"{name}.{ending}"
            if await asyncio.to_thread(_digest, target) != output.sha256:
                target = await self._fetched(item, output.position, folder / name)
            self.files.setdefault(item.position, []).append(str(target))

    async def _fetched(self, item: MadeItem, position: int, stem: Path) -> Path:
        from rage_pg import history

        picture = await history.output(self._database, item.generation_id, position)
        target = stem.with_name(f"{stem.name}.{ENDINGS.get(picture.media_type, 'png')}")
        try:
            await asyncio.to_thread(write_whole, target, picture.data)
        except OSError as error:
            raise RageError(
                f"{target} cannot be written: {error.strerror}. The picture is in the store; "
                "the same command writes what is missing."
            ) from error
        return target


def _digest(file: Path) -> str | None:
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None


def not_made(items: Sequence[ItemState]) -> list[ItemState]:
    return [item for item in items if item.status != "succeeded"]
