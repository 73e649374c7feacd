"""What goes wrong over HTTP is one problem document; who may not call is turned away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NoReturn

import psycopg
import pytest
from structlog.testing import capture_logs

from tests.api_service import Client, problem, runtime_of, scope_of, service, uploaded
from tests.conftest import database_name
from tests.store import png

JSON = {"content-type": "application/json"}


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


async def test_json_that_is_nested_too_deeply_is_refused(client: Client) -> None:
    for deep in ("[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000):
        for body in (deep, f'{{"prompt": "x", "filters": {{"attributes": {{"a": {deep}}}}}}}'):
            answer = await client.post("/api/search", content=body, headers=JSON)
            assert "nested" in problem(answer, 400, "invalid-input")
        said = {"metadata": f'{{"attributes": {{"a": {deep}}}}}'}
        answer = await client.post("/api/images", files={"file": ("a.png", png())}, data=said)
        assert "nested" in problem(answer, 400, "invalid-input", "metadata")


async def test_values_that_no_text_or_number_can_be_are_refused(client: Client) -> None:
    image = await uploaded(client)
    values = ['"\\ud800"', '"a\\ud800b"', '{"\\ud800": 1}', '["\\udc00"]', "NaN", "-Infinity", "1e999"]
    values += ["9" * 5000, '"a\\u0000"', '{"a\\u0000": 1}', '["\\u0000"]']
    fields = [
        ("POST", "/api/search", '{{"prompt": {}}}'),
        ("POST", "/api/search", '{{"prompt": "x", "filters": {{"tags": {{"all": {}}}}}}}'),
        ("POST", "/api/search", '{{"prompt": "x", "filters": {{"brand": [{}]}}}}'),
        ("POST", "/api/search", '{{"prompt": "x", "legs": {{"text": {}}}}}'),
        ("POST", "/api/generations", '{{"prompt": "x", "labels": {{"a": {}}}}}'),
        ("POST", "/api/generations", '{{"prompt": {}}}'),
        ("POST", "/api/brands", '{{"name": {}}}'),
        ("PATCH", f"/api/images/{image['id']}", '{{"tags": {}}}'),
        ("PATCH", f"/api/images/{image['id']}", '{{"attributes": {{"a": {}}}}}'),
    ]
    for method, path, body in fields:
        for value in values:
            answer = await client.request(method, path, content=body.format(value), headers=JSON)
            assert answer.status_code == 400, (path, body, value, answer.text)
            detail = problem(answer, 400, "invalid-input", answer.json().get("field"))
            assert "PostgreSQL" not in detail
            assert "$" not in detail
    assert (await client.get(f"/api/images/{image['id']}")).json() == image


async def test_the_last_of_two_equal_names_counts(client: Client) -> None:
    body = '{"name": "lumen", "title": "First", "title": "Last"}'
    answer = await client.post("/api/brands", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["title"]) == (201, "Last")


async def test_faults_are_sentences_that_name_the_field(client: Client) -> None:
    cases = [
        ({"prompt": "x", "k": "five"}, "k must be a whole number, not a text."),
        ({"prompt": "x", "k": 0}, "k must be a whole number of at least 1."),
        ({"prompt": "x", "among": 3}, "among must be a list or null, not a number."),
        ({"prompt": "x", "filters": {"kind": ["animal"]}}, "filters.kind[0] cannot be 'animal'."),
        ({"prompt": "x", "filters": {"sku": 3}}, "filters.sku must be a list, not a number."),
        ({"prompt": "x", "k" * 9: 1}, "kkkkkkkkk is not a known field."),
        ({"k": 1}, "prompt is missing."),
    ]  # fmt: skip
    for body, detail in cases:
        answer = await client.post("/api/search", json=body)
        assert problem(answer, 400, "invalid-input", detail.split()[0]) == detail
    whole = await client.post("/api/search", json=[])
    assert problem(whole, 400, "invalid-input") == "The body must be an object, not a list."
    number = await client.post("/api/search", content=b'{"k": 1e999}', headers=JSON)
    assert problem(number, 400, "invalid-input") == "The body holds a number that is out of range."
    broken = await client.post("/api/search", content=b'{"k": 1', headers=JSON)
    assert problem(broken, 400, "invalid-input") == "The body is not JSON: it ends too early."
    limit = await client.get("/api/images?limit=many")
    assert problem(limit, 400, "invalid-input", "limit") == "limit must be a whole number, not a text."
    width = await client.get("/api/images?min_width=wide")
    assert (
        problem(width, 400, "invalid-input", "min_width") == "min_width must be a whole number, not a text."
    )
    nul = await client.get("/api/images?tag=a%00b")
    assert problem(nul, 400, "invalid-input", "tag") == "tag contains a NUL character."
    name = await client.get("/api/images?attribute.%00=x")
    assert "NUL" in problem(name, 400, "invalid-input", "The name of a parameter")
    brand = await client.get("/api/brands/%00")
    assert "NUL" in problem(brand, 400, "invalid-input")


async def test_options_of_a_route_are_told(client: Client) -> None:
    answer = await client.options("/api/images/1")
    assert answer.status_code == 204
    assert "GET" in answer.headers["allow"]


async def test_files_that_no_file_system_has_are_not_found(client: Client) -> None:
    for name in ("%00", "x" * 3000, "nothing.css"):
        problem(await client.get(f"/static/{name}"), 404, "not-found")


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


async def test_caller_that_leaves_in_the_middle_is_no_fault_of_ours(client: Client) -> None:
    answers: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answers.append(message)

    request = client.build_request("POST", "/api/search", json={"prompt": "x"})
    with capture_logs() as logged:
        await client.app(scope_of(request), receive, send)
    assert answers[0]["status"] == 400
    assert logged == []


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
    cases = ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "127.0.0.1:abc"]
    cases += ["127.0.0.1:99999", "127.0.0.1:", "[::1", "localhost:80:80", "local host", '"']
    for host in cases:
        for path in ("/api/brands", "/api/nothing"):
            answer = await client.get(path, headers={"Host": host})
            if path == "/api/brands":
                problem(answer, 400, "invalid-input")
            assert answer.status_code in (400, 404), answer.text
    twice = [("Host", "127.0.0.1"), ("Host", "127.0.0.1")]
    problem(await client.get("/api/brands", headers=twice), 400, "invalid-input")


async def test_page_tells_of_a_host_that_is_refused(client: Client) -> None:
    answer = await client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "The Host header must name localhost" in answer.text
    assert answer.text.startswith("<!DOCTYPE html>")


async def test_pages_of_other_sites_may_change_nothing(client: Client) -> None:
    cases = ["https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8000"]
    cases += ["http://[", "", "http://127.0.0.1:abc", "http://127.0.0.1:8000.evil.example", "127.0.0.1:8000"]
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
