"""Makes the items of a batch, several at a time, until there is none, a fault, or somebody who stops it."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from rage_pg.cancelling import heed_cancellation
from rage_pg.cli.batch_files import Files
from rage_pg.cli.making import carry_out
from rage_pg.cli.output import Bars, note
from rage_pg.errors import DatabaseUnavailable, NotFound, RageError

if TYPE_CHECKING:
    from rage_pg.generation.batches import MadeItem
    from rage_pg.jobs import Claim, Hold
    from rage_pg.runtime import Runtime

PATIENCE = 600.0
"""Seconds to wait for workers that had taken items up before."""
LOOK = 0.3
"""Seconds between two looks whether the next item may be begun."""
MAX_LOSSES = 10
PAUSE = 3.0
"""Seconds before the database is tried again."""
DROP_EVERY = 5.0
"""Seconds; a wait for the database may have lost that it was dropped."""
STOPPED = "It was stopped; rage generate --batch with the same FILE, or --resume, goes on."
STOPPING = "Stopping. What is under way is paid for, and ends first; Ctrl-C again does not wait for it."


class Making(Struct, frozen=True, kw_only=True):
    """How the items are made; `hurry`, once set, drops what is under way."""

    at_once: int
    folder: Path | None
    hurry: asyncio.Event


class Items:
    """The items of one batch in the hands of this process."""

    def __init__(
        self,
        runtime: Runtime,
        batch_id: UUID,
        claim: Claim,
        files: Files,
        shown: Bars,
        making: Making,
    ) -> None:
        self._runtime = runtime
        self._database = runtime.database
        self._batch_id = batch_id
        self._claim = claim
        self._files = files
        self._shown = shown
        self._making = making
        self._left_over: list[UUID] = []
        self._elsewhere: list[UUID] = []
        self._begun: list[UUID] = []
        self._interrupted: list[UUID] = []
        self._seen: set[UUID] = set()
        """Every generation that was ever in one of these lists."""
        self._unwatched = False
        self._ending = asyncio.Event()
        """Once it is set no item is begun any more, and none is waited for that was not sent."""
        self._fault: Exception | None = None

    async def make(self) -> None:
        """Raises RageError, once what was under way has ended."""
        from rage_pg.generation import batches

        try:
            self._go_on_with(await batches.open_generations(self._database, self._batch_id))
            await self._write_all()
            heed_cancellation()
            await self._until_all_end(
                [asyncio.create_task(self._work()) for _ in range(self._making.at_once)]
            )
            if self._fault is not None:
                raise self._fault
            await self._wait_for_workers()
            await self._write_all()
        except BaseException:
            await self._stop()
            raise

    async def _until_all_end(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """Told to stop, what is under way has its grace to end; told again, it is dropped."""
        try:
            await asyncio.wait(workers)
        except asyncio.CancelledError:
            self._ending.set()
            note(STOPPING)
            await self._until_grace_ends(workers)
            await _dropped(workers)
            raise

    async def _until_grace_ends(self, workers: Sequence[asyncio.Task[None]]) -> None:
        ways = [asyncio.create_task(self._making.hurry.wait()), asyncio.create_task(_all_of(workers))]
        grace = self._runtime.settings.stop_grace
        await asyncio.wait(ways, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()

    async def _stop(self) -> None:
        """Nobody goes on behind the back of who stopped it; what was not begun waits for the next time."""
        from rage_pg.jobs import TakenOver
        from rage_pg.spending import uncancelled

        if isinstance(self._fault, TakenOver):
            # It is the other's to pause.
            return
        try:
            await uncancelled(self._pause())
        except TakenOver as error:
            note(str(error))
            return
        except RageError as error:
            note(f"The batch could not be paused: {error}")
        folder = "" if self._making.folder is None else f" -o {shlex.quote(str(self._making.folder))}"
        note(f"To go on: rage generate --resume {self._batch_id}{folder}")

    async def _pause(self) -> None:
        from rage_pg.generation import batches

        await self._claim.keep()
        await batches.pause(self._database, self._batch_id, STOPPED, self._begun)

    async def _work(self) -> None:
        """One item after another, until there is none. The database may be away for a while.

        After a fault none is begun any more; what is under way is paid for, and ends first.
        """
        losses = 0
        while not self._ending.is_set():
            try:
                if not await self._one():
                    return
                losses = 0
            except DatabaseUnavailable as error:
                losses += 1
                if losses > MAX_LOSSES:
                    self._end_with(error)
                    return
                note(f"{error} Trying again.")
                await asyncio.sleep(PAUSE)
            except Exception as error:
                self._end_with(error)
                return

    def _end_with(self, fault: Exception) -> None:
        self._ending.set()
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
                if not await carry_out(self._runtime, hold, generation_id, tell=False, leave=self._ending):
                    self._elsewhere.append(generation_id)
            await batches.conclude(self._database, generation_id)
            await self._keep(await batches.item_of(self._database, generation_id))
        except DatabaseUnavailable:
            begun = hold.generation_id if generation_id is None and hold is not None else generation_id
            if begun is not None:
                self._note_begun(begun)
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

    async def _make_sure(self) -> None:
        """That the batch is still this process's: the database may have been away."""
        from rage_pg.generation import batches

        self._unwatched = await self._claim.keep() or self._unwatched
        if self._unwatched:
            # Begun by workers meanwhile.
            self._go_on_with(await batches.open_generations(self._database, self._batch_id))
            self._unwatched = False

    def _go_on_with(self, found: Sequence[UUID]) -> None:
        """Take on what nobody here has: twice in two hands, it would be taken for lost."""
        self._left_over += [one for one in found if one not in self._seen]
        self._seen.update(found)

    def _note_begun(self, generation_id: UUID) -> None:
        self._seen.add(generation_id)
        if generation_id not in self._begun:
            self._begun.append(generation_id)

    async def _next(self, hold: Hold) -> UUID | None:
        from rage_pg.generation import batches

        await self._make_sure()
        await self._look_after_interrupted()
        if (taken := await self._taken(hold)) is not None:
            return taken
        while not self._ending.is_set():
            await self._make_sure()
            step = await batches.accept_next(
                self._database,
                self._runtime.generators,
                self._batch_id,
                defer=hold.defer_of_many,
                searches=lambda caller: self._runtime.acting_for(caller).search,
                proposes=lambda caller: self._runtime.acting_for(caller).propose,
                window=self._making.at_once + len(self._elsewhere),
                alone=True,
            )
            if step.generation_id is not None:
                self._note_begun(step.generation_id)
            if step.outcome in ("full", "waiting"):
                await asyncio.sleep(LOOK)
            elif step.outcome not in ("rejected", "again"):
                return step.generation_id
        return None

    async def _taken(self, hold: Hold) -> UUID | None:
        """The next of what was begun before and has not ended, unless workers have it."""
        while self._left_over and not self._ending.is_set():
            generation_id = self._left_over.pop(0)
            try:
                taken = await hold.take(generation_id)
            except BaseException:
                self._left_over.append(generation_id)
                raise
            if taken:
                self._note_begun(generation_id)
                return generation_id
            self._elsewhere.append(generation_id)
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
            if item.position not in self._files.written:
                await self._files.write(item)

    async def _keep(self, item: MadeItem | None) -> None:
        if item is not None:
            self._shown.move("Generating", by=1)
            await self._files.write(item)


async def _all_of(workers: Sequence[asyncio.Task[None]]) -> bool:
    await asyncio.wait(workers)
    return True


async def _dropped(workers: Sequence[asyncio.Task[None]]) -> None:
    """Cancel what has not ended: each writes down what becomes of it."""
    while under_way := [worker for worker in workers if not worker.done()]:
        for worker in under_way:
            worker.cancel()
        await asyncio.wait(under_way, timeout=DROP_EVERY)
