"""What keys may do over HTTP: every route by its scope, and in whose name it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar, delete, get
from litestar.exceptions import ImproperlyConfiguredException

from rage_pg.api.scopes import check_declared, needs
from rage_pg.callers import SCOPES
from tests.api_service import ANY_ID, Client, make_key, problem, routes, runtime_of, service, upload, uploaded
from tests.generating import FakeGenerator, carry_out, rows, value

CHANGING = {
    ("POST", "/api/images"): "write",
    ("POST", "/api/images/archive"): "write",
    ("PATCH", "/api/images"): "write",
    ("PATCH", "/api/images/1"): "write",
    ("DELETE", "/api/images/1"): "write",
    ("PUT", "/api/collections/a"): "write",
    ("DELETE", "/api/collections/a"): "write",
    ("POST", "/api/tags/rename"): "write",
    ("POST", "/api/tags/merge"): "write",
    ("POST", "/api/brands"): "write",
    ("PUT", "/api/brands/a"): "admin",
    ("PATCH", "/api/brands/a"): "admin",
    ("POST", "/api/generations"): "generate",
    ("POST", f"/api/generations/{ANY_ID}/cancel"): "generate",
    ("POST", f"/api/generations/{ANY_ID}/retry"): "generate",
    ("POST", "/api/generations/batch"): "generate",
    ("POST", f"/api/generations/batch/{ANY_ID}/resume"): "generate",
    ("POST", f"/api/generations/batch/{ANY_ID}/cancel"): "generate",
    ("POST", f"/api/generations/{ANY_ID}/outputs/1/rating"): "generate",
    ("POST", f"/api/generations/{ANY_ID}/outputs/1/keep"): "generate",
    ("POST", "/page/generations"): "generate",
    ("POST", "/page/preview"): "generate",
    ("POST", f"/page/generations/{ANY_ID}/cancel"): "generate",
    ("POST", f"/page/generations/{ANY_ID}/outputs/1/rating"): "generate",
    ("POST", f"/page/generations/{ANY_ID}/outputs/1/keep"): "generate",
}
"""What each of these needs; every other route reads, or is open."""
READING_POSTS = {
    "/api/search",
    "/api/references/propose",
    "/page/search",
    "/page/propose",
    "/page/search/more",
    "/page/choice",
    "/logout",
}


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


async def test_reading_key_changes_nothing(client: Client) -> None:
    image = await uploaded(client)
    key = await make_key(client, "reader")
    before = await _counts(client)
    refused = {}
    for method, path in routes(client.app):
        answer = await client.asking(key).request(method, path)
        if answer.status_code == 403:
            refused[method, path] = answer
        else:
            assert method in ("GET", "HEAD") or path in READING_POSTS | {"/login"}, (method, path)
    assert {route for route in refused if route not in {("GET", "/metrics")}} == CHANGING.keys()
    for (method, path), scope in CHANGING.items():
        if path.startswith("/api"):
            assert f"The key reader lacks the scope {scope}." == problem(
                refused[method, path], 403, "forbidden"
            )
    assert await _counts(client) == before
    assert (await client.asking(key).get(image["content_url"])).status_code == 200


async def test_each_scope_opens_its_own_routes(client: Client) -> None:
    """What is refused for another reason than the key was let through to its route."""
    asking = {scope: client.asking(await make_key(client, scope, scopes=[scope])) for scope in SCOPES}
    for (method, path), needed in CHANGING.items():
        for scope, one in asking.items():
            answer = await one.request(method, path)
            assert (answer.status_code == 403) == (scope != needed), (method, path, scope, answer.text)
    for scope, one in asking.items():
        assert (await one.get("/api/brands")).status_code == 200
        assert (await one.post("/api/search", json={"prompt": "lamp"})).status_code == 200
        assert ((await one.get("/metrics")).status_code == 200) == (scope == "admin")


async def test_what_concerns_every_brand_needs_every_brand(client: Client) -> None:
    key = await make_key(client, "lumen", "default", scopes=SCOPES)
    answer = await client.asking(key).post("/api/brands", json={"name": "new"})
    assert "not granted every brand" in problem(answer, 403, "forbidden")
    assert "not granted every brand" in problem(await client.asking(key).get("/metrics"), 403, "forbidden")


def test_route_that_changes_something_must_say_what_it_needs() -> None:
    @delete("/all")
    async def silent() -> None: ...

    @delete("/all", opt=needs("admin"))
    async def clear() -> None: ...

    @get("/one")
    async def reading() -> None: ...

    check_declared(Litestar([clear, reading], openapi_config=None))
    with pytest.raises(ImproperlyConfiguredException, match="/all"):
        check_declared(Litestar([silent, reading], openapi_config=None))


async def test_ledger_names_who_asked(client: Client) -> None:
    key = await make_key(client, "designer", "default", scopes=["write", "generate"])
    asking, database = client.asking(key), runtime_of(client).database
    image = await uploaded(asking, caption="A lamp")
    await asking.patch(f"/api/images/{image['id']}", json={"caption": "A bright lamp"})
    assert {row["author"] for row in await rows(database, "SELECT author FROM rage.captions")} == {"designer"}

    request = {"prompt": "A lamp", "references": [{"image_id": image["id"]}], "brand": "default"}
    await asking.post("/api/generations", json=request)
    await asking.post("/page/generations", data={"prompt": "A lamp", f"role.{image['id']}": "product"})
    found = (await asking.get("/api/generations")).json()["items"]
    assert [one["asked_by"] for one in found] == ["designer", "designer"]

    await carry_out(database, FakeGenerator("local"), UUID(found[0]["id"]))
    output = f"/api/generations/{found[0]['id']}/outputs/1"
    assert (await asking.post(f"{output}/rating", json={"rating": 1})).status_code == 204
    assert (await asking.post(f"{output}/keep")).status_code == 200
    assert await value(database, "SELECT rated_by FROM rage.ratings") == "designer"
    kept = "SELECT kept_by FROM rage.generation_outputs WHERE kept_at IS NOT NULL"
    assert await value(database, kept) == "designer"
    await asking.post("/api/search", json={"prompt": "lamp"})
    assert await value(database, "SELECT asked_by FROM rage.searches") == "designer"


async def test_handlers_ask_the_database_for_their_caller(client: Client) -> None:
    mine = await uploaded(client, brand="lumen")
    lumen, default = await make_key(client, "l", "lumen"), await make_key(client, "d", "default")
    path = f"/api/images/{mine['id']}"
    assert (await client.asking(lumen).get(path)).status_code == 200
    for other in (path, f"{path}/content", f"{path}/thumbnail", f"{path}/content?version=1"):
        problem(await client.asking(default).get(other), 404, "not-found")
    assert (await client.asking(default).get("/api/images")).json()["items"] == []
    writer = await make_key(client, "w", "default", scopes=["write"])
    assert (await upload(client.asking(writer), brand="lumen")).status_code in (403, 404)


async def _counts(client: Client) -> Sequence[Any]:
    tables = ("images", "image_versions", "tags", "collections", "brands", "generations", "page_sessions")
    counts = ", ".join(f"(SELECT count(*) FROM rage.{table}) AS {table}" for table in tables)
    (row,) = await rows(runtime_of(client).database, f"SELECT {counts}")
    return tuple(row.values())
