"""Describes images that lack a description of what they show: some calls at once, each written down first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TypeAlias
from uuid import uuid4

import structlog
from msgspec import Struct

from rage_pg.cancelling import heed_cancellation
from rage_pg.database import Database, fetch_one
from rage_pg.errors import ImageRejected, OutcomeUnknown, ProviderError, RageError
from rage_pg.index.captions import claims
from rage_pg.index.captions.budget import Budget, BudgetReached
from rage_pg.index.captions.calls import Calls
from rage_pg.index.captions.claims import LEASE, Claimed, Scope
from rage_pg.index.captions.context import Picture, Vocabulary, context_of, vocabulary_of
from rage_pg.index.captions.pace import Pace, Stopped
from rage_pg.index.captions.storing import store
from rage_pg.index.looks import Looks
from rage_pg.providers.ports import CaptionContext, Captioner, Description
from rage_pg.providers.shown import shown
from rage_pg.resources import statements
from rage_pg.spending import Outcome, failed_call, patiently, uncancelled

SQL = statements("captions")
log = structlog.get_logger(__name__)

AT_ONCE = 4
"""Calls in flight."""
LOOK_AGAIN = 1.0
"""Seconds between looks at images that another run is at: it may be lost, and then they are this one's."""

DescribeProgress: TypeAlias = Callable[[int, int], None]
"""Called with how many images have been dealt with, and how many there are to do."""


class Described(Struct, frozen=True, kw_only=True):
    """What became of a run. Money in US dollars, of calls whose cost is known."""

    described: int
    kept: int
    """Of those, how many go by a person's caption still."""
    failed: int
    remaining: int
    calls: int
    cost_usd: Decimal
    calls_without_cost: int
    stopped: str | None
    """Why the run ended before its images did; None: it did not."""


async def describe(
    database: Database,
    captioner: Captioner,
    *,
    brand: str | None = None,
    images: Sequence[int] | None = None,
    again: bool = False,
    limit: int | None = None,
    budget: Decimal | None = None,
    month: Decimal | None = None,
    progress: DescribeProgress | None = None,
    looks: Looks | None = None,
) -> Described:
    """Describe images of one brand, these images, or all; with `again` also those that are described already.

    `database` acts for the operator. `budget` is for this run, `month` for all captions of a calendar month.
    Killed and run again, it goes on where it stopped; two runs at once share the images. With `looks`, which
    the caller keeps, a run of all goes on from what earlier ones have seen. Raises NotFound for a brand or an
    image that is not there, SetupError for a budget without prices.
    """
    limits = Budget(captioner, run=budget, month=month)
    await limits.check_prices(database)
    looks = Looks() if looks is None else looks
    scope = await claims.scope_of(
        database, uuid4(), captioner.reader, brand=brand, images=images, again=again, looks=looks
    )
    run = _Run(database, captioner, scope, limits, limit, progress)
    described = await run.all()
    if scope.is_of_all and run.saw_all:
        looks.remember(scope.reader, scope.moment, scope.snapshot)
    return described


