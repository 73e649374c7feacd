"""Who embeds what: a filler claims images of a space beside others, and takes over what lost ones claimed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import NoReturn

import structlog
from msgspec import Struct

from rage_pg.cancelling import heed_cancellation
from rage_pg.database import Connection, Database, execute, fetch_all, fetch_only, fetch_value
from rage_pg.errors import Conflict, DatabaseUnavailable
from rage_pg.index.looks import Looks, Moment
from rage_pg.logs import redact_text
from rage_pg.resources import statements
from rage_pg.types import Space

SQL = statements("filling")
log = structlog.get_logger(__name__)

BATCH = 32
"""Images claimed, embedded and stored together: one transaction, and what a kill loses at most."""

BEAT = 3.0
"""Seconds between two signs of life. A filler that is silent for `rage.lost_after()` is lost."""

LOOK_AGAIN = 0.5
"""Seconds between two looks at whether the others are done."""

AHEAD = 1000
"""Images that are looked at together: while they are, others wait who claim in the same space."""

MOST_LOSSES = 5
"""How many fillers may be lost over one image before it is held. Some are lost for reasons of their own."""


class Item(Struct, frozen=True, kw_only=True):
    """An image to embed: its thumbnail in a space of images, its text in a space of captions."""

    image_id: int
    brand_id: int
    input_sha256: bytes
    thumbnail: bytes | None
    input: str | None


class _Claim(Struct, frozen=True):
    image_id: int
    losses: int = 0


class _Begun(Struct, frozen=True):
    filler_id: int
    started_at: datetime


class _Others(Struct, frozen=True):
    claimed: int
    lost: int


class _Look(Struct):
    """A look at all images, or at those that changed since an earlier one, in the order of their ids."""

    moment: Moment
    since: str | None
    after: int = 0
    ahead: Sequence[int] = ()
    """Images that are still to be looked at, before any others."""
    claimed: bool = False
    is_over: bool = False


class Claims:
    """What one filler claims in one space, in the order of the images. Several tasks may call `next`.

    `waits`: what others are at work on is waited for, should they be lost; else they are left to it.
    """

    def __init__(self, database: Database, space: Space, begun: _Begun, looks: Looks, *, waits: bool) -> None:
        self._database = database
        self._space = space
        self._begun = begun
        self._looks = looks
        self._waits = waits
        self._look: _Look | None = None
        self._turn = asyncio.Lock()

    @property
    def filler_id(self) -> int:
        return self._begun.filler_id

    async def next(self) -> list[Item]:
        """The next images, claimed; none where nothing is left to do.

        An image over which a filler was lost comes alone, and is held when too many were.
        """
        while True:
            async with self._turn:
                # Put back once its next step is committed: one that failed on the way left images out.
                look, self._look = self._look or await self._begin_look(), None
                items = await self._go_on(look)
            heed_cancellation()
            if items:
                return items
            # After a look that found anything comes another: meanwhile something may have changed.
            if look.is_over and not look.claimed and not (self._waits and await self._others_end()):
                return []

    async def _begin_look(self) -> _Look:
        async with self._database.transaction() as connection:
            await self.take_turn(connection)
            moment = await fetch_only(connection, SQL["begin_look"], self._values(), Moment)
        return _Look(moment, self._looks.since(self._space.id, moment))

    async def _go_on(self, look: _Look) -> list[Item]:
        async with self._database.transaction() as connection:
            claims = await self._claim(connection, look)
            items = await self._read(connection, claims)
        if look.is_over:
            self._looks.remember(self._space.id, look.moment, look.since)
        else:
            self._look = look
        return items

    async def _others_end(self) -> bool:
        """Wait until nobody else is at work, or somebody was lost; whether there was anybody at all."""
        waited = False
        while True:
            async with self._database.transaction() as connection:
                others = await fetch_only(connection, SQL["claims_of_others"], self._values(), _Others)
            if others.lost or not others.claimed:
                return waited or others.lost > 0
            waited = True
            heed_cancellation()
            await asyncio.sleep(LOOK_AGAIN)

    async def _claim(self, connection: Connection, look: _Look) -> Sequence[_Claim]:
        await self.take_turn(connection)
        for statement in ("claim_lost", "claim_given_up"):
            claims = await fetch_all(connection, SQL[statement], self._values(batch=BATCH), _Claim)
            if claims:
                look.claimed = True
                return claims
        look.ahead = look.ahead or await self._next(connection, look)
        if not look.ahead:
            look.is_over = True
            return []
        values = self._values(image_ids=list(look.ahead), batch=BATCH, started_at=self._begun.started_at)
        claims = await fetch_all(connection, SQL["claim"], values, _Claim)
        look.claimed = look.claimed or bool(claims)
        has_more = len(claims) == BATCH
        look.after = max(claim.image_id for claim in claims) if has_more else look.ahead[-1]
        look.ahead = [image_id for image_id in look.ahead if image_id > look.after]
        return claims

    async def _next(self, connection: Connection, look: _Look) -> list[int]:
        if look.since is not None:
            changed = await self._page(connection, "next_changed", look)
            if len(changed) < AHEAD:
                return changed
            # Each page of changes gathers all of them; a page of all images reads no other.
            look.since, look.after = None, 0
        return await self._page(connection, "next_images", look)

    async def _page(self, connection: Connection, statement: str, look: _Look) -> list[int]:
        values = self._values(
            after=look.after, ahead=AHEAD, since=look.since, started_at=self._begun.started_at
        )
        return [row.image_id for row in await fetch_all(connection, SQL[statement], values, _Claim)]

    async def _read(self, connection: Connection, claims: Sequence[_Claim]) -> list[Item]:
        if not claims:
            return []
        ids = [claim.image_id for claim in claims]
        items = await fetch_all(connection, SQL["inputs"], self._values(image_ids=ids), Item)
        deadly = {claim.image_id for claim in claims if claim.losses > MOST_LOSSES}
        for item in items:
            if item.image_id in deadly:
                reason = f"Whoever embedded it was lost, {MOST_LOSSES} times."
                await record_failure(connection, self._space, item, reason, held=True)
        kept = [item for item in items if item.image_id not in deadly]
        gone = set(ids) - {item.image_id for item in kept}
        await execute(connection, SQL["release"], self._values(image_ids=sorted(gone)))
        return kept

    async def settle(self, connection: Connection, items: Sequence[Item]) -> None:
        """Give up the claims of images that are dealt with, once `take_turn` was called."""
        values = self._values(
            image_ids=[item.image_id for item in items], hashes=[item.input_sha256 for item in items]
        )
        await execute(connection, SQL["settle"], values)

    async def take_turn(self, connection: Connection) -> None:
        """Wait for those who claim in the space, and let them wait until the transaction ends."""
        await execute(connection, SQL["take_turn"], self._values())

    def _values(self, **more: object) -> dict[str, object]:
        own = {"space_id": self._space.id, "encodes": self._space.encodes, "filler_id": self.filler_id}
        return {**own, **more}


@asynccontextmanager
async def filler(database: Database, space: Space, looks: Looks, *, waits: bool) -> AsyncIterator[Claims]:
    """A filler of a space, that gives signs of life until the context ends; then its claims are given up."""
    async with database.transaction() as connection:
        await execute(connection, SQL["forget_lost"], {})
        begun = await fetch_only(connection, SQL["begin"], {"space_id": space.id}, _Begun)
    values = {"filler_id": begun.filler_id, "space_id": space.id}
    beating = asyncio.create_task(_beat(database, values))
    try:
        yield Claims(database, space, begun, looks, waits=waits)
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        # Without the database, others find that it is silent.
        with suppress(DatabaseUnavailable, Conflict):
            async with database.transaction() as connection:
                await execute(connection, SQL["end"], values)


async def record_failure(
    connection: Connection, space: Space, item: Item, reason: str, *, held: bool = False
) -> None:
    """Count a failed try of an image; `held`: it is not tried again by itself."""
    most = await fetch_value(connection, "SELECT rage.most_tries()", {}) if held else 1
    values = {
        "space_id": space.id,
        "image_id": item.image_id,
        "input_sha256": item.input_sha256,
        "attempts": most,
        "reason": redact_text(reason)[:500],
    }
    await execute(connection, SQL["record_failure"], values)


async def _beat(database: Database, filler: dict[str, int]) -> NoReturn:
    while True:
        await asyncio.sleep(BEAT)
        try:
            async with database.transaction() as connection:
                await execute(connection, SQL["beat"], filler)
        except (DatabaseUnavailable, Conflict) as error:
            log.warning("no sign of life could be given", reason=str(error))
        heed_cancellation()
