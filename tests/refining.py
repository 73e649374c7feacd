"""What tests of refining need: a judge that does as it is told, and the loop as a worker goes through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from rage_pg import generation, jobs, proposal
from rage_pg.callers import Caller
from rage_pg.config import Limits, Secret
from rage_pg.database import Database
from rage_pg.errors import SetupError
from rage_pg.generation import refining
from rage_pg.providers.openai_judge import OpenAIJudge
from rage_pg.providers.ports import ImageGenerator
from rage_pg.types import Generation, Proposal, ProposalRequest, Refine, Refinement
from tests.caption_api_stub import CaptionApiStub
from tests.generating import accept, only
from tests.store import by

JUDGE = "see-1"
MATCHES: dict[str, Any] = {"matches": True, "missing": []}
Judges: TypeAlias = Callable[[str | None], OpenAIJudge]


def lacks(*concepts: str) -> dict[str, Any]:
    """What a judge answers that finds these missing."""
    missing = [{"concept": concept, "caption": f"A {concept} on a plain background."} for concept in concepts]
    return {"matches": False, "missing": missing}


def judges_at(stub: CaptionApiStub, **said: Any) -> Judges:
    return judges_of(stub.url, **said)


def judges_of(url: str, **said: Any) -> Judges:
    """The one judge that there is, behind this address."""

    def find(recorded: str | None) -> OpenAIJudge:
        if recorded not in (None, f"openai:{JUDGE}"):
            raise SetupError("There is no such judge here.")
        return OpenAIJudge(JUDGE, key=Secret("sk-secret"), base_url=url, **said)

    return find


def means_of(database: Database, generator: ImageGenerator, judges: Judges) -> refining.Means:
    def proposes(caller: Caller) -> generation.Propose:
        acting = database.acting_for(caller)

        async def propose(request: ProposalRequest) -> Proposal:
            return await proposal.propose(acting, by(), proposal.by_catalogue, request, request.slots or 8)

        return propose

    return refining.Means(
        generators=only(generator), judges=judges, proposes=proposes, defer=jobs.defer_generation
    )


async def asked(
    database: Database,
    generator: ImageGenerator,
    judges: Judges,
    *,
    refine: Refine | None = None,
    **said: Any,
) -> Generation:
    """Queue a generation that is to be refined."""
    root: Generation = await accept(database, generator, judges=judges, refine=refine or Refine(), **said)
    return root


async def carried_out(
    database: Database, generator: ImageGenerator, judges: Judges, root_id: UUID, *, most: int = 10
) -> Generation:
    """Do what workers do with all its generations, one after another, until it is over."""
    generate = jobs.generation_work(
        database, only(generator), Limits(), means=means_of(database, generator, judges)
    )
    for _ in range(most):
        current = await generation.wait_for(database, root_id, 0)
        if current.is_over:
            return current
        assert current.refinement is not None
        later = await asyncio.wait_for(generate(current.refinement.steps[-1].generation_id), 30)
        assert not isinstance(later, datetime), "it waits"
    raise AssertionError("It does not end.")


async def refined(
    database: Database,
    generator: ImageGenerator,
    stub: CaptionApiStub,
    replies: Sequence[Any] = (),
    *,
    refine: Refine | None = None,
    **said: Any,
) -> Generation:
    """The first generation of a loop in which a judge answers this, once it is over."""
    stub.replies = list(replies)
    judges = judges_at(stub)
    root = await asked(database, generator, judges, refine=refine, **said)
    return await carried_out(database, generator, judges, root.id)


def loop_of(made: Generation) -> Refinement:
    assert made.refinement is not None
    return made.refinement
