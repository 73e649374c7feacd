"""Batches over HTTP: a brief as a set of generations, how far it is, and calling it off."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED
from msgspec import Struct

from rage_pg import jobs
from rage_pg.api.parameters import LABELS, PREFIX, Cursor, Limit, labels_of
from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.api.wire import ApiResponse
from rage_pg.callers import Caller
from rage_pg.database import Database
from rage_pg.generation import batches
from rage_pg.generation.batches import (
    Batch,
    BatchDryRun,
    BatchList,
    BatchPage,
    BatchRequest,
    Outcome,
)
from rage_pg.runtime import Runtime
from rage_pg.types import Dollars


class Resumption(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`budget_usd` replaces the batch's own; items that ended as `retry` says are made once more."""

    budget_usd: Dollars | None = None
    retry: tuple[Outcome, ...] = ()


@post(
    "/generations/batch",
    tags=["generations"],
    summary="Generate a set of pictures",
    opt=needs("generate"),
    status_code=HTTP_202_ACCEPTED,
    responses={
        HTTP_200_OK: ResponseSpec(
            data_container=BatchDryRun, description="The preview of a dry run.", generate_examples=False
        ),
        **problems(404, 409, 422, 503),
    },
)
async def add_batch(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    data: JSONBody[BatchRequest],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", description="The same key and batch again are the same."),
    ] = None,
) -> Response[Batch | BatchDryRun]:
    """Products, sets of references or single items, times purposes, times sizes: each is a generation.

    202 with its address; workers begin the items one after another, behind single generations, and under one
    budget. An item that cannot be asked for is `rejected` with its reason and does not stop the others; 422
    where that holds for all. With `dry_run` nothing is queued: the answer says what would be sent, rejected
    and spent.
    """
    if data.dry_run:
        shown = await batches.preview_batch(
            runtime.database, runtime.generators, data, look=runtime.look, propose=runtime.suggest
        )
        return ApiResponse(shown, status_code=HTTP_200_OK)
    batch_id = await batches.put(
        runtime.database,
        runtime.generators,
        data,
        defer=jobs.defer_batch,
        asked_by=caller.name,
        idempotency_key=idempotency_key,
    )
    batch = await batches.get_batch(runtime.database, batch_id)
    return ApiResponse(
        batch, status_code=HTTP_202_ACCEPTED, headers={"Location": f"/api/generations/batch/{batch_id}"}
    )


@get(
    "/generations/batch",
    tags=["generations"],
    summary="List batches",
    opt={PREFIX: LABELS},
    responses=problems(),
)
async def list_batches(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    brand: Annotated[str | None, QueryParameter(description="The brand that pays.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> BatchList:
    """Newest first, each with its counts and cost. Labels of the batch filter as `label.NAME=VALUE`, all of
    them."""
    return await batches.listing(database, brand=brand, labels=labels_of(request), cursor=cursor, limit=limit)


@get(
    "/generations/batch/{batch_id:uuid}",
    tags=["generations"],
    summary="How a batch stands",
    responses=problems(404),
)
async def get_batch(
    database: NamedDependency[Database],
    batch_id: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> BatchPage:
    """Its counts and cost, and its items in their order, page by page."""
    return await batches.page(database, batch_id, cursor=cursor, limit=limit)


@post(
    "/generations/batch/{batch_id:uuid}/resume",
    tags=["generations"],
    summary="Go on with a batch",
    opt=needs("generate"),
    status_code=HTTP_200_OK,
    responses=problems(404, 409),
)
async def resume_batch(
    database: NamedDependency[Database],
    batch_id: FromPath[UUID],
    data: JSONBody[Resumption],
) -> Batch:
    """One that is paused, for its budget was reached or its provider had no key, goes on where it stopped."""
    await batches.resume(database, batch_id, budget_usd=data.budget_usd, retry=data.retry)
    async with database.transaction() as connection:
        await jobs.defer_batch(connection, batch_id)
    return await batches.get_batch(database, batch_id)


@post(
    "/generations/batch/{batch_id:uuid}/cancel",
    tags=["generations"],
    summary="Call off a batch",
    opt=needs("generate"),
    status_code=HTTP_200_OK,
    responses=problems(404),
)
async def cancel_batch(database: NamedDependency[Database], batch_id: FromPath[UUID]) -> Batch:
    """Items that no worker has taken up are cancelled; what runs, runs to its end."""
    await batches.cancel_batch(database, batch_id)
    return await batches.get_batch(database, batch_id)


HANDLERS = (add_batch, list_batches, get_batch, resume_batch, cancel_batch)
