"""The service as a whole: health, metrics, its OpenAPI document, and a real process of it."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import sync_playwright

from rage_pg.runtime import Runtime
from tests.api_service import Client, problem, runtime_of, service, uploaded
from tests.browser import FLAGS, find_or_install_chromium
from tests.command_line import process, running
from tests.generating import rows
from tests.store import png

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


@pytest.fixture
def served(service_url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`rage serve` without a worker, and its address."""
    arguments = ("serve", "--no-worker", "--port", "0", "--json")
    with running(*arguments, RAGE_DATABASE_URL=service_url) as (process, line):
        yield process, json.loads(line)["url"]


async def test_health_tells_what_is_ready(client: Client) -> None:
    assert (await client.get("/api/health/live")).json() == {"status": "live"}
    assert (await client.get("/api/health/ready")).json() == {
        "status": "ready", "database": "reachable", "migrations": "current", "worker": "elsewhere",
    }  # fmt: skip


async def test_health_tells_of_the_worker(database_url: str) -> None:
    async with service(database_url, worker=True) as client:
        assert (await client.get("/api/health/ready")).json()["worker"] == "running"
        client.app.state.worker._task.cancel()
        await asyncio.wait([client.app.state.worker._task])
        assert "worker" in problem(await client.get("/api/health/ready"), 503, "setup")


async def test_health_tells_of_migrations_behind(client: Client) -> None:
    await rows(runtime_of(client).database, "UPDATE rage.alembic_version SET version_num = '0001'")
    assert "rage db upgrade" in problem(await client.get("/api/health/ready"), 503, "setup")


async def test_metrics_count_requests_by_route(client: Client) -> None:
    image = await uploaded(client)
    await client.get(f"/api/images/{image['id']}")
    text = (await client.get("/metrics")).text
    assert 'path="/api/images/{image_id}"' in text
    assert f'path="/api/images/{image["id"]}"' not in text


async def test_sample_catalogue_is_loaded_once(database_url: str) -> None:
    ready: list[Runtime] = []
    for _ in range(2):
        async with service(database_url, demo=True, on_ready=ready.append) as client:
            page = (await client.get("/api/images?brand=lumen&limit=200")).json()
            found = await client.post("/api/search", json={"prompt": "lotion", "k": 3})
            assert "lotion" in found.json()["items"][0]["image"]["title"].lower()
    with psycopg.connect(database_url) as connection:
        counted = connection.execute("SELECT count(*), count(DISTINCT image_id) FROM rage.images").fetchone()
    assert counted is not None
    assert counted[0] > 60
    assert len(page["items"]) > 20
    assert len(ready) == 2


async def test_openapi_document_describes_every_route(client: Client) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }
    assert operations.keys() >= CONTRACT
    identifiers = [operation["operationId"] for operation in operations.values()]
    assert len(set(identifiers)) == len(identifiers)
    tags = {tag["name"] for tag in document["tags"]}
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert set(operation["tags"]) <= tags, name
        for parameter in operation.get("parameters", ()):
            assert parameter["in"] == "path" or parameter["schema"], name
        for status, response in operation["responses"].items():
            kinds = response.get("content", {})
            assert status < "400" or list(kinds) == ["application/problem+json"], (name, status)
    assert _dangling(document) == set()
    assert {"image_id", "role", "note"} <= document["components"]["schemas"]["ReferenceRequest"][
        "properties"
    ].keys()
    cost = document["components"]["schemas"]["Generation"]["properties"]["cost_usd"]
    assert {"type": "number"} in cost["oneOf"]


def test_process_streams_events_and_stops_at_once(served: tuple[subprocess.Popen[str], str]) -> None:
    process, address = served
    with httpx.Client(base_url=address, timeout=20) as http:
        numbers = [http.post("/api/images", files={"file": ("a.png", png())}).json()["id"] for _ in range(2)]
        request = {"prompt": "Side by side", "references": [{"image_id": number} for number in numbers]}
        location = http.post("/api/generations", json=request).headers["location"]
        with http.stream("GET", f"{location}/events") as stream:
            names = (line.split(": ")[1] for line in stream.iter_lines() if line.startswith("event: "))
            assert next(names) == "queued"
            assert http.post(f"{location}/cancel").status_code == 200
            assert list(names) == ["cancelled"]
        location = http.post("/api/generations", json=request).headers["location"]
        with http.stream("GET", f"{location}/events") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "id: 1"
            process.send_signal(signal.SIGINT)
            # To its last byte, which says that there are no more: a stream cut short raises here.
            assert [line for line in lines if line.startswith("event: ")] == ["event: queued"]
    _, complaints = process.communicate(timeout=20)
    assert process.returncode == 0
    logged = [json.loads(line) for line in complaints.splitlines()]
    assert [entry for entry in logged if entry["level"] != "info"] == []


