"""Who asks over HTTP: keys, what they may do, and the service that asks for none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from rage_pg.access import keys
from rage_pg.errors import SetupError
from tests.api_service import (
    ELSEWHERE,
    Client,
    make_key,
    problem,
    routes,
    runtime_of,
    scope_of,
    service,
    stream,
    uploaded,
)
from tests.generating import rows

OPEN = {"/api/health/live", "/api/health/ready", "/schema", "/schema/openapi.json", "/login"}


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


async def raw(client: Client, *headers: tuple[bytes, bytes], path: str = "/api/brands") -> tuple[int, Any]:
    """A GET with these bytes as headers, some of which no HTTP library would send; status and headers."""
    scope = scope_of(client.build_request("GET", path))
    scope["headers"] += headers
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await client.app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


async def test_first_key_closes_a_service_that_runs(client: Client) -> None:
    assert (await client.get("/api/brands")).status_code == 200
    key = await make_key(client, "first")
    answer = await client.get("/api/brands")
    assert "Bearer KEY" in problem(answer, 401, "not-authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert (await client.asking(key).get("/api/brands")).status_code == 200


async def test_service_stays_closed_when_its_last_key_is_revoked(client: Client, database_url: str) -> None:
    key = await make_key(client, "only")
    await keys.revoke(runtime_of(client).database, "only")
    for asking in (client, client.asking(key)):
        problem(await asking.get("/api/brands"), 401, "not-authenticated")
    async with service(database_url) as anew:
        problem(await anew.get("/api/brands"), 401, "not-authenticated")


async def test_open_service_is_open_to_this_machine_alone(client: Client) -> None:
    for address in (ELSEWHERE, "::ffff:203.0.113.7", "10.0.0.1", "not an address", ""):
        answer = await client.asking(address=address).get("/api/brands")
        problem(answer, 401, "not-authenticated")
    for address in ("127.0.0.1", "127.9.9.9", "::1"):
        assert (await client.asking(address=address).get("/api/brands")).status_code == 200


async def test_service_that_others_reach_starts_with_keys_only(client: Client, database_url: str) -> None:
    with pytest.raises(ExceptionGroup) as refused:
        async with service(database_url, on_loopback=False):
            pass
    (error,) = refused.value.exceptions
    assert isinstance(error, SetupError)
    key = await make_key(client, "first")
    async with service(database_url, on_loopback=False) as reachable:
        problem(await reachable.get("/api/brands"), 401, "not-authenticated")
        from_afar = reachable.asking(key, address=ELSEWHERE)
        host = {"Host": "rage.example"}
        assert (await from_afar.get("/api/brands", headers=host)).status_code == 200


async def test_keys_that_are_not_good_are_refused_alike(client: Client) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    expired, revoked = (
        await make_key(client, "expired", expires_at=soon),
        await make_key(client, "revoked"),
    )
    await rows(
        runtime_of(client).database, "UPDATE rage.callers SET expires_at = now() WHERE name = 'expired'"
    )
    await keys.revoke(runtime_of(client).database, "revoked")
    unknown = "rage_00000000_" + "A" * 43
    answers = [await client.asking(key).get("/api/brands") for key in (expired, revoked, unknown, "nothing")]
    assert len({(answer.text, tuple(answer.headers.items())) for answer in answers}) == 1
    problem(answers[0], 401, "not-authenticated")


async def test_authorization_is_one_bearer_key(client: Client) -> None:
    key = (await make_key(client, "good")).encode()
    for line in (b"Bearer " + key, b"bearer " + key, b"BEARER   " + key + b" "):
        assert (await raw(client, (b"authorization", line)))[0] == 200, line
    cases = [
        b"", b"Bearer", b"Bearer ", key, b"Basic " + key, b"Bearer\t" + key, b"Bearer " + key + b"\0",
        b"Bearer " + key + b", Bearer " + key, b"Bearer " + key[:-1], b"Bearer \xff\xfe\x00\x01",
        b"Bearer " + b"x" * 1_000_000, b"Bearer " + "\u0455".encode() * 50, b"Bearer rage_" + b"\0" * 52,
    ]  # fmt: skip
    client.app.state.pace.failures._sleep = _no_sleep
    for line in cases:
        status, headers = await raw(client, (b"authorization", line))
        assert (status, headers[b"www-authenticate"]) == (401, b"Bearer"), line[:60]
    twice = [(b"authorization", b"Bearer " + key)] * 2
    assert (await raw(client, *twice))[0] == 401
    assert (await raw(client, (b"authorization", b"Bearer " + key), (b"cookie", b"\xff=\0;;=")))[0] == 200


async def test_stream_ends_when_its_key_is_revoked(client: Client) -> None:
    key = await make_key(client, "short", "default", scopes=["write", "generate"])
    asking = client.asking(key)
    references = [{"image_id": (await uploaded(asking))["id"]} for _ in range(2)]
    request = {"prompt": "Side by side", "references": references, "brand": "default"}
    location = (await asking.post("/api/generations", json=request)).headers["location"]
    with capture_logs() as logged:
        async with stream(client, f"{location}/events", authorization=f"Bearer {key}") as pieces:
            assert "event: queued" in await anext(pieces)
            await keys.revoke(runtime_of(client).database, "short")
            assert [piece async for piece in pieces] == []
    assert logged == []


async def test_bad_key_is_refused_where_none_is_needed(client: Client) -> None:
    problem(await client.asking("wrong").get("/api/brands"), 401, "not-authenticated")


async def test_what_tells_everybody_the_same_needs_no_key(client: Client) -> None:
    await make_key(client, "first")
    from_afar = client.asking(address=ELSEWHERE)
    opened = set()
    for method, path in sorted(routes(client.app)):
        answer = await from_afar.request(method, path, headers={"Host": "rage.example"})
        if path.startswith("/api") or path == "/metrics":
            assert (answer.status_code == 401) != (path in OPEN), (method, path)
        elif answer.status_code == 303:
            assert answer.headers["location"] == "/login"
        if answer.status_code < 300 or (answer.status_code == 401 and path == "/login"):
            opened.add(path)
    assert opened == OPEN | {"/static/page.css"}


async def test_no_cache_hands_one_callers_answer_to_another(client: Client) -> None:
    image = await uploaded(client)
    asking = client.asking(await make_key(client, "reader"))
    cases = {
        "/api/brands": "private, no-cache",
        f"/api/images/{image['id']}": "private, no-cache",
        "/api/images/4711": "private, no-cache",
        "/api/nothing": "private, no-cache",
        "/api/health/live": "private, no-cache",
        "/schema/openapi.json": "private, no-cache",
        "/static/page.css": "no-cache",
        image["content_url"]: "private, no-cache",
        f"{image['content_url']}?version=1": "private, no-cache",
        "/": "no-store",
        "/login": "no-store",
    }
    for path, caching in cases.items():
        for answer in (await asking.get(path), await client.get(path)):
            names = {name.strip().lower() for name in answer.headers["vary"].split(",")}
            assert {"authorization", "cookie"} <= names, path
            assert answer.headers["cache-control"] == caching or answer.status_code in (303, 401), path
    known = {"If-None-Match": (await asking.get(image["content_url"])).headers["etag"]}
    assert (await asking.get(image["content_url"], headers=known)).status_code == 304
    problem(await client.get(image["content_url"], headers=known), 401, "not-authenticated")
    stranger = client.asking(await make_key(client, "stranger", "shared"))
    problem(await stranger.get(image["content_url"], headers=known), 404, "not-found")


async def test_document_tells_of_keys(client: Client) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert document["security"] == [{"key": []}]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            asks = {"401", "403", "429"} <= operation["responses"].keys()
            assert asks == (path not in OPEN), (method, path)
            assert (operation.get("security") == [{}]) == (path in OPEN), (method, path)


async def _no_sleep(_: float) -> None:
    pass
