"""What splits a prompt into the things that a store could serve."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeAlias

import structlog
from msgspec import Struct
from msgspec.structs import replace

from rage_pg.billing import DEFAULT_BRAND, billed_call
from rage_pg.database import Database
from rage_pg.errors import BudgetReached, DatabaseUnavailable, ProviderError, SetupError
from rage_pg.proposal.things import Wanted
from rage_pg.proposal.wanting import wanted
from rage_pg.providers import ports

CATALOGUE = "catalogue"
"""The planner that needs no model: what a prompt names, by a thesaurus and by what captions say."""

OTHERS = "The request itself may choose other references."
"""What a preview says of what it did not pay for."""

log = structlog.get_logger(__name__)


class Planned(Struct, frozen=True, kw_only=True):
    """The things that a prompt names, which planner says so, and what went wrong on the way.

    `avoided`: what it says must not appear.
    """

    planner: str
    things: Sequence[Wanted] = ()
    avoided: Sequence[Wanted] = ()
    notes: tuple[str, ...] = ()


Planner: TypeAlias = Callable[[str], Awaitable[Planned]]


async def by_catalogue(prompt: str) -> Planned:
    """Its words are looked at away from the event loop: a long prompt takes some milliseconds."""
    return Planned(planner=CATALOGUE, things=await asyncio.to_thread(wanted, prompt))


def by_model(database: Database, model: ports.Planner) -> Planner:
    """A language model; where it fails or names nothing, the catalogue's own planner, which is noted."""
    name = f"{model.name}:{model.model}"

    async def plan(prompt: str) -> Planned:
        try:
            said = await _asked(database, model, prompt)
        except DatabaseUnavailable:
            raise
        except (ProviderError, SetupError, BudgetReached) as error:
            log.warning("planner failed", planner=name, reason=str(error))
            return await _instead(prompt, f"The planner {name} gave no plan: {error}")
        things = await asyncio.to_thread(lambda: list(_things(prompt, said)))
        if not things:
            return await _instead(prompt, f"The planner {name} named nothing.")
        avoided = await asyncio.to_thread(lambda: [_thing(text) for text in said.avoid])
        return Planned(planner=name, things=things, avoided=avoided)

    return plan


def without(model: ports.Planner) -> Planner:
    """The catalogue's own planner where nothing is to be paid for; that the model was not asked is noted."""

    async def plan(prompt: str) -> Planned:
        planned = await by_catalogue(prompt)
        note = f"The planner {model.name}:{model.model} is paid for, and was not asked. {OTHERS}"
        return replace(planned, notes=(note,))

    return plan


async def _instead(prompt: str, why: str) -> Planned:
    planned = await by_catalogue(prompt)
    return replace(planned, notes=(f"{why} The planner {CATALOGUE} was asked instead.",))


async def _asked(database: Database, model: ports.Planner, prompt: str) -> ports.PlannedPrompt:
    async with billed_call(
        database, provider=model.name, model=model.model, purpose="planner", brand_id=DEFAULT_BRAND
    ) as bill:
        said = await model.plan(prompt)
        bill.model, bill.request_id, bill.usage = said.model, said.request_id, said.usage
        return said


def _things(prompt: str, said: ports.PlannedPrompt) -> Iterator[Wanted]:
    avoided = {one.casefold() for one in said.avoid}
    folded, letters = _folded(prompt)
    for text in dict.fromkeys((*said.concepts, *said.styles)):
        if text.casefold() in avoided:
            continue
        said_so = text.casefold()
        place = folded.find(said_so)
        found = place >= 0 and bool(said_so)
        start, end = (letters[place], letters[place + len(said_so) - 1] + 1) if found else (0, 0)
        yield replace(_thing(text), text=text, start=start, end=end)


def _folded(prompt: str) -> tuple[str, list[int]]:
    """The prompt folded, and of each letter of that the place in the prompt: some become several."""
    folded = [letter.casefold() for letter in prompt]
    return "".join(folded), [number for number, letters in enumerate(folded) for _ in letters]


def _thing(text: str) -> Wanted:
    """The most of it that is one thing; what the catalogue's planner knows nothing of, by its very words."""
    found = max(wanted(text), key=lambda one: (bool(one.heads), one.end - one.start), default=None)
    return found or Wanted(text=text, embedded=f"{text}.", words=(text.casefold(),), start=0, end=0)
