"""Following a generation while nothing happens, while the database is away, and when the service stops."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Any

import psycopg
import pytest

from rage_pg.api.streams import unless, until
from rage_pg.errors import DatabaseUnavailable
from tests.api_service import Client, runtime_of, service, stream, uploaded
from tests.conftest import database_name
from tests.store import png


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    """No worker: what is queued stays queued."""
    async with service(database_url) as opened:
        yield opened


async def queued(client: Client) -> str:
    """The address of a generation that waits for a worker."""
    images = [await uploaded(client, png(size=(320, 240)), title=title) for title in ("Soap", "Lotion")]
    references = [{"image_id": image["id"], "role": "product"} for image in images]
    request = {"prompt": "Put them side by side", "references": references}
    answer = await client.post("/api/generations", json=request)
    location: str = answer.headers["location"]
    return location


def names(pieces: list[str]) -> list[str]:
    return [line[7:] for piece in pieces for line in piece.splitlines() if line.startswith("event: ")]


async def test_quiet_stream_says_that_it_is_still_there(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rage_pg.api.generations.until", partial(until, quiet=0.01))
    location = await queued(client)
    async with stream(client, f"{location}/events") as pieces:
        # On a busy machine the stream is quiet for so long before it says anything at all.
        while (piece := await anext(pieces)) == ": still here\r\n\r\n":
            pass
        assert names([piece]) == ["queued"]
        assert await anext(pieces) == ": still here\r\n\r\n"
        assert await anext(pieces) == ": still here\r\n\r\n"
        await client.post(f"{location}/cancel")
        assert names([piece async for piece in pieces]) == ["cancelled"]


async def test_stream_goes_on_when_the_database_is_back(
    client: Client, monkeypatch: pytest.MonkeyPatch, server_18: str, database_url: str
) -> None:
    location = await queued(client)
    missed = asyncio.Event()
    events = importlib.import_module("rage_pg.generation.events")  # the package has a function of its name
    look = events._look

    async def watched(*arguments: Any) -> Any:
        try:
            return await look(*arguments)
        except DatabaseUnavailable:
            missed.set()
            raise

    monkeypatch.setattr(events, "_look", watched)
    database = runtime_of(client).database
    name = database_name(database_url)
    async with stream(client, f"{location}/events") as pieces:
        assert names([await anext(pieces)]) == ["queued"]
        with psycopg.connect(server_18, autocommit=True) as server:
            database._pool.timeout = 0.2  # instead of the patience of ten seconds
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            await missed.wait()
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        database._pool.timeout = 10
        assert (await client.post(f"{location}/cancel")).status_code == 200
        assert names([piece async for piece in pieces]) == ["cancelled"]


async def test_stream_ends_when_the_service_stops_and_is_taken_up_again(client: Client) -> None:
    location = await queued(client)
    async with stream(client, f"{location}/events") as pieces:
        first = await anext(pieces)
        client.app.state.stopping.set()
        assert [piece async for piece in pieces] == []
    assert "id: 1\r\n" in first
    client.app.state.stopping.clear()
    async with stream(client, f"{location}/events", **{"Last-Event-ID": "1"}) as pieces:
        await client.post(f"{location}/cancel")
        assert names([piece async for piece in pieces]) == ["cancelled"]


async def test_waiting_for_the_end_ends_when_the_service_stops(client: Client) -> None:
    asked = (await client.get(await queued(client))).json()
    references = [{"image_id": one["image_id"], "role": one["role"]} for one in asked["references"]]
    request = {"prompt": asked["prompt"], "references": references}
    client.app.state.stopping.set()
    answer = await client.post("/api/generations?wait=300", json=request)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "queued"


async def test_dropped_cancellation_does_not_hold_up_the_end() -> None:
    async def look_again() -> AsyncIterator[int]:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()
        yield 1

    stopping = asyncio.Event()
    followed = until(stopping, look_again(), idle=0, quiet=0.01)
    assert await anext(followed) == 0
    stopping.set()
    async with asyncio.timeout(20):
        assert [item async for item in followed] == []


async def test_fault_of_what_is_waited_for_comes_out() -> None:
    async def break_down() -> int:
        raise LookupError("gone")

    async def items() -> AsyncIterator[int]:
        yield 1
        raise LookupError("gone")

    stopping = asyncio.Event()
    with pytest.raises(LookupError):
        await unless(stopping, break_down(), otherwise=0)
    followed = until(stopping, items(), idle=0)
    assert await anext(followed) == 1
    with pytest.raises(LookupError):
        await anext(followed)
