"""Making a generation once more: a row of its own with the same request, so that history stays whole.

By a person, of whatever did not succeed; by itself, where the settings say so, of what ended unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from rage_pg.database import Connection, Database, fetch_all, fetch_one, fetch_value
from rage_pg.errors import Conflict, DatabaseUnavailable, InvalidInput, NotFound, RageError
from rage_pg.generation.accept import KeyTaken, checked_key, overtaken, replayed, write
from rage_pg.generation.call import OPTIONS, Generators
from rage_pg.generation.ledger import missing, read
from rage_pg.generation.masks import Mask
from rage_pg.generation.plan import Plan, payer, plan_of
from rage_pg.generation.references import Chosen, Origin, Source, why_unusable
from rage_pg.generation.refinements import check_refinable
from rage_pg.generation.rules import Defer, Rules
from rage_pg.providers.ports import InputImage
from rage_pg.resources import statements
from rage_pg.types import Generation, GenerationRequest, Purpose, Refine, Role, Status

SQL = statements("generation")
REFINING = statements("refining")
log = structlog.get_logger(__name__)

AGAIN: frozenset[Status] = frozenset({"refused", "failed", "cancelled", "unknown"})


class Ended(Struct, frozen=True, kw_only=True):
    generation_id: UUID
    status: Status
    brand: str
    prompt: str
    purpose: Purpose
    provider: str
    model: str | None
    parameters: dict[str, Any]
    labels: dict[str, str]
    parent_id: UUID | None
    search_id: UUID | None
    proposal_id: UUID | None
    asked_by: str | None
    batch_id: UUID | None
    draft: bool
    made_again: bool


class Recorded(Struct, frozen=True, kw_only=True):
    """A reference as it was chosen."""

    image_id: int
    role: Role
    note: str | None
    version: int
    search_rank: int | None
    search_score: float | None
    sha256: bytes | None
    width: int | None
    height: int | None
    media_type: str | None
    is_stored: bool
    may_be_draft: bool


class Refined(Struct, frozen=True, kw_only=True):
    """How it was to be refined, and by whom it was judged."""

    refine: Refine
    judge: tuple[str, str]


async def again(
    database: Database,
    generators: Generators,
    generation_id: UUID,
    *,
    defer: Defer,
    asked_by: str | None = None,
    idempotency_key: str | None = None,
) -> Generation:
    """Queue the request of a generation that did not succeed once more, with its very references.

    Checked like any request: the images must still be usable, a budget must allow it. Raises NotFound,
    Conflict where it has not ended or has succeeded, InvalidInput, NotPossible, BudgetReached.
    """
    origin = {
        "asked_by": asked_by,
        "idempotency_key": checked_key(idempotency_key),
        "request_sha256": sha256(b"again:" + generation_id.bytes).digest(),
        "retry_of": generation_id,
        "batch_id": None,
        "batch_position": None,
    }
    if (earlier := await replayed(database, origin)) is not None:
        return earlier
    try:
        async with database.transaction(by_key=True) as connection:
            ended = await ended_of(connection, generation_id)
            _check_ended(ended.status)
            plan = await _plan(connection, generators, ended)
            return await read(connection, await write(connection, plan, origin, defer))
    except KeyTaken:
        return await overtaken(database, origin)


def _check_ended(status: Status) -> None:
    if status == "succeeded":
        remedy = "go on from its picture by parent_id (rage generate --parent)"
        raise Conflict(f"The generation has succeeded; {remedy}.")
    if status not in AGAIN:
        raise Conflict(f"The generation is {status}; wait for its end.")


async def again_if_unknown(
    database: Database, generators: Generators, generation_id: UUID, rules: Rules
) -> None:
    """Make what ended unknown once more where the rules say so, and that was not done yet.

    Safe to be called again: a worker that was lost half-way had its whole job, or nothing of this, done.
    """
    if rules.retry_unknown < 1 or rules.defer is None:
        return
    try:
        async with database.transaction() as connection:
            ended = await ended_of(connection, generation_id)
            # Of a batch its own `retry` decides, under its budget.
            if ended.status != "unknown" or ended.made_again or ended.batch_id is not None:
                return
            values = {"generation_id": generation_id}
            if await fetch_value(connection, SQL["count_unknown_before"], values) > rules.retry_unknown:
                return
            plan = await _plan(connection, generators, ended)
            origin = {
                "asked_by": ended.asked_by,
                "idempotency_key": None,
                "request_sha256": None,
                "retry_of": generation_id,
                "batch_id": None,
                "batch_position": None,
            }
            made = await write(connection, plan, origin, rules.defer)
        log.warning("unknown outcome; made again", generation_id=str(generation_id), retry=str(made))
    except DatabaseUnavailable:
        raise
    except RageError as error:
        # A person may decide: the generation stays unknown.
        log.warning("not made again", generation_id=str(generation_id), reason=str(error))


async def ended_of(connection: Connection, generation_id: UUID) -> Ended:
    """A generation as it was asked for; it stays as it is until the transaction ends. Raises NotFound."""
    ended = await fetch_one(connection, SQL["lock_ended"], {"generation_id": generation_id}, Ended)
    if ended is None:
        raise missing(generation_id)
    return ended


async def _plan(connection: Connection, generators: Generators, ended: Ended) -> Plan:
    values = {"generation_id": ended.generation_id}
    refined = await fetch_one(connection, REFINING["get_request"], values, Refined)
    request = replace(request_of(ended), refine=None if refined is None else refined.refine)
    plan = await plan_of(
        connection,
        generators(ended.provider),
        request,
        await payer(connection, ended.brand),
        references=await chosen_before(connection, await recorded_of(connection, ended.generation_id)),
        mask=await fetch_one(connection, SQL["get_whole_mask"], values, Mask),
        origin=Origin(search_id=ended.search_id, proposal_id=ended.proposal_id),
    )
    check_refinable(request, plan.generator, plan.estimate.cost_usd)
    return replace(plan, judge=None if refined is None else refined.judge, draft=ended.draft)


async def recorded_of(connection: Connection, generation_id: UUID) -> list[Recorded]:
    """The references of a generation in their order, as they were chosen."""
    values = {"generation_id": generation_id}
    return await fetch_all(connection, SQL["get_references_to_repeat"], values, Recorded)


def request_of(ended: Ended) -> GenerationRequest:
    """The request of a generation, without its references."""
    options = {name: ended.parameters[name] for name in OPTIONS if name in ended.parameters}
    asked = {
        "prompt": ended.prompt,
        "brand": ended.brand,
        "purpose": ended.purpose,
        "provider": ended.provider,
        "model": ended.model,
        "parent_id": ended.parent_id,
        "labels": ended.labels,
    }
    return msgspec.convert(options | asked, GenerationRequest)


async def chosen_before(connection: Connection, recorded: Sequence[Recorded]) -> list[Chosen]:
    """References to be used once more. Raises NotFound, InvalidInput for one that may not be."""
    values = {"image_ids": [one.image_id for one in recorded], "search_id": None, "proposal_id": None}
    sources = await fetch_all(connection, SQL["get_source_images"], values, Source)
    known = {source.image_id: source for source in sources}
    return [_checked(one, known.get(one.image_id)) for one in recorded]


def _checked(one: Recorded, source: Source | None) -> Chosen:
    """The version that was chosen then, of an image that may be used now."""
    if source is None:
        raise NotFound(f"There is no image {one.image_id} any more.")
    if (reason := why_unusable(source, may_be_draft=one.may_be_draft)) is not None:
        raise InvalidInput(f"Image {one.image_id} cannot be a reference: {reason}.", field="references")
    if one.sha256 is None or one.media_type is None or not one.is_stored:
        raise InvalidInput(
            f"The bytes of image {one.image_id} that were chosen then are not stored any more.",
            field="references",
        )
    then = replace(
        source,
        version=one.version,
        sha256=one.sha256,
        width=one.width or source.width,
        height=one.height or source.height,
        media_type=one.media_type,
        search_rank=one.search_rank,
        search_score=one.search_score,
    )
    image = InputImage(
        content=b"", media_type=one.media_type, role=one.role, note=one.note, title=source.title
    )
    return Chosen(source=then, role=one.role, note=one.note, image=image)
