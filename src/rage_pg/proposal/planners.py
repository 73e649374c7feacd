"""What splits a prompt into the things that a store could serve."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from msgspec import Struct

from rage_pg.proposal.things import Wanted
from rage_pg.proposal.wanting import wanted

CATALOGUE = "catalogue"
"""The planner that needs no model: what a prompt names, by a thesaurus and by what captions say."""


class Planned(Struct, frozen=True, kw_only=True):
    """The things that a prompt names, which planner says so, and what went wrong on the way."""

    planner: str
    things: Sequence[Wanted] = ()
    notes: tuple[str, ...] = ()


Planner: TypeAlias = Callable[[str], Awaitable[Planned]]


async def by_catalogue(prompt: str) -> Planned:
    """Its words are looked at away from the event loop: a long prompt takes some milliseconds."""
    return Planned(planner=CATALOGUE, things=await asyncio.to_thread(wanted, prompt))
