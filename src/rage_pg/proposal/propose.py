"""From a prompt to a proposed set of references: the things it names, what could serve them, the choice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

import msgspec

from rage_pg.database import Database
from rage_pg.errors import InvalidInput
from rage_pg.faults import invalid
from rage_pg.proposal.answer import answered
from rage_pg.proposal.log import images_of, log_proposal
from rage_pg.proposal.matching import SURE, settled, surely_served
from rage_pg.proposal.naming import service_of
from rage_pg.proposal.planners import Planned, Planner
from rage_pg.proposal.reasons import listed
from rage_pg.proposal.retrieval import Candidate, Retrieved, check_seen, retrieve
from rage_pg.proposal.scored import MOST_CONCEPTS, Scored
from rage_pg.proposal.selection import Selection, select
from rage_pg.proposal.things import Wanted
from rage_pg.proposal.vectors import compared
from rage_pg.providers.ports import PromptEncoders
from rage_pg.types import Proposal, ProposalRequest


async def propose(
    database: Database,
    encoders: PromptEncoders,
    planner: Planner,
    request: ProposalRequest,
    slots: int,
    *,
    keep: bool = True,
) -> Proposal:
    """The references that a prompt asks for, as far as the store has them, in at most `slots`.

    Unless `keep` is false it is written down, with its number for a generation to refer to; otherwise no
    encoder is paid for it. Raises InvalidInput, and NotFound for a chosen image that the caller cannot see.
    """
    started = time.perf_counter()
    given, request = request.prompt, checked(request, slots)
    await check_seen(database, request.chosen)
    planned = await planner(request.prompt)
    things = planned.things[:MOST_CONCEPTS]
    vectors = await compared(
        database, encoders, request.prompt, [thing.embedded for thing in things], keep=keep
    )
    retrieved = await retrieve(database, request, things, vectors)
    # Away from the event loop: captions are read, and hundreds of images compared.
    retrieved = await asyncio.to_thread(_without, retrieved, planned.avoided)
    things, scored, selection = await asyncio.to_thread(selected, retrieved, request, things, slots)
    async with database.answering() as connection:
        images = await images_of(connection, selection)
        proposal = answered(
            proposal_id=uuid4(),
            planned=msgspec.structs.replace(planned, things=things, notes=_notes(planned, retrieved)),
            selection=selection,
            candidates={one.shown.image_id: one for one in retrieved.candidates},
            scored=scored,
            images=images,
            slots=slots,
            strategy=retrieved.strategy,
            took_ms=round((time.perf_counter() - started) * 1000, 2),
        )
        if keep:
            await log_proposal(connection, request, proposal, database.caller.name)
    return _placed(proposal, given.index(request.prompt))


def _placed(proposal: Proposal, before: int) -> Proposal:
    """With the places of the concepts in the prompt as it was given: with so much white space before it."""
    if not before:
        return proposal
    concepts = [
        one
        if one.start is None or one.end is None
        else msgspec.structs.replace(one, start=one.start + before, end=one.end + before)
        for one in proposal.concepts
    ]
    return msgspec.structs.replace(proposal, concepts=tuple(concepts))


def checked(request: ProposalRequest, slots: int) -> ProposalRequest:
    """The request without white space around its prompt. Raises InvalidInput.

    The limits of its type are enforced: not every caller decodes it from JSON.
    """
    try:
        request = msgspec.convert(msgspec.to_builtins(request), ProposalRequest)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    prompt = request.prompt.strip()
    if not prompt or "\0" in prompt:
        raise InvalidInput("The prompt is empty or holds a NUL character.", field="prompt")
    if not prompt.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in prompt):
        raise InvalidInput("The prompt is not valid Unicode.", field="prompt")
    if len(set(request.chosen)) < len(request.chosen):
        raise InvalidInput("An image is chosen twice.", field="chosen")
    if len(request.chosen) > slots:
        room = "there is 1 slot" if slots == 1 else f"there are {slots} slots"
        raise InvalidInput(f"{len(request.chosen)} images are chosen, and {room}.", field="chosen")
    return msgspec.structs.replace(request, prompt=prompt)


def selected(
    retrieved: Retrieved, request: ProposalRequest, things: Sequence[Wanted], slots: int
) -> tuple[Sequence[Wanted], Mapping[int, Scored], Selection]:
    """Also the things that stay: of those that overlap in the prompt the best served."""
    serves = [_serves(one, things) for one in retrieved.candidates]
    best = [max((one.get(number, 0.0) for one in serves), default=0.0) for number in range(len(things))]
    if not surely_served(best):
        serves = [{} for _ in serves]
    kept = {number: place for place, number in enumerate(settled(things, best))}
    things = [things[number] for number in kept]
    scored = {
        one.shown.image_id: _scored(
            one, {kept[number]: value for number, value in of_one.items() if number in kept}
        )
        for one, of_one in zip(retrieved.candidates, serves, strict=True)
    }
    selection = select(
        [scored[one.shown.image_id] for one in retrieved.candidates if not one.chosen],
        [thing.text for thing in things],
        slots=slots,
        chosen=[scored[image_id] for image_id in request.chosen],
        diversity=request.diversity,
    )
    return things, scored, selection


def _without(retrieved: Retrieved, avoided: Sequence[Wanted]) -> Retrieved:
    """Without what is called by what must not appear, which is noted; what was chosen stays."""
    kept = [one for one in retrieved.candidates if one.chosen or not _shows(one, avoided)]
    if not (left := len(retrieved.candidates) - len(kept)):
        return retrieved
    images = "1 image shows" if left == 1 else f"{left} images show"
    note = f"Not looked at: {images} what must not appear, {listed([thing.text for thing in avoided])}."
    return msgspec.structs.replace(retrieved, candidates=kept, notes=(*retrieved.notes, note))


def _shows(candidate: Candidate, things: Sequence[Wanted]) -> bool:
    # Of these there are no vectors: by what it is called alone.
    unknown = len(candidate.shown.similarity)
    return any(service_of(thing, unknown, candidate.shown) >= SURE for thing in things)


def _scored(candidate: Candidate, serves: Mapping[int, float]) -> Scored:
    return Scored(
        image_id=candidate.shown.image_id,
        serves=serves,
        relevance=candidate.shown.relevance,
        perceptual_hash=candidate.hash,
        vector=candidate.vector,
    )


def _serves(candidate: Candidate, things: Sequence[Wanted]) -> Mapping[int, float]:
    services = ((number, service_of(thing, number, candidate.shown)) for number, thing in enumerate(things))
    return {number: value for number, value in services if value > 0}


def _notes(planned: Planned, retrieved: Retrieved) -> tuple[str, ...]:
    more = len(planned.things) - MOST_CONCEPTS
    left_out = (f"{more} more things are named than are looked for at a time.",) if more > 0 else ()
    return (*planned.notes, *left_out, *retrieved.notes)
