"""The app factory: routes, errors, guards, and a runtime that lives as long as the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from rage_pg.access.authentication import any_key
from rage_pg.api import (
    archives,
    batches,
    brands,
    budgets,
    collections,
    facets,
    generations,
    health,
    images,
    metrics,
    outputs,
    references,
    search,
    spaces,
    tags,
)
from rage_pg.api.callers import WhoAsks
from rage_pg.api.demo import load_sample_catalogue
from rage_pg.api.docs import OPENAPI, MoneyAsNumber
from rage_pg.api.pace import Pace
from rage_pg.api.parameters import refuse_unknown_parameters
from rage_pg.api.problems import EXCEPTION_HANDLERS
from rage_pg.api.scopes import check_declared, refuse_without_scope
from rage_pg.api.security import set_security_headers
from rage_pg.api.wire import ApiResponse
from rage_pg.api.worker import worker_beside
from rage_pg.callers import Caller
from rage_pg.config import MIB, Settings
from rage_pg.database import Database
from rage_pg.errors import SetupError
from rage_pg.ingest import Fetcher
from rage_pg.providers.registry import check_generator
from rage_pg.runtime import Runtime, running
from rage_pg.web.pages import page_router, static_router, template_config

ROOM_FOR_FORM = MIB
"""What a multipart upload may hold beyond the image itself."""

FETCHES_AT_ONCE = 8
"""URLs that one process fetches at a time; each may hold as much memory as an image may be large."""

NO_KEY = "Other machines may only ask with a key, and there is none."
MAKE_A_KEY = "Run: rage keys create --name N --brand B --scope read, or serve with --host 127.0.0.1"

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    *,
    worker: bool = True,
    demo: bool = False,
    on_loopback: bool = True,
    on_ready: Callable[[Runtime], None] | None = None,
    hurry: asyncio.Event | None = None,
) -> Litestar:
    """The service on the database of the settings, with a worker in this process unless `worker` is off.

    `demo` brings the sample catalogue into the store before the first request. `on_loopback`: the server
    listens to this machine alone; elsewhere it starts only if there is a key. `on_ready` is called just
    before the server opens its port. Start-up raises SetupError with what to do. A server that stops sets
    `app.state.stopping` first: answers that would go on for long end then. Once `hurry` is set, its worker
    waits no longer for what is under way.
    """
    app = Litestar(
        route_handlers=[_api(), *metrics.HANDLERS, page_router, static_router],
        state=State(
            {
                "pace": Pace(settings.rate_limit),
                "fetcher": Fetcher(settings.fetch_allow, at_once=FETCHES_AT_ONCE),
            }
        ),
        lifespan=[
            _lifespan(
                settings, worker=worker, demo=demo, on_loopback=on_loopback, on_ready=on_ready, hurry=hurry
            )
        ],
        dependencies={
            "caller": Provide(_caller, sync_to_thread=False),
            "runtime": Provide(_runtime, sync_to_thread=False),
            "database": Provide(_database, sync_to_thread=False),
            "fetcher": Provide(_fetcher, sync_to_thread=False),
            "stopping": Provide(_stopping, sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[WhoAsks(on_loopback=on_loopback), metrics.MIDDLEWARE],
        guards=[refuse_without_scope],
        before_send=[set_security_headers],
        response_class=ApiResponse,
        template_config=template_config,
        openapi_config=OPENAPI,
        plugins=[MoneyAsNumber()],
        request_max_body_size=settings.limits.max_bytes + ROOM_FOR_FORM,
        logging_config=None,
    )
    check_declared(app)
    return app


def _api() -> Router:
    nouns = [
        images, archives, search, references, generations, batches, outputs, brands, budgets, collections,
        tags, facets, spaces, health,
    ]  # fmt: skip
    return Router(
        path="/api",
        route_handlers=[handler for noun in nouns for handler in noun.HANDLERS],
        guards=[refuse_unknown_parameters],
    )


def _lifespan(
    settings: Settings,
    *,
    worker: bool,
    demo: bool,
    on_loopback: bool,
    on_ready: Callable[[Runtime], None] | None,
    hurry: asyncio.Event | None,
) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        app.state.stopping = asyncio.Event()
        check_generator(settings)
        connections = settings.service_connections
        async with running(settings, as_service=True, max_connections=connections) as runtime:
            if not on_loopback and not await any_key(runtime.database):
                raise SetupError(NO_KEY, MAKE_A_KEY)
            if demo:
                await load_sample_catalogue(runtime)
            async with worker_beside(runtime, started=worker, hurry=hurry) as app.state.worker:
                app.state.runtime = runtime
                if on_ready is not None:
                    on_ready(runtime)
                yield

    return lifespan


def _caller(request: Request[Any, Any, Any]) -> Caller:
    caller: Caller = request.user
    return caller


def _runtime(state: State, caller: NamedDependency[Caller]) -> Runtime:
    """On behalf of who asks: no handler gets the service's own."""
    runtime: Runtime = state.runtime
    return runtime.acting_for(caller)


def _database(runtime: NamedDependency[Runtime]) -> Database:
    return runtime.database


def _fetcher(state: State) -> Fetcher:
    fetcher: Fetcher = state.fetcher
    return fetcher


def _stopping(state: State) -> asyncio.Event:
    stopping: asyncio.Event = state.stopping
    return stopping
