"""What goes wrong over HTTP is one problem document; who may not call is turned away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NoReturn

import psycopg
import pytest
from structlog.testing import capture_logs

from tests.api_service import Client, problem, runtime_of, service, uploaded
from tests.conftest import database_name


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


async def test_unknown_addresses_are_problems(client: Client) -> None:
    assert "/api/nothing" in problem(await client.get("/api/nothing"), 404, "not-found")
    answer = await client.delete("/api/brands")
    assert "GET" in problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


async def test_bodies_that_are_no_json_object_are_problems(client: Client) -> None:
    cases = [b"", b"{", b'{"prompt": "\xff"}', b"[]", b"null", b"3" * 5000]
    for body in cases:
        headers = {"content-type": "application/json"}
        problem(await client.post("/api/search", content=body, headers=headers), 400, "invalid-input")


async def test_unexpected_error_is_logged_and_tells_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> NoReturn:
        raise RuntimeError("the secret lies under the mat")

    monkeypatch.setattr("rage_pg.api.brands.brands.listing", break_down)
    with capture_logs() as logged:
        answer = await client.get("/api/brands")
    assert "mat" not in problem(answer, 500, "internal")
    (entry,) = logged
    assert entry["log_level"] == "error"
    assert str(entry["exc_info"]) == "the secret lies under the mat"


async def test_database_that_went_away_is_503_and_its_return_is_noticed(
    client: Client, server_18: str, database_url: str
) -> None:
    await uploaded(client)
    database = runtime_of(client).database
    database._pool.timeout = 0.5  # instead of the patience of ten seconds
    name = database_name(database_url)
    with psycopg.connect(server_18, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        problem(await client.get("/api/images"), 503, "database-unavailable")
        problem(await client.get("/api/health/ready"), 503, "database-unavailable")
        assert (await client.get("/api/health/live")).status_code == 200
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    database._pool.timeout = 10
    assert len((await client.get("/api/images")).json()["items"]) == 1
    assert (await client.get("/api/health/ready")).status_code == 200


async def test_hosts_of_this_machine_are_served(client: Client) -> None:
    cases = ["localhost:8000", "127.0.0.1", "[::1]:9000", "LOCALHOST"]
    for host in cases:
        assert (await client.get("/api/brands", headers={"Host": host})).status_code == 200


async def test_other_hosts_are_refused(client: Client) -> None:
    cases = ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", ""]
    for host in cases:
        problem(await client.get("/api/brands", headers={"Host": host}), 400, "invalid-input")


async def test_pages_of_other_sites_may_change_nothing(client: Client) -> None:
    cases = ["https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8000"]
    for origin in cases:
        answer = await client.post("/api/brands", json={"name": "evil"}, headers={"Origin": origin})
        problem(answer, 403, "forbidden")
        names = [brand["name"] for brand in (await client.get("/api/brands")).json()["items"]]
        assert names == ["default", "shared"]


async def test_own_page_may_change_things(client: Client) -> None:
    headers = {"Origin": "http://127.0.0.1:8000"}
    assert (await client.post("/api/brands", json={"name": "lumen"}, headers=headers)).status_code == 201


async def test_answers_carry_security_headers(client: Client) -> None:
    cases = ["/api/brands", "/schema", "/api/nothing", "/metrics"]
    for path in cases:
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin"
