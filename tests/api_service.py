"""The whole service on a test's database, and the ways in which tests of it speak HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from httpx import Response
from litestar import Litestar
from litestar.testing import AsyncTestClient

from rage_pg.api import create_app
from rage_pg.config import Limits, Settings
from rage_pg.runtime import Runtime
from tests.store import png

Client = AsyncTestClient[Litestar]
LIMITS = Limits()
ADDRESS = "http://127.0.0.1:8000"


@asynccontextmanager
async def service(
    database_url: str, *, worker: bool = False, limits: Limits = LIMITS
) -> AsyncIterator[Client]:
    """A client of a started service; a request to a service that breaks is answered, not raised."""
    app = create_app(settings(database_url, limits), worker=worker)
    async with AsyncTestClient(app, base_url=ADDRESS, raise_server_exceptions=False) as client:
        yield client


def settings(database_url: str, limits: Limits = LIMITS) -> Settings:
    return Settings(data_dir=Path("/nowhere"), database_url=database_url, limits=limits)


def runtime_of(client: Client) -> Runtime:
    runtime: Runtime = client.app.state.runtime
    return runtime


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
