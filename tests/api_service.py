"""The whole service on a test's database, and the ways in which tests of it speak HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec
from httpx import ASGITransport, AsyncClient, Request, Response
from litestar import Litestar

from rage_pg.access import keys
from rage_pg.api.app import create_app
from rage_pg.callers import Scope
from rage_pg.config import Limits, Settings
from rage_pg.embedded import app_url
from rage_pg.runtime import Runtime
from tests.store import png

LIMITS = Limits()
ADDRESS = "http://127.0.0.1:8000"
THIS_MACHINE = "127.0.0.1"
ELSEWHERE = "203.0.113.7"
ANY_ID = "00000000-0000-0000-0000-000000000000"


class Client(AsyncClient):
    """Speaks to an app on this event loop; an error that the app lets out is answered by 500."""

    def __init__(self, app: Litestar, key: str | None = None, *, address: str = THIS_MACHINE) -> None:
        transport = ASGITransport(cast("Any", app), raise_app_exceptions=False, client=(address, 1))
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        super().__init__(transport=transport, base_url=ADDRESS, headers=headers)
        self.app = app

    def asking(self, key: str | None = None, *, address: str = THIS_MACHINE) -> Client:
        """The same service, asked with a key, or from another machine."""
        return Client(self.app, key, address=address)


def scope_of(request: Request) -> Any:
    """A request as a server hands it to an app."""
    path = request.url.path
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip


@asynccontextmanager
async def stream(client: Client, path: str, **headers: str) -> AsyncIterator[AsyncIterator[str]]:
    """A GET whose answer comes in pieces, each as soon as it is sent; httpx would wait for the last one."""
    sent: asyncio.Queue[Any] = asyncio.Queue()
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])
    left = asyncio.Event()

    async def receive() -> Any:
        if message := next(asked, None):
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    async def pieces() -> AsyncIterator[str]:
        while (message := await sent.get()).get("more_body", True):
            yield message.get("body", b"").decode()

    scope = scope_of(client.build_request("GET", path, headers=headers))
    answering = asyncio.create_task(client.app(scope, receive, sent.put))
    answering.add_done_callback(lambda _: sent.put_nowait({"more_body": False}))
    try:
        yield (piece async for piece in pieces() if piece)
    finally:
        left.set()
        await answering


@asynccontextmanager
async def service(
    database_url: str,
    *,
    worker: bool = False,
    demo: bool = False,
    limits: Limits = LIMITS,
    on_loopback: bool = True,
    on_ready: Callable[[Runtime], None] | None = None,
) -> AsyncIterator[Client]:
    """A client of a started service."""
    app = create_app(
        settings(database_url, limits), worker=worker, demo=demo, on_loopback=on_loopback, on_ready=on_ready
    )
    started = asyncio.get_running_loop().create_future()
    stopping = asyncio.Event()
    life = asyncio.create_task(_live(app, started, stopping))
    await asyncio.wait([life, started], return_when=asyncio.FIRST_COMPLETED)
    try:
        if started.done():
            async with Client(app) as client:
                yield client
    finally:
        stopping.set()
        await life


async def _live(app: Litestar, started: asyncio.Future[None], stopping: asyncio.Event) -> None:
    """In a task of its own, which must end it too; pytest ends a fixture in another than it began it."""
    async with app.lifespan():
        started.set_result(None)
        await stopping.wait()


def settings(database_url: str, limits: Limits = LIMITS) -> Settings:
    return Settings(data_dir=Path("/nowhere"), database_url=app_url(database_url), limits=limits)


async def make_key(
    client: Client,
    name: str,
    *brands: str,
    scopes: Sequence[Scope] = ("read",),
    expires_at: datetime | None = None,
) -> str:
    """A new key for these brands; for every brand where none is named."""
    made = await keys.create(
        runtime_of(client).database,
        name,
        brands=brands,
        every_brand=not brands,
        scopes=scopes,
        expires_at=expires_at,
        created_by="the test",
    )
    return made.text.reveal()


def runtime_of(client: Client) -> Runtime:
    runtime: Runtime = client.app.state.runtime
    return runtime


def routes(app: Litestar) -> set[tuple[str, str]]:
    """Every method and path of an app, with something in place of parameters."""
    instead = {
        "name": "a",
        "image_id": "1",
        "generation_id": ANY_ID,
        "batch_id": ANY_ID,
        "search_id": ANY_ID,
        "position": "1",
        "event_id": "1",
        "file_path": "page.css",
    }
    found: set[tuple[str, str]] = set()
    for route in app.routes:
        parts = route.path_format.split("/")
        path = "/".join(instead.get(part.strip("{}"), part) for part in parts) or "/"
        found |= {(str(method), path) for method in route.methods if method != "OPTIONS"}
    return found


async def upload(
    client: Client, content: bytes | None = None, *, name: str = "a.png", **said: Any
) -> Response:
    """POST /api/images with what is said of it as JSON."""
    files = {"file": (name, png() if content is None else content)}
    return await client.post(
        "/api/images", files=files, data={"metadata": msgspec.json.encode(said).decode()}
    )


async def uploaded(client: Client, content: bytes | None = None, **said: Any) -> dict[str, Any]:
    """The image that an upload made."""
    answer = await upload(client, content, **said)
    assert answer.status_code == 201, answer.text
    image: dict[str, Any] = answer.json()
    return image


def problem(answer: Response, status: int, slug: str, field: str | None = None) -> str:
    """Check that an answer is this problem document, whole; its detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"urn:rage-pg:problem:{slug}"
    assert document["status"] == status
    assert document["title"]
    assert document["instance"] == answer.request.url.path
    assert document.get("field") == field
    detail: str = document["detail"]
    assert detail
    assert "\n" not in detail
    return detail
