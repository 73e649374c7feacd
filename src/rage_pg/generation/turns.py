"""Whose turn it is with a provider: calls at once, calls a minute, and one that asked to be left alone.

All processes of a store look at the same rows, one at a time for each provider. A generation that is taken up
has its place from then on; the place is free again once its call has ended. Who comes too early waits in the
queue, in no worker's slot, until a worker calls the longest waiting in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from rage_pg.config import ProviderLimit
from rage_pg.database import Connection, Database, execute, fetch_all, fetch_only
from rage_pg.resources import statements

SQL = statements("turns")

Reason: TypeAlias = Literal["pause", "concurrency", "rate", "line"]

LONGEST_PAUSE = 3_600.0
"""Seconds that a provider is left alone at most, whatever it asks for; then one call finds out."""
BY_ITSELF = 120.0
"""Seconds after which a generation that nobody called in looks by itself."""
PATIENCE = 10.0
"""Seconds that a place is kept for one that was called in."""
NO_LIMIT = ProviderLimit(concurrency=None, per_minute=None)
PLENTY = 1_000


class Closed(Struct, frozen=True):
    """Why a provider is not called now; `seconds`: when it may be, where that is known."""

    reason: Reason
    seconds: float | None = None


class _Look(Struct, frozen=True):
    pause: float | None
    under_way: int
    started: int
    next_in: float | None
    """Seconds until the oldest call of the last minute is a minute old."""
    reserved: int
    ahead: int


class _Provider(Struct, frozen=True):
    name: str


async def closed(
    connection: Connection,
    provider: str,
    limit: ProviderLimit,
    *,
    generation_id: UUID,
    behind: int | None,
) -> Closed | None:
    """Why this generation must wait; None where it is its turn, which it has if this transaction takes it up.

    `behind`: the job behind which it stands in line; None where it heeds no line.
    """
    look = await _locked_look(connection, provider, generation_id, behind)
    if look.pause is not None:
        return Closed("pause", look.pause)
    if look.ahead:
        return Closed("line")
    return _full(look, limit)


async def pause(connection: Connection, provider: str, seconds: float) -> None:
    """Leave a provider alone as it asked, or for LONGEST_PAUSE."""
    values = {"provider": provider, "seconds": min(seconds, LONGEST_PAUSE)}
    await execute(connection, SQL["pause"], values)


async def call_in(database: Database, limits: Mapping[str, ProviderLimit]) -> None:
    """Have workers take up whoever waits longest, as many as there is room for."""
    async with database.reading() as connection:
        waiting = await fetch_all(connection, SQL["get_lines"], {}, _Provider)
    for one in waiting:
        async with database.transaction() as connection:
            look = await _locked_look(connection, one.name, None, None)
            room = _room(look, limits.get(one.name, NO_LIMIT))
            if room > 0:
                await execute(connection, SQL["call_in"], {"provider": one.name, "room": room})


async def _locked_look(
    connection: Connection, provider: str, generation_id: UUID | None, behind: int | None
) -> _Look:
    values = {
        "provider": provider,
        "generation_id": generation_id,
        "job_id": behind,
        "patience": PATIENCE,
    }
    await execute(connection, SQL["lock_provider"], values)
    return await fetch_only(connection, SQL["look"], values, _Look)


def _full(look: _Look, limit: ProviderLimit) -> Closed | None:
    if limit.concurrency is not None and look.under_way >= limit.concurrency:
        return Closed("concurrency")
    if limit.per_minute is not None and look.started >= limit.per_minute:
        return Closed("rate", look.next_in)
    return None


def _room(look: _Look, limit: ProviderLimit) -> int:
    if look.pause is not None:
        return 0
    at_once = PLENTY if limit.concurrency is None else limit.concurrency - look.under_way
    a_minute = PLENTY if limit.per_minute is None else limit.per_minute - look.started
    return min(at_once, a_minute) - look.reserved
