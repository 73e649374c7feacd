"""An image of the store for each thing that a picture lacks, as a proposal would choose it; none twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Database, execute, fetch_all
from rage_pg.errors import DatabaseUnavailable, RageError
from rage_pg.generation.references import MAX_REFERENCES
from rage_pg.generation.refinements import SQL
from rage_pg.generation.refining.judging import Said
from rage_pg.generation.refining.state import Concept, Ended, Means, State
from rage_pg.types import Concept as Named
from rage_pg.types import Kind, Proposal, ProposalRequest, Role, proposed_role

CATALOGUE = "catalogue"
"""The planner: a caption is plain enough to be read without a model."""
SLOTS = 8
"""Of the proposal for a caption: each thing that it mentions has one, and only what is lacking is taken."""
MINUS = re.compile(r"(?<!\S)-+(?=\S)")
"""A search leaves out what has a word behind one; a judge that writes a list means nothing by it."""
NO_SLOT = "What serves it goes along already, or the model takes no more such references."
SHORTEST = 4
"""Letters of a part of a word that may be the same word: Seife, of Handseife."""


class _Sent(Struct, frozen=True):
    image_id: int
    role: Role


class _Kind(Struct, frozen=True):
    image_id: int
    kind: Kind
    has_sku: bool


class _Fit(Struct, frozen=True, kw_only=True):
    image_id: int
    role: Role
    note: str | None
    score: float | None


class _Room(Struct, kw_only=True):
    """What may still go along."""

    used: set[int]
    by_role: dict[Role, int]
    slots: int

    def takes(self, fit: _Fit) -> bool:
        return fit.image_id not in self.used and self.by_role.get(fit.role, 0) > 0

    def take(self, fit: _Fit) -> None:
        self.used.add(fit.image_id)
        self.by_role[fit.role] -= 1
        self.slots -= 1


async def retrieved(database: Database, means: Means, state: State, said: Said) -> list[Concept] | Ended:
    """What was found for what a judge named, in its order; Ended where that is nothing."""
    concepts: list[Concept] = list(said.concepts)
    if not said.looked_up:
        try:
            concepts = await _looked_up(database, means, state, said)
        except DatabaseUnavailable:
            raise
        except RageError as error:
            return Ended("failed", str(error))
    found = [one for one in concepts if one.outcome == "found"]
    if found:
        return found
    if lacking := _named(concepts, "nothing_found"):
        return Ended("nothing_found", f"Nothing that may be used here serves: {lacking}.")
    return Ended("no_slot", NO_SLOT)


def _named(concepts: Sequence[Concept], outcome: str) -> str:
    return ", ".join(one.concept or "the prompt" for one in concepts if one.outcome == outcome)


async def _looked_up(database: Database, means: Means, state: State, said: Said) -> list[Concept]:
    """Each looked up on behalf of who asked, and written down."""
    room = await _room(database, means, state)
    found: list[tuple[Concept, UUID | None]] = []
    for one in said.concepts:
        if room.slots < 1:
            found.append((_with(one, None, "no_slot"), None))
            continue
        proposal = await means.proposes(state.caller)(
            ProposalRequest(
                prompt=one.caption if one.concept is None else MINUS.sub("", one.caption),
                filters=state.filters,
                slots=SLOTS if one.concept is not None else room.slots,
                planner=CATALOGUE,
            )
        )
        serving = await _fits(database, proposal, one)
        fits = [fit for fit in serving if room.takes(fit)]
        # Where the judge could not say what is lacking, whatever the prompt names may be.
        for fit in fits[: 1 if one.concept is not None else room.slots]:
            if room.takes(fit):
                room.take(fit)
                found.append((_with(one, fit, "found"), proposal.proposal_id))
        if not fits:
            # What serves it goes along already, or is one reference of its role too many.
            outcome = "no_slot" if serving else "nothing_found"
            found.append((_with(one, None, outcome), proposal.proposal_id))
    await _note(database, said, found)
    return [one for one, _ in found]


def _with(one: Concept, fit: _Fit | None, outcome: str) -> Concept:
    return Concept(
        concept=one.concept,
        caption=one.caption,
        outcome=outcome,
        image_id=None if fit is None else fit.image_id,
        role=None if fit is None else fit.role,
        note=None if fit is None else fit.note,
        score=None if fit is None else fit.score,
    )


async def _room(database: Database, means: Means, state: State) -> _Room:
    """What the model takes beside what goes along already, and what a round may add."""
    generator = means.generators(state.provider)
    async with database.reading() as connection:
        sent = await fetch_all(connection, SQL["get_sent"], state.step, _Sent)
    by_role = dict(generator.reference_limits)
    for one in sent:
        by_role[one.role] = by_role.get(one.role, 0) - 1
    most = min(generator.able(state.model or generator.default_model).references, MAX_REFERENCES)
    return _Room(
        used={one.image_id for one in sent},
        by_role=by_role,
        slots=min(state.per_round, most - len(sent)),
    )


async def _fits(database: Database, proposal: Proposal, one: Concept) -> list[_Fit]:
    """What serves it, the best first: what is proposed, then what would do as well."""
    meant = None if one.concept is None else _meant(one.concept, proposal.concepts)
    proposed = [
        _Fit(
            image_id=reference.image.id,
            role=reference.role,
            note=_note_of(one.concept) or reference.note,
            score=reference.score,
        )
        for reference in proposal.references
        if one.concept is None or (meant is not None and reference.image.id in meant.served_by)
    ]
    if meant is None:
        return proposed
    async with database.reading() as connection:
        values = {"image_ids": list(meant.alternatives)}
        kinds = await fetch_all(connection, SQL["get_kinds"], values, _Kind)
    roles = {kind.image_id: proposed_role(kind.kind, has_sku=kind.has_sku) for kind in kinds}
    further = [
        _Fit(image_id=image_id, role=roles[image_id], note=_note_of(one.concept), score=None)
        for image_id in meant.alternatives
        if image_id in roles
    ]
    return [*proposed, *further]


def _meant(lacking: str, named: Sequence[Named]) -> Named | None:
    """Which of the things that a caption names is the one that is lacking: the tent beside it is not.

    By the last word, then by as many as are the same; where none is, the first: a caption begins with what
    it is of.
    """
    said = _words(lacking)

    def nearness(one: Named) -> tuple[bool, int]:
        words = _words(one.text)
        same = sum(any(_same(word, other) for other in said) for word in words)
        return bool(words and said) and _same(words[-1], said[-1]), same

    return max(named, key=nearness, default=None)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _same(word: str, other: str) -> bool:
    """Also in another form, or as a part of a compound; of Chinese and Japanese a word has few letters."""
    short, long = sorted((word, other), key=len)
    return short == long or (short in long and len(short) >= (SHORTEST if short.isascii() else 2))


def _note_of(concept: str | None) -> str | None:
    return None if concept is None else f"use only {concept} of this image"


async def _note(database: Database, said: Said, found: list[tuple[Concept, UUID | None]]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "position": position,
            "concept": one.concept,
            "caption": one.caption,
            "outcome": one.outcome,
            "image_id": one.image_id,
            "role": one.role,
            "note": one.note,
            "score": one.score,
            "proposal_id": None if proposal_id is None else str(proposal_id),
        }
        for position, (one, proposal_id) in enumerate(found, start=1)
    ]
    async with database.transaction() as connection:
        values = {"judgement_id": said.judgement_id, "found": Jsonb(rows)}
        await execute(connection, SQL["note_found"], values)
        await execute(connection, SQL["set_looked_up"], values)
