"""Logging in at the page, out again, and what a cookie may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from rage_pg.callers import Scope
from tests.api_service import ADDRESS, ELSEWHERE, Client, make_key, problem, runtime_of, service, uploaded
from tests.generating import rows, value

OWN = {"Origin": ADDRESS}
SESSIONS = "SELECT count(*) FROM rage.page_sessions"


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


async def logged_in(client: Client, name: str = "designer", *scopes: Scope) -> Client:
    """A client with the cookie of a new key's session."""
    asking = client.asking()
    key = await make_key(client, name, "default", scopes=scopes or ("read",))
    answer = await asking.post("/login", data={"key": key}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return asking


async def test_page_sends_to_the_login(client: Client) -> None:
    await make_key(client, "first")
    answer = await client.get("/?prompt=lamp")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    script = await client.post("/page/search", headers={"HX-Request": "true", "HX-Target": "found"})
    assert (script.status_code, script.headers["hx-redirect"], script.text) == (401, "/login", "")
    form = await client.get("/login")
    assert form.status_code == 200
    assert "rage keys create --name N --brand B" in form.text
    assert "Log out" not in form.text


async def test_session_opens_page_and_api(client: Client) -> None:
    image = await uploaded(client)
    asking = await logged_in(client)
    page = await asking.get("/")
    assert page.status_code == 200
    assert "designer" in page.text
    assert "Log out" in page.text
    assert image["thumbnail_url"].split("?")[0] in page.text
    assert (await asking.get(image["content_url"])).status_code == 200


async def test_open_service_shows_nobody(client: Client) -> None:
    page = (await client.get("/")).text
    assert "Log out" not in page
    assert 'id="generate"' in page


async def test_cookie_is_for_this_page_alone(client: Client) -> None:
    key = await make_key(client, "designer")
    answer = await client.asking().post("/login", data={"key": f" {key} "})
    name, token = answer.headers["set-cookie"].split(";")[0].split("=")
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    (age,) = (int(part[8:]) for part in attributes if part.startswith("max-age="))
    assert name == "rage_session"
    assert len(token) == 43
    assert attributes >= {"httponly", "samesite=lax", "path=/"}
    assert "secure" not in attributes
    assert 12 * 3600 - 60 < age <= 12 * 3600
    encrypted = client.asking()
    encrypted.base_url = httpx.URL("https://127.0.0.1:8000")
    answer = await encrypted.post("/login", data={"key": key})
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_wrong_key_shows_the_form_again(client: Client) -> None:
    await make_key(client, "first")
    cases: list[Any] = [{"key": "wrong"}, {"key": ""}, {}, {"other": "x"}, {"key": ["a", "b"]}, {"key": "\0"}]
    client.app.state.pace.failures._sleep = _no_sleep
    for data in cases:
        answer = await client.post("/login", data=data)
        assert answer.status_code == 401, data
        assert "This key is not known, has expired or was revoked." in answer.text
        assert 'action="/login"' in answer.text
        assert "set-cookie" not in answer.headers
    upload = await client.post("/login", files={"key": ("key.txt", b"rage_")})
    assert upload.status_code == 401
    assert (await client.post("/login", content=b"key=" + b"x" * 5_000)).status_code in (401, 413)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    large = await client.post("/login", content=b"key=" + b"x" * 5_000, headers=form)
    assert large.status_code == 413
    assert await value(runtime_of(client).database, SESSIONS) == 0


async def test_logging_out_ends_the_session(client: Client) -> None:
    asking = await logged_in(client)
    cookie = {"Cookie": f"rage_session={asking.cookies['rage_session']}"}
    answer = await asking.post("/logout", headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert await value(runtime_of(client).database, SESSIONS) == 0
    problem(await client.get("/api/brands", headers=cookie), 401, "not-authenticated")
    again = await client.post("/logout", headers={**cookie, **OWN})
    assert (again.status_code, again.headers["location"]) == (303, "/login")


async def test_logging_in_anew_ends_the_earlier_session(client: Client) -> None:
    asking = await logged_in(client)
    key = await make_key(client, "other")
    await asking.post("/login", data={"key": key}, headers=OWN)
    assert await value(runtime_of(client).database, SESSIONS) == 1
    assert "other" in (await asking.get("/")).text


async def test_revoked_key_ends_its_sessions(client: Client) -> None:
    asking = await logged_in(client)
    await rows(runtime_of(client).database, "UPDATE rage.callers SET revoked_at = now()")
    problem(await asking.get("/api/brands"), 401, "not-authenticated")
    assert (await asking.get("/")).headers["location"] == "/login"


async def test_cookies_that_are_no_session_are_none(client: Client) -> None:
    asking = await logged_in(client)
    good = f"rage_session={asking.cookies['rage_session']}"
    accepted = [
        good,
        f"a=b; {good}",
        f"{good} ; a",
        f";;;{good};",
        f"Rage_Session=x; {good}",
        f"=;\0; {good}",
    ]
    for cookie in accepted:
        assert (await client.get("/api/brands", headers={"Cookie": cookie})).status_code == 200, cookie
    refused = [
        f"{good}; {good}", f"rage_session=x; {good}", "rage_session=", "rage_session", "rage_session=\xff\0",
        f"{good}x", good.upper(), "rage_session=" + "x" * 500_000, good.replace("=", "='") + "'",
    ]  # fmt: skip
    for cookie in refused:
        answer = await client.get("/api/brands", headers=[(b"cookie", cookie.encode("latin-1"))])
        problem(answer, 401, "not-authenticated")
    two = [("Cookie", good), ("Cookie", "rage_session=evil")]
    problem(await client.get("/api/brands", headers=two), 401, "not-authenticated")


async def test_cookie_of_another_service_does_not_close_an_open_one(client: Client) -> None:
    assert (await client.get("/", headers={"Cookie": "rage_session=old"})).status_code == 200


async def test_cookie_changes_something_only_from_the_own_page(client: Client) -> None:
    asking = await logged_in(client, "designer", "write", "generate")
    body = {"brand": "default", "image_ids": []}
    good: list[dict[str, str]] = [OWN, {"Sec-Fetch-Site": "same-origin"}]
    good += [{"Origin": ADDRESS.upper(), "Sec-Fetch-Site": "same-origin"}]
    good += [{"Host": "rage.example", "Origin": "https://rage.example"}]
    for headers in good:
        answer = await asking.put("/api/collections/a", json=body, headers=headers)
        assert answer.status_code == 200, (headers, answer.text)
    bad: list[Any] = [
        {}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8001"}, {"Origin": "http://localhost:8000"},
        {"Origin": f"{ADDRESS}.evil.example"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": ""},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", ADDRESS), ("Origin", "https://evil.example")],
        [("Host", "127.0.0.1:8000"), ("Host", "evil.example"), ("Origin", "http://evil.example")],
        {"Referer": f"{ADDRESS}/"}, {"X-Requested-With": "XMLHttpRequest"}, {"HX-Request": "true"},
    ]  # fmt: skip
    for headers in bad:
        problem(await asking.put("/api/collections/b", json=body, headers=headers), 403, "forbidden")
        said = await asking.post("/logout", headers=headers)
        assert said.status_code == 403, headers
    names = [one["name"] for one in (await asking.get("/api/collections")).json()["items"]]
    assert names == ["a"]
    assert (await asking.get("/")).status_code == 200


async def test_key_needs_no_page(client: Client) -> None:
    asking = client.asking(await make_key(client, "shop", "default", scopes=["write"]), address=ELSEWHERE)
    body = {"brand": "default", "image_ids": []}
    assert (await asking.put("/api/collections/a", json=body)).status_code == 200
    foreign = {"Origin": "https://evil.example"}
    problem(await asking.put("/api/collections/b", json=body, headers=foreign), 403, "forbidden")


async def test_other_sites_log_nobody_in(client: Client) -> None:
    key = await make_key(client, "shop")
    answer = await client.post("/login", data={"key": key}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def _no_sleep(_: float) -> None:
    pass