def test_proxy_on_this_machine_opens_the_service_to_nobody(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    _, address = served
    with httpx.Client(base_url=address, timeout=20) as http:
        assert http.get("/api/brands").status_code == 200
        for forwarded in ("203.0.113.7", "127.0.0.1, 203.0.113.7", "2001:db8::1", "unknown"):
            answer = http.get("/api/brands", headers={"X-Forwarded-For": forwarded})
            assert answer.status_code == 401, forwarded


def test_head_of_a_picture_tells_its_size_and_tag(served: tuple[subprocess.Popen[str], str]) -> None:
    _, address = served
    with httpx.Client(base_url=address, timeout=20) as http:
        image = http.post("/api/images", files={"file": ("a.png", png())}).json()
        for path in (image["content_url"], image["thumbnail_url"]):
            full = http.get(path)
            head = http.head(path)
            assert (head.status_code, head.content) == (200, b"")
            for name in ("content-length", "content-type", "etag", "cache-control"):
                assert head.headers[name] == full.headers[name]
            assert int(head.headers["content-length"]) == len(full.content) > 0
        assert http.head("/api/images/4711/content").status_code == 404


def test_service_for_other_machines_starts_with_a_key_only(service_url: str) -> None:
    arguments = ("serve", "--no-worker", "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    refused = process(*arguments, RAGE_DATABASE_URL=service_url)
    assert refused.code == 1
    assert "rage keys create --name N --brand B --scope read" in refused.complaint
    assert "--host 127.0.0.1" in refused.complaint

    made = ("keys", "create", "--name", "shop", "--brand", "default", "--scope", "read", "--json")
    key = process(*made, RAGE_DATABASE_URL=service_url).json["key"]
    with running(*arguments, "--json", RAGE_DATABASE_URL=service_url) as (started, line):
        port = json.loads(line)["url"].rpartition(":")[2]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            assert http.get("/api/health/live").status_code == 200
            assert http.get("/api/brands").status_code == 401
            headers = {"Authorization": f"Bearer {key}", "Host": "rage.example"}
            assert http.get("/api/brands", headers=headers).status_code == 200
        started.send_signal(signal.SIGINT)
        _, complaints = started.communicate(timeout=20)
    assert "put a proxy with TLS in front" in complaints
    assert key not in complaints


def test_documentation_page_works_without_any_other_host(served: tuple[subprocess.Popen[str], str]) -> None:
    _, address = served
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_or_install_chromium(), args=list(FLAGS))
        page = browser.new_page()
        requested: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.goto(f"{address}/schema")
        page.get_by_text("Search by prompt").first.click()
        page.get_by_role("button", name="Execute").wait_for()
        browser.close()
    assert all(url.startswith((address, "data:", "blob:")) for url in requested)
    assert complaints == []


CONTRACT = {
    "GET /api/images", "POST /api/images", "POST /api/images/archive", "PATCH /api/images",
    "GET /api/images/{image_id}", "PATCH /api/images/{image_id}", "DELETE /api/images/{image_id}",
    "GET /api/images/{image_id}/content", "GET /api/images/{image_id}/thumbnail", "POST /api/search",
    "POST /api/generations",
    "GET /api/generations", "GET /api/generations/{generation_id}",
    "GET /api/generations/{generation_id}/events", "POST /api/generations/{generation_id}/cancel",
    "GET /api/generations/{generation_id}/outputs/{position}",
    "POST /api/generations/{generation_id}/outputs/{position}/rating",
    "POST /api/generations/{generation_id}/outputs/{position}/keep", "GET /api/brands", "POST /api/brands",
    "GET /api/brands/{name}", "PUT /api/brands/{name}", "GET /api/collections",
    "GET /api/collections/{name}", "PUT /api/collections/{name}", "DELETE /api/collections/{name}",
    "GET /api/tags", "POST /api/tags/rename", "POST /api/tags/merge", "GET /api/facets",
    "GET /api/health/live", "GET /api/health/ready", "GET /metrics",
}  # fmt: skip


def _dangling(document: dict[str, Any]) -> set[str]:
    """References to schemas that the document does not have."""
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    return named - set(document["components"]["schemas"])
