"""Takes a request in: the ledger's row, its references and its job in one transaction, or none of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from psycopg.types.json import Jsonb

from rage_pg.budgets import Spending, hold_to_budgets
from rage_pg.database import Connection, Database, execute, fetch_one, fetch_value
from rage_pg.errors import Conflict, InvalidInput
from rage_pg.generation.call import Generators, parameters_of, prompt_sent
from rage_pg.generation.estimate import Estimate
from rage_pg.generation.ledger import read
from rage_pg.generation.plan import Plan, checked, make_plan
from rage_pg.generation.references import Chosen, Found, proposal_for, search_for
from rage_pg.generation.refinements import Judges, begin, check_refinable, judge_for
from rage_pg.generation.rules import Defer
from rage_pg.resources import statements
from rage_pg.types import (
    Candidate,
    Generation,
    GenerationRequest,
    Proposal,
    ProposalRequest,
    Reference,
    SearchAnswer,
    SearchRequest,
)

SQL = statements("generation")

Search: TypeAlias = Callable[[SearchRequest], Awaitable[SearchAnswer]]
"""Answers the search of `auto`, and logs it."""

Propose: TypeAlias = Callable[[ProposalRequest], Awaitable[Proposal]]
"""Proposes references for `auto`; logs the proposal. For a preview it does not, and pays for nothing."""

Look: TypeAlias = Callable[[SearchRequest], Awaitable[Sequence[Candidate]]]
"""Finds what Search would find, writes nothing, and pays for nothing."""

MAX_KEY = 255


class DryRun(Struct, frozen=True, kw_only=True):
    """What a request would send, had it been meant. A provider that reads no prompt is sent none."""

    provider: str
    model: str
    conditioned_on_prompt: bool
    prompt_sent: str | None
    parameters: dict[str, Any]
    references: tuple[Reference, ...]
    estimate: Estimate
    judge: str | None = None
    """Who judges the picture, where it is refined: what that and further pictures cost comes on top."""
    notes: tuple[str, ...] = ()
    """On the references of `auto`: what was amiss, and what is paid for and was not asked."""


class KeyTaken(Exception):
    """The same Idempotency-Key was committed while this request was being checked."""


class _Earlier(Struct, frozen=True):
    generation_id: UUID
    request_sha256: bytes


async def accept(
    database: Database,
    generators: Generators,
    request: GenerationRequest,
    *,
    defer: Defer,
    search: Search | None = None,
    propose: Propose | None = None,
    judges: Judges | None = None,
    draft: bool = False,
    asked_by: str | None = None,
    idempotency_key: str | None = None,
) -> Generation:
    """Queue a generation; `auto` needs a `search`, which is run only for a request that is new.

    Where it is given, `propose` comes first: the search is for prompts that name nothing that is there.
    `judges` are asked who judges a picture that is to be refined; a `draft` is made to be searched by.

    The same Idempotency-Key with the same request is the same generation, with another it is a Conflict.
    Raises InvalidInput, NotFound, NotPossible or BudgetReached before anything is written or spent.
    """
    request = checked(request)
    if request.dry_run:
        raise InvalidInput("A dry run is previewed, not queued.", field="dry_run")
    origin = {
        "asked_by": asked_by,
        "idempotency_key": checked_key(idempotency_key),
        "request_sha256": _fingerprint(request),
        "batch_id": None,
        "batch_position": None,
        "retry_of": None,
    }
    async with _claimed(database, request, origin):
        if (earlier := await replayed(database, origin)) is not None:
            return earlier
        judge = judge_for(request, judges)
        # No connection is held meanwhile: a search takes one of its own.
        found = await found_for(request, search, propose)
        try:
            async with database.transaction(by_key=True) as connection:
                plan = await _plan(connection, generators, request, found, judge)
                plan = replace(plan, draft=plan.draft or draft)
                # Most of it gives no answer that anything waits for.
                async with connection.pipeline():
                    return await read(connection, await write(connection, plan, origin, defer))
        except KeyTaken:
            return await overtaken(database, origin)


def _claimed(
    database: Database, request: GenerationRequest, origin: dict[str, Any]
) -> AbstractAsyncContextManager[object]:
    """The Idempotency-Key for who may have to pay for a proposal: of the same request many times at once the
    others wait for the first, and have its generation."""
    key = origin["idempotency_key"]
    if key is None or request.auto is None:
        return nullcontext()
    return database.claimed(f"rage.generation {origin['asked_by'] or ''} {key}")


async def preview(
    database: Database,
    generators: Generators,
    request: GenerationRequest,
    *,
    look: Look | None = None,
    propose: Propose | None = None,
    judges: Judges | None = None,
) -> DryRun:
    """What `accept` would send, checked alike; nothing is written. `auto` needs a `look`.

    Neither that nor `propose` is to pay for anything.
    """
    request = checked(request)
    judge = judge_for(request, judges)
    proposal = await _proposal(request, propose)
    found = _found(proposal, logged=False)
    if found is None and look is not None and (asked := search_for(request)) is not None:
        found = Found(candidates=await look(asked))
    async with database.reading() as connection:
        plan = await _plan(connection, generators, request, found, judge)
    return DryRun(
        provider=plan.generator.name,
        model=plan.model,
        conditioned_on_prompt=plan.generator.conditioned_on_prompt,
        prompt_sent=prompt_sent(plan.generator, plan.call),
        parameters=_parameters(plan),
        references=tuple(_reference(position, chosen) for position, chosen in _numbered(plan)),
        estimate=plan.estimate,
        judge=None if judge is None else ":".join(judge),
        notes=() if proposal is None else proposal.notes,
    )


async def _plan(
    connection: Connection,
    generators: Generators,
    request: GenerationRequest,
    found: Found | None,
    judge: tuple[str, str] | None,
) -> Plan:
    plan = await make_plan(connection, generators, request, found)
    check_refinable(request, plan.generator, plan.estimate.cost_usd)
    return replace(plan, judge=judge, draft=request.refine is not None and request.refine.draft)


def _fingerprint(request: GenerationRequest) -> bytes:
    """What an Idempotency-Key stands for: the same for a request that came before its type had new fields."""
    asked = msgspec.to_builtins(request)
    for name, standard in (
        ("parent_output", 1),
        ("parent_references", True),
        ("partial_images", 0),
        ("refine", None),
    ):
        if asked[name] == standard:
            del asked[name]
    return sha256(msgspec.json.encode(asked, order="deterministic")).digest()


def checked_key(key: str | None) -> str | None:
    """An Idempotency-Key. Raises InvalidInput."""
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isprintable()):
        raise InvalidInput(
            f"An Idempotency-Key has 1 to {MAX_KEY} printable characters.", field="Idempotency-Key"
        )
    return key


async def found_for(
    request: GenerationRequest, search: Search | None, propose: Propose | None = None
) -> Found | None:
    """What `auto` is to choose from."""
    if (found := _found(await _proposal(request, propose), logged=True)) is not None:
        return found
    asked = search_for(request)
    if asked is None or search is None:
        return None
    answer = await search(asked)
    return Found(candidates=answer.items, search_id=answer.search_id)


async def _proposal(request: GenerationRequest, propose: Propose | None) -> Proposal | None:
    asked = proposal_for(request)
    return None if asked is None or propose is None else await propose(asked)


def _found(proposal: Proposal | None, *, logged: bool) -> Found | None:
    """The references that are proposed for `auto`; None where its prompt names nothing that is there."""
    if proposal is None or not proposal.references:
        return None
    return Found(proposed=proposal.references, proposal_id=proposal.proposal_id if logged else None)


async def replayed(database: Database, origin: dict[str, Any]) -> Generation | None:
    """The generation that the key of `origin` stands for already. Raises Conflict where it was another."""
    if origin["idempotency_key"] is None:
        return None
    async with database.reading() as connection:
        earlier = await _earlier(connection, origin)
        return None if earlier is None else await read(connection, earlier)


async def _earlier(connection: Connection, origin: dict[str, Any]) -> UUID | None:
    """The generation that this key stands for already. Raises Conflict where its request was another."""
    earlier = await fetch_one(connection, SQL["get_earlier_request"], origin, _Earlier)
    if earlier is None:
        return None
    if earlier.request_sha256 != origin["request_sha256"]:
        raise Conflict("This Idempotency-Key came with another request before; use a new key.")
    return earlier.generation_id


async def overtaken(database: Database, origin: dict[str, Any]) -> Generation:
    """The generation that took the key first, after KeyTaken. Raises Conflict for another request."""
    if (earlier := await replayed(database, origin)) is None:
        raise Conflict("This Idempotency-Key is in use by a request under way.")
    return earlier


async def write(connection: Connection, plan: Plan, origin: dict[str, Any], defer: Defer) -> UUID:
    """A new row of the ledger with all that belongs to it. Raises BudgetReached, and KeyTaken, after which
    the transaction must be given up."""
    generation_id = uuid4()
    row = {
        **_row(plan),
        **origin,
        "generation_id": generation_id,
        "expected_usd": await _expected(connection, plan, origin["batch_id"]),
        "job_id": await defer(connection, generation_id),
    }
    if await fetch_value(connection, SQL["insert_generation"], row) is None:
        raise KeyTaken
    references = [reference_row(position, chosen) for position, chosen in _numbered(plan)]
    values = {"generation_id": generation_id, "references": Jsonb(references)}
    await execute(connection, SQL["insert_references"], values)
    if plan.mask is not None:
        values = {"generation_id": generation_id, **msgspec.structs.asdict(plan.mask)}
        await execute(connection, SQL["insert_mask"], values)
    await begin(connection, generation_id, plan.request, plan.judge)
    return generation_id


async def _expected(connection: Connection, plan: Plan, batch_id: UUID | None) -> Decimal | None:
    """What it may cost. Raises BudgetReached where that is not left, with what is queued already."""
    if not plan.generator.charges:
        return plan.estimate.cost_usd
    return await hold_to_budgets(connection, spending_of(plan, batch_id), queueing=True)


def spending_of(plan: Plan, batch_id: UUID | None) -> Spending:
    """The call that a plan comes to, as budgets count it."""
    return Spending(
        brand_id=plan.brand_id,
        labels=plan.request.labels,
        provider=plan.generator.name,
        model=plan.model,
        purpose="draft" if plan.draft else "generation",
        expected=plan.estimate.cost_usd,
        batch_id=batch_id,
    )


def _numbered(plan: Plan) -> list[tuple[int, Chosen]]:
    return list(enumerate(plan.references, start=1))


def _row(plan: Plan) -> dict[str, Any]:
    request = plan.request
    return {
        "brand_id": plan.brand_id,
        "prompt": request.prompt,
        "purpose": request.purpose,
        "provider": plan.generator.name,
        "model": plan.model,
        "parameters": Jsonb(_parameters(plan)),
        "labels": Jsonb(request.labels),
        "parent_id": request.parent_id,
        "search_id": plan.origin.search_id,
        "proposal_id": plan.origin.proposal_id,
        "draft": plan.draft,
    }


def _parameters(plan: Plan) -> dict[str, Any]:
    """The options as they are kept, of the mask its hash."""
    named = parameters_of(plan.request)
    return named if plan.mask is None else {**named, "mask_sha256": plan.mask.sha256.hex()}


def reference_row(position: int, chosen: Chosen) -> dict[str, Any]:
    """A reference as the ledger keeps it."""
    source = chosen.source
    return {
        "position": position,
        "image_id": source.image_id,
        "version": source.version,
        "sha256": source.sha256.hex(),
        "role": chosen.role,
        "note": chosen.note,
        "search_rank": source.search_rank,
        "search_score": source.search_score,
    }


def _reference(position: int, chosen: Chosen) -> Reference:
    image_id = chosen.source.image_id
    return Reference(
        **reference_row(position, chosen),
        title=chosen.source.title,
        thumbnail_url=f"/api/images/{image_id}/thumbnail",
    )
