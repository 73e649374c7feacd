"""A call of the judge, and what came of it: a verdict, no answer, or one that nobody will know."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import structlog
from msgspec import Struct

from rage_pg.database import Database, fetch_one
from rage_pg.errors import (
    CalledOff,
    DatabaseUnavailable,
    ImageRejected,
    OutcomeUnknown,
    ProviderError,
    ProviderRefused,
    RageError,
)
from rage_pg.generation.calling_off import unless_called_off
from rage_pg.generation.refinements import SQL
from rage_pg.generation.refining.state import Concept, State
from rage_pg.providers.ports import Judge, Judged
from rage_pg.providers.shown import shown
from rage_pg.spending import Outcome, error_document, failed_call
from rage_pg.types import Verdict

log = structlog.get_logger(__name__)

MOST_TURNED_AWAY = 5
FIRST_WAIT = 4.0
FACTOR = 3.0
LONGEST_WAIT = 600.0
AWAY = 5.0
"""Seconds: waits before it is asked again, the longest, and while the database is away."""
MALFORMED = ("malformed_answer", "cut_off")
GONE = "The picture that was to be judged is not stored any more."


class Asking(Struct, frozen=True, kw_only=True):
    """A call that is about to be made."""

    judgement_id: int
    call_id: int
    temperature: float
    is_last: bool
    """Whether the prompt itself is looked up, should this one be of no use either."""
    turned_away: int


class Answer(Struct, frozen=True, kw_only=True):
    """What came of a call."""

    verdict: Verdict
    outcome: Outcome
    detail: str | None = None
    concepts: tuple[Concept, ...] = ()
    wait: float | None = None
    """Seconds until it may be asked again."""


class _Picture(Struct, frozen=True):
    content: bytes | None
    thumbnail: bytes


async def answered(database: Database, judge: Judge, state: State, asking: Asking) -> Answer:
    """Make the call, unless it is called off."""
    try:
        picture = await _picture(database, state) if state.with_draft else None
        making = judge.judge(state.prompt, picture, asking.temperature)
        said = await unless_called_off(database, state.root_id, making, is_called_off=SQL["is_called_off"])
    except CalledOff:
        return Answer(verdict="cancelled", outcome=Outcome(status="unknown"))
    except ProviderError as error:
        return _of_error(error, state, asking)
    except (ImageRejected, _Gone) as error:
        free = Outcome(status="failed", error=error_document(RageError(str(error))), cost_usd=Decimal(0))
        return Answer(verdict="failed", outcome=free, detail=str(error))
    except DatabaseUnavailable as error:
        # It was away when the picture was read: nothing was sent.
        free = Outcome(status="failed", error=error_document(error), cost_usd=Decimal(0))
        return Answer(verdict="turned_away", outcome=free, detail=str(error), wait=AWAY)
    except Exception as error:
        log.error("a picture was not judged", root_id=str(state.root_id), exc_info=error)
        fault = "Internal error; the log says more."
        failed = Outcome(status="unknown", error=error_document(RageError(fault)))
        return Answer(verdict="failed", outcome=failed, detail=fault)
    return _of(said)


class _Gone(Exception):
    """The picture was erased meanwhile."""


async def _picture(database: Database, state: State) -> bytes:
    async with database.reading() as connection:
        found = await fetch_one(connection, SQL["get_picture"], state.step, _Picture)
    if found is None:
        raise _Gone(GONE)
    return await asyncio.to_thread(shown, found.content, found.thumbnail)


def _of(said: Judged) -> Answer:
    verdicts: dict[bool | None, Verdict] = {None: "named", True: "match", False: "mismatch"}
    return Answer(
        verdict=verdicts[said.matches],
        outcome=Outcome(status="succeeded", model=said.model, request_id=said.request_id, usage=said.usage),
        concepts=tuple(Concept(concept=one.concept, caption=one.caption) for one in said.lacking),
    )


def _of_error(error: ProviderError, state: State, asking: Asking) -> Answer:
    outcome, detail = failed_call(error), str(error)
    if isinstance(error, ProviderRefused) or error.code in MALFORMED:
        prompt = (Concept(concept=None, caption=state.prompt),) if asking.is_last else ()
        return Answer(verdict="unable", outcome=outcome, detail=detail, concepts=prompt)
    if isinstance(error, OutcomeUnknown):
        return Answer(verdict="unknown", outcome=outcome, detail=detail)
    passing = error.charged is False and error.retryable and not error.hopeless
    if passing and asking.turned_away + 1 < MOST_TURNED_AWAY:
        wait = min(error.retry_after or FIRST_WAIT * FACTOR**asking.turned_away, LONGEST_WAIT)
        return Answer(verdict="turned_away", outcome=outcome, detail=detail, wait=wait)
    return Answer(verdict="failed", outcome=outcome, detail=detail)
