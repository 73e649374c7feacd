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


class Claims:
    """What one filler claims in one space, in the order of the images. Several tasks may call `next`.

    `waits`: what others are at work on is waited for, should they be lost; else they are left to it.
    """

    def __init__(self, database: Database, space: Space, begun: _Begun, *, waits: bool) -> None:
        self._database = database
        self._space = space
        self._begun = begun
        self._waits = waits
        self._after = 0

    @property
    def filler_id(self) -> int:
        return self._begun.filler_id

    async def next(self) -> list[Item]:
        """The next images, claimed; none where nothing is left to do.

        An image over which a filler was lost comes alone, and is held when too many were.
        """
        while True:
            async with self._database.transaction() as connection:
                claims = await self._claim(connection)
                items = await self._read(connection, claims)
            heed_cancellation()
            if items:
                return items
            if claims:
                continue
            if self._after:
                # What others gave up meanwhile, or what changed, may lie before.
                self._after = 0
            elif not (self._waits and await self._others_end()):
                return []

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

    async def _claim(self, connection: Connection) -> Sequence[_Claim]:
        await execute(connection, SQL["take_turn"], self._values())
        lost = await fetch_all(connection, SQL["claim_lost"], self._values(), _Claim)
        if lost:
            return lost
        values = self._values(
            after=self._after, batch=BATCH, encodes=self._space.encodes, started_at=self._begun.started_at
        )
        claims = await fetch_all(connection, SQL["claim"], values, _Claim)
        self._after = max([self._after, *(claim.image_id for claim in claims)])
        return claims

    async def _read(self, connection: Connection, claims: Sequence[_Claim]) -> list[Item]:
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

    def _values(self, **more: object) -> dict[str, object]:
        return {"space_id": self._space.id, "filler_id": self.filler_id, **more}


@asynccontextmanager
async def filler(database: Database, space: Space, *, waits: bool) -> AsyncIterator[Claims]:
    """A filler of a space, that gives signs of life until the context ends; then its claims are given up."""
    async with database.transaction() as connection:
        await execute(connection, SQL["forget_lost"], {})
        begun = await fetch_only(connection, SQL["begin"], {"space_id": space.id}, _Begun)
    values = {"filler_id": begun.filler_id, "space_id": space.id}
    beating = asyncio.create_task(_beat(database, values))
    try:
        yield Claims(database, space, begun, waits=waits)
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
