"""A proposal that was written down, as it was answered."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from rage_pg.database import Database, fetch_one, fetch_value
from rage_pg.errors import NotFound
from rage_pg.proposal.answer import note_on, passed_over_image
from rage_pg.proposal.passing import PassedOver
from rage_pg.proposal.vectors import SQL
from rage_pg.types import Concept, Proposal, ProposedReference


class Recalled(Struct, frozen=True, kw_only=True):
    """A proposal, and the prompt in which its concepts have their places."""

    prompt: str
    proposal: Proposal


class _Passed(PassedOver, frozen=True, kw_only=True):
    title: str | None


class _Row(Struct, frozen=True, kw_only=True):
    proposal_id: UUID
    prompt: str
    slots: int
    planner: str
    concepts: tuple[Concept, ...]
    proposed: tuple[ProposedReference, ...]
    passed: tuple[_Passed, ...]
    strategy: str
    notes: tuple[str, ...]
    took_ms: float


async def recall(database: Database, proposal_id: UUID) -> Recalled:
    """What was proposed, as far as its images are still there; their roles are those of that time.

    Raises NotFound also for one that was made for a caller who sees other brands.
    """
    async with database.reading() as connection:
        row = await fetch_one(connection, SQL["get_proposal"], {"proposal_id": proposal_id}, _Row)
    if row is None:
        raise NotFound(f"There is no proposal {proposal_id}.")
    lacking = [one for one in row.concepts if not one.served_by]
    proposal = Proposal(
        proposal_id=row.proposal_id,
        concepts=row.concepts,
        references=tuple(_noted(one) for one in row.proposed),
        unserved=tuple(one.text for one in lacking if not one.alternatives),
        without_slot=tuple(one.text for one in lacking if one.alternatives),
        passed_over=tuple(passed_over_image(one, one.title) for one in row.passed),
        planner=row.planner,
        slots=row.slots,
        strategy=row.strategy,
        notes=row.notes,
        took_ms=row.took_ms,
    )
    return Recalled(prompt=row.prompt, proposal=proposal)


async def has_offered(database: Database, proposal_id: UUID, image_ids: Sequence[int]) -> bool:
    """Whether any of these images was proposed there, or as an alternative; not those chosen before."""
    values = {"proposal_id": proposal_id, "image_ids": list(image_ids)}
    async with database.reading() as connection:
        return bool(await fetch_value(connection, SQL["has_offered"], values))


def _noted(one: ProposedReference) -> ProposedReference:
    return ProposedReference(
        image=one.image,
        role=one.role,
        serves=one.serves,
        reason=one.reason,
        note=note_on(one.serves),
        score=one.score,
        chosen=one.chosen,
    )