class _Run:
    def __init__(
        self,
        database: Database,
        captioner: Captioner,
        scope: Scope,
        budget: Budget,
        limit: int | None,
        progress: DescribeProgress | None,
    ) -> None:
        self._database = database
        self._captioner = captioner
        self._scope = scope
        self._left = limit
        self._progress = progress
        self._calls = Calls(captioner, scope, budget)
        self._described = self._kept = self._failed = 0
        self._pace = Pace()
        self._after = self._total = 0
        self._ahead: list[Claimed] = []
        self._taking = asyncio.Lock()
        self._vocabularies: dict[int, Vocabulary] = {}

    @property
    def saw_all(self) -> bool:
        """Whether it went on to the end of what it was to look at."""
        return self._pace.stopped is None and self._left != 0

    async def all(self) -> Described:
        if self._progress:
            found = (await claims.remaining(self._database, self._scope)).images
            self._total = found if self._left is None else min(found, self._left)
            self._progress(0, self._total)
        heartbeat = asyncio.create_task(self._keep_claims())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._work())
        except ExceptionGroup as errors:
            # One says it all: the others met the same.
            raise errors.exceptions[0] from errors
        finally:
            heartbeat.cancel()
            with suppress(asyncio.CancelledError):
                await heartbeat
        left = await claims.remaining(self._database, self._scope)
        return Described(
            described=self._described,
            kept=self._kept,
            failed=self._failed,
            remaining=left.images,
            calls=self._calls.made,
            cost_usd=self._calls.cost,
            calls_without_cost=self._calls.without_cost,
            stopped=self._pace.stopped,
        )

    async def _keep_claims(self) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            # The next beat tries again; a lapsed claim is noticed when its image is stored.
            with suppress(RageError):
                await claims.keep(self._database, self._scope)
            heed_cancellation()

    async def _work(self) -> None:
        while (image := await self._take()) is not None:
            await self._describe(image)
            heed_cancellation()
            if self._progress:
                self._progress(self._described + self._failed, self._total)

    async def _take(self) -> Claimed | None:
        """The next image; None once there is none, the limit is met, or the run stopped."""
        async with self._taking:
            while self._pace.stopped is None and self._left != 0:
                if not self._ahead:
                    self._ahead = await claims.look(self._database, self._scope, self._after)
                    self._after = self._ahead[-1].image_id if self._ahead else 0
                    if not self._ahead and not await self._is_left_elsewhere():
                        return None
                elif await claims.claim(self._database, self._scope, image := self._ahead.pop(0)):
                    self._left = None if self._left is None else self._left - 1
                    return image
        return None

    async def _is_left_elsewhere(self) -> bool:
        """Whether another run is at images: wait a moment, and look whether it left any behind."""
        left = await claims.remaining(self._database, self._scope)
        if left.elsewhere:
            await asyncio.sleep(LOOK_AGAIN)
        return left.elsewhere > 0

    async def _describe(self, image: Claimed) -> None:
        """Ask until there is an answer: waiting is no failure. Whatever ends it, the image is given back."""
        try:
            prepared = await self._prepare(image)
            if prepared is None:
                await self._release(image)
                return
            while not await self._ask(image, *prepared):
                pass
        except (Stopped, BudgetReached) as end:
            self._pace.stop(str(end))
            await self._release(image)
        except asyncio.CancelledError:
            await uncancelled(patiently(lambda: self._release(image)))
            raise
        except ImageRejected as error:
            await self._fail(image, error, None, None)

    async def _prepare(self, image: Claimed) -> tuple[bytes, CaptionContext] | None:
        """What is sent; None where the image shows another picture by now, or none."""
        async with self._database.transaction() as connection:
            values = {"image_id": image.image_id, "content_id": image.content_id}
            picture = await fetch_one(connection, SQL["get_picture"], values, Picture)
            if image.brand_id not in self._vocabularies:
                self._vocabularies[image.brand_id] = await vocabulary_of(connection, image.brand_id)
        if picture is None:
            return None
        context = context_of(self._vocabularies[image.brand_id], picture)
        return await asyncio.to_thread(shown, picture.content, picture.thumbnail), context

    async def _ask(self, image: Claimed, picture: bytes, context: CaptionContext) -> bool:
        """One call. False where it is to be made again, after a pause."""
        await self._pace.wait()
        call_id = await self._calls.open(self._database, image)
        try:
            heed_cancellation()
            said = await self._captioner.describe(picture, context)
        except ProviderError as error:
            outcome, failure = failed_call(error), error
        except RageError as error:
            # Its setup, as a model that cannot be loaded.
            raise Stopped(str(error)) from error
        except Exception as error:
            log.error("captioner failed", image_id=image.image_id, exc_info=error)
            failure = ProviderError("Internal error; the log says more.", code="internal")
            outcome = failed_call(failure)
        except asyncio.CancelledError:
            unknown = OutcomeUnknown(
                "The run was stopped during the call; whether it was answered is not known."
            )
            await uncancelled(patiently(lambda: self._close(call_id, failed_call(unknown))))
            raise
        else:
            await uncancelled(patiently(lambda: self._store(image, call_id, said, context.language)))
            return True
        if failure.retryable or failure.hopeless:
            await uncancelled(patiently(lambda: self._close(call_id, outcome)))
            self._pace.pause(failure)
            return False
        await uncancelled(patiently(lambda: self._fail(image, failure, outcome, call_id)))
        return True

    async def _store(self, image: Claimed, call_id: int | None, said: Description, language: str) -> None:
        answered = Outcome(status="succeeded", model=said.model, request_id=said.request_id, usage=said.usage)
        async with self._database.transaction() as connection:
            stored = await store(connection, self._scope, image, self._captioner, said, language)
            cost = await self._calls.close(connection, call_id, answered)
        self._calls.count(call_id, cost)
        self._pace.succeeded()
        self._described += stored != "out of date"
        self._kept += stored == "kept"

    async def _fail(
        self, image: Claimed, error: RageError, outcome: Outcome | None, call_id: int | None
    ) -> None:
        async with self._database.transaction() as connection:
            await claims.fail(connection, self._scope, image, str(error))
            cost = await self._calls.close(connection, call_id, outcome) if outcome else None
        self._calls.count(call_id, cost)
        self._failed += 1
        self._pace.failed(str(error))

    async def _close(self, call_id: int | None, outcome: Outcome) -> None:
        async with self._database.transaction() as connection:
            cost = await self._calls.close(connection, call_id, outcome)
        self._calls.count(call_id, cost)

    async def _release(self, image: Claimed) -> None:
        async with self._database.transaction() as connection:
            await claims.release(connection, self._scope, image)
