"""Proposals in a test's store, with an encoder that needs no model."""

from __future__ import annotations

from typing import Any

from rage_pg import proposal
from rage_pg.database import Database
from rage_pg.proposal import Planner
from rage_pg.providers.ports import PromptEncoder
from rage_pg.types import Proposal, ProposalRequest
from tests.store import by


async def propose(
    database: Database,
    prompt: str,
    *,
    encoder: PromptEncoder | None = None,
    planner: Planner = proposal.by_catalogue,
    slots: int = 8,
    keep: bool = True,
    **said: Any,
) -> Proposal:
    request = ProposalRequest(prompt=prompt, **said)
    encoders = by() if encoder is None else by(encoder)
    return await proposal.propose(database, encoders, planner, request, slots, keep=keep)


def served(proposed: Proposal) -> dict[str, tuple[int, ...]]:
    """What serves each concept."""
    return {concept.text: concept.served_by for concept in proposed.concepts}


def ids(proposed: Proposal) -> list[int]:
    return [one.image.id for one in proposed.references]
