"""Whether the service lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
from typing import Literal

from litestar import get
from litestar.datastructures import State
from litestar.di import NamedDependency
from msgspec import Struct

from rage_pg import migrate
from rage_pg.api.problems import problems
from rage_pg.api.scopes import OPEN_TO_ALL
from rage_pg.api.worker import Worker
from rage_pg.database import Database
from rage_pg.errors import DatabaseUnavailable, SetupError

PATIENCE = 3
"""Seconds; a probe wants to know about now, not about the end of the pool's patience."""


class Live(Struct, frozen=True, kw_only=True):
    status: Literal["live"] = "live"


class Ready(Struct, frozen=True, kw_only=True):
    """`worker`: whether one runs in this process; elsewhere there may be others."""

    status: Literal["ready"] = "ready"
    database: Literal["reachable"] = "reachable"
    migrations: Literal["current"] = "current"
    worker: Literal["running", "elsewhere"]


@get(
    "/health/live",
    tags=["health"],
    summary="Is the process alive?",
    opt=OPEN_TO_ALL,
    security=[{}],
    responses=problems(key=False),
)
async def get_live() -> Live:
    """Asks nothing of anyone else."""
    return Live()


@get(
    "/health/ready",
    tags=["health"],
    summary="Can it do its work?",
    opt=OPEN_TO_ALL,
    security=[{}],
    responses=problems(503, key=False),
)
async def get_ready(database: NamedDependency[Database], state: State) -> Ready:
    """200 when the database answers, its schema is current and the worker of this process runs; else 503."""
    try:
        async with asyncio.timeout(PATIENCE):
            async with database.transaction():
                pending = await asyncio.to_thread(migrate.pending, database.url)
    except TimeoutError:
        raise DatabaseUnavailable("The database does not answer; try again when it is back.") from None
    if pending:
        raise SetupError("The database lacks the schema of this version.", "Run: rage db upgrade")
    worker: Worker = state.worker
    if worker.died:
        raise SetupError("The worker of this process has stopped.", "Start the service anew.")
    return Ready(worker="running" if worker.started else "elsewhere")


HANDLERS = (get_live, get_ready)
