"""The next generation of a refinement: the prompt as it was, what went along before, what was found since.

Accepted as any other is, on behalf of who asked for the first: its row, its job and its place in the loop are
one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, execute, fetch_all
from rage_pg.errors import BudgetReached, DatabaseUnavailable, Forbidden, RageError
from rage_pg.generation.accept import reference_row, write
from rage_pg.generation.again import chosen_before, ended_of, recorded_of, request_of
from rage_pg.generation.continuing import Continued
from rage_pg.generation.ledger import add_event
from rage_pg.generation.plan import Plan, payer, plan_of
from rage_pg.generation.references import GET_SOURCES, Chosen, Origin, Source, checked_with
from rage_pg.generation.refinements import SQL
from rage_pg.generation.refining.state import Concept, Ended, Means, State, beyond, locked, spent_by
from rage_pg.types import ReferenceRequest

NO_LONGER = "Whoever asked for it may no longer generate for this brand."


async def drawn(
    database: Database, means: Means, state: State, found: Sequence[Concept]
) -> UUID | Ended | None:
    """Queue the next picture; Ended where it may not be made, None where another carries the loop on."""
    try:
        async with database.acting_for(state.caller).transaction() as connection:
            current = await locked(connection, state)
            if current is None:
                return None
            if current.called_off:
                return Ended("cancelled")
            plan = await _plan(connection, means, current, found)
            if (ended := await _beyond(connection, current, plan)) is not None:
                return ended
            return await _write(connection, means, current, plan, found)
    except RageError as error:
        return _why_not(error)


async def filled(database: Database, means: Means, state: State, found: Sequence[Concept]) -> Ended | None:
    """Without a draft: what was found goes along with the one picture, which is queued already."""
    try:
        async with database.acting_for(state.caller).transaction() as connection:
            current = await locked(connection, state)
            if current is None or current.prepared or current.status != "queued":
                return None
            plan = await _plan(connection, means, current, found)
            if (ended := await _beyond(connection, current, plan)) is not None:
                return ended
            before = len(plan.references) - len(found)
            rows = [
                reference_row(position, chosen)
                for position, chosen in enumerate(plan.references, start=1)
                if position > before
            ]
            values = {"generation_id": state.root_id, "references": Jsonb(rows)}
            await execute(connection, SQL["append_references"], values)
            # Budgets hold the call to what it may cost with these, not to what it was accepted with.
            expected = {"generation_id": state.root_id, "expected_usd": plan.estimate.cost_usd}
            await execute(connection, SQL["set_expected"], expected)
            await execute(connection, SQL["set_prepared"], state.step)
            return None
    except RageError as error:
        return _why_not(error)


def _why_not(error: RageError) -> Ended:
    if isinstance(error, DatabaseUnavailable):
        raise error
    if isinstance(error, BudgetReached):
        return Ended("budget", error.kept)
    return Ended("failed", NO_LONGER if isinstance(error, Forbidden) else str(error))


async def _plan(connection: Connection, means: Means, state: State, found: Sequence[Concept]) -> Plan:
    """With the references of the first picture in their versions, of the rounds before, and new ones."""
    first = await recorded_of(connection, state.root_id)
    latest = [] if state.round == 0 else await recorded_of(connection, state.generation_id)
    named = {one.image_id for one in first}
    before = await chosen_before(connection, [*first, *(one for one in latest if one.image_id not in named)])
    request = replace(request_of(await ended_of(connection, state.root_id)), parent_id=state.generation_id)
    return await plan_of(
        connection,
        means.generators(state.provider),
        request,
        await payer(connection, request.brand),
        references=[*before, *await _new(connection, found)],
        mask=None,
        origin=Origin(),
    )


async def _new(connection: Connection, found: Sequence[Concept]) -> list[Chosen]:
    scores = {one.image_id: one.score for one in found}
    wanted = [
        ReferenceRequest(image_id=one.image_id, role=one.role, note=one.note)
        for one in found
        if one.image_id is not None
    ]
    values: dict[str, Any] = {
        "image_ids": [one.image_id for one in wanted],
        "search_id": None,
        "proposal_id": None,
    }
    sources = await fetch_all(connection, GET_SOURCES, values, Source)
    known = {one.image_id: replace(one, search_score=scores[one.image_id]) for one in sources}
    return checked_with(wanted, known, Continued())


async def _beyond(connection: Connection, state: State, plan: Plan) -> Ended | None:
    """What the picture may cost: as estimated, or as the dearest before it did."""
    if not plan.generator.charges:
        return None
    spent = await spent_by(connection, state)
    told = [cost for cost in (plan.estimate.cost_usd, spent.dearest_picture) if cost is not None]
    return beyond(state, spent, max(told, default=Decimal(0)))


async def _write(
    connection: Connection, means: Means, state: State, plan: Plan, found: Sequence[Concept]
) -> UUID:
    origin = {
        "asked_by": state.asked_by,
        "idempotency_key": None,
        "request_sha256": None,
        "batch_id": None,
        "batch_position": None,
        "retry_of": None,
    }
    generation_id = await write(connection, plan, origin, means.defer)
    step = {"root_id": state.root_id, "round": state.round + 1, "generation_id": generation_id}
    await execute(connection, SQL["insert_step"], step)
    told = {
        "round": state.round + 1,
        "generation_id": str(generation_id),
        "references": [one.image_id for one in found],
    }
    await add_event(connection, state.root_id, "refining", told)
    return generation_id
