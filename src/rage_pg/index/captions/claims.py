"""Which image a run describes next. A claim keeps other runs away, and lapses with a run that is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_one, fetch_only, fetch_value
from rage_pg.errors import InvalidInput, NotFound, OutcomeUnknown
from rage_pg.index.looks import Looks, Moment
from rage_pg.resources import statements
from rage_pg.spending import close_paid_call, failed_call
from rage_pg.types import Reader

SQL = statements("captions")

TRIES = 3
"""How often one picture may fail before it is left alone."""
LEASE = timedelta(seconds=30)
"""How long a claim lasts that its run does not renew."""
AHEAD = 64
"""Images that are looked up at once: in a store where nearly all are described, the look takes long."""
MOST_CHANGED = 1000
"""Where more images changed since an earlier run, all are looked at, a part at a time."""
LARGEST_ID = 2**63 - 1


class Scope(Struct, frozen=True, kw_only=True):
    """Which images a run is to describe."""

    run_id: UUID
    reader: Reader
    started: datetime
    """By the database's clock: what failed since is not tried again by this run."""
    brand: str | None
    images: tuple[int, ...] | None
    since: datetime | None
    """Descriptions from before are made anew; None: no description is."""
    moment: Moment
    snapshot: str | None = None
    """With one, an earlier run looked at all, and `images` are what it could not see as it is now."""

    @property
    def is_of_all(self) -> bool:
        """Whether a run that comes to its end has nothing left behind."""
        return (
            self.brand is None and self.since is None and (self.images is None or self.snapshot is not None)
        )

    @property
    def values(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "reader": self.reader,
            "started": self.started,
            "brand": self.brand,
            "images": None if self.images is None else list(self.images),
            "since": self.since,
            "tries": TRIES,
            "lease": LEASE,
        }


class Claimed(Struct, frozen=True, kw_only=True):
    """An image in this run's hands, and the bytes that it shows."""

    image_id: int
    brand_id: int
    content_id: int


class Remaining(Struct, frozen=True):
    """Images that are to be described; `elsewhere`: those of them that other runs are at."""

    images: int
    elsewhere: int


class _Begun(Struct, frozen=True):
    started: datetime
    snapshot: str
    store: str


class _Changed(Struct, frozen=True):
    image_id: int


class _Claim(Struct, frozen=True):
    attempts: int
    lost_call: int | None


async def scope_of(
    database: Database,
    run_id: UUID,
    reader: Reader,
    *,
    brand: str | None,
    images: Sequence[int] | None,
    again: bool,
    looks: Looks,
) -> Scope:
    """What a run is about to do. `again`: what is described or held already, too. Raises NotFound.

    Where it is to do all, and an earlier one saw all, it is to look at what changed since.
    """
    for image_id in images or ():
        if not 0 < image_id <= LARGEST_ID:
            raise NotFound(f"There is no image {image_id}.")
    async with database.transaction() as connection:
        begun = await fetch_only(connection, SQL["begin_run"], {}, _Begun)
        if brand is not None and not await fetch_value(connection, SQL["brand_exists"], {"brand": brand}):
            raise NotFound(f"There is no brand {brand!r}.")
        wanted = None if images is None else tuple(sorted(set(images)))
        if wanted is not None:
            if not wanted:
                raise InvalidInput("Name at least one image.", field="images")
            missing = await fetch_value(connection, SQL["missing_images"], {"images": list(wanted)})
            if missing is not None:
                raise NotFound(f"There is no image {missing}.")
        scope = Scope(
            run_id=run_id,
            reader=reader,
            started=begun.started,
            brand=brand,
            images=wanted,
            since=begun.started if again else None,
            moment=Moment(begun.snapshot, begun.store),
        )
        if again:
            await execute(connection, SQL["forget_failures"], scope.values)
        return await _of_changes(connection, scope, looks)


async def _of_changes(connection: Connection, scope: Scope, looks: Looks) -> Scope:
    snapshot = looks.since(scope.reader, scope.moment)
    if snapshot is None or not scope.is_of_all:
        return scope
    values = {**scope.values, "snapshot": snapshot, "most": MOST_CHANGED + 1}
    changed = await fetch_all(connection, SQL["changed_images"], values, _Changed)
    if len(changed) > MOST_CHANGED:
        return scope
    return replace(scope, images=tuple(one.image_id for one in changed), snapshot=snapshot)


async def remaining(database: Database, scope: Scope) -> Remaining:
    async with database.transaction() as connection:
        return await fetch_only(connection, SQL["count_undescribed"], scope.values, Remaining)


async def look(database: Database, scope: Scope, after: int) -> list[Claimed]:
    """The next images after this one that are there to be had, not claimed yet; empty: there is none."""
    values = {**scope.values, "after": after, "ahead": AHEAD}
    async with database.transaction() as connection:
        return await fetch_all(connection, SQL["next_images"], values, Claimed)


async def claim(database: Database, scope: Scope, image: Claimed) -> bool:
    """Take an image for this run. False where another run has it, or was done with it meanwhile."""
    values = {**scope.values, **_values(image)}
    async with database.transaction() as connection:
        found = await fetch_one(connection, SQL["claim"], values, _Claim)
        if found is None:
            return False
        if found.lost_call is not None:
            await _lose(connection, found.lost_call)
        if found.attempts < TRIES and not await fetch_value(connection, SQL["is_described"], values):
            return True
        if found.attempts < TRIES:
            await execute(connection, SQL["remove_claim"], values)
        else:
            await release(connection, scope, image)
        return False


async def _lose(connection: Connection, call_id: int) -> None:
    if await fetch_value(connection, SQL["lose_call"], {"call_id": call_id}) == "started":
        lost = OutcomeUnknown("The run was lost during the call; whether it was answered is not known.")
        await close_paid_call(connection, call_id, "caption", failed_call(lost))


async def keep(database: Database, scope: Scope) -> None:
    """Say that the run is still at its images."""
    async with database.transaction() as connection:
        await execute(connection, SQL["keep_claims"], scope.values)


async def release(connection: Connection, scope: Scope, image: Claimed) -> None:
    """Give an image back untried."""
    values = {**scope.values, **_values(image)}
    await execute(connection, SQL["release"], values)


async def fail(connection: Connection, scope: Scope, image: Claimed, reason: str) -> None:
    """Count a failed try, and give the image back."""
    await execute(
        connection, SQL["record_failure"], {**scope.values, **_values(image), "reason": reason[:500]}
    )


def _values(image: Claimed) -> dict[str, int]:
    return {"image_id": image.image_id, "brand_id": image.brand_id, "content_id": image.content_id}
