"""The pages of what was generated and what it cost, and the form's routes, without a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from rage_pg import budgets
from rage_pg.budgets import Target
from rage_pg.database import Database
from rage_pg.web.templating import said
from tests.api_service import Client, make_key, runtime_of, service, uploaded
from tests.generating import FakeGenerator, make
from tests.store import add, png

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    """No worker: what is queued stays queued."""
    async with service(database_url) as opened:
        yield opened


async def sent(client: Client, path: str, **fields: str) -> Response:
    return await client.post(path, data=fields)


async def page(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def made_of(text: str) -> list[str]:
    """The generations that a page of the history shows."""
    return re.findall(r'<a href="/generations/([0-9a-f-]{36})" aria-label', text)


async def two(database: Database) -> tuple[Any, Any]:
    """One generation with a rated and a kept output, and one that only asks for a label."""
    image = await add(database, HOSTILE)
    first = await make(database, FakeGenerator(), image, prompt=HOSTILE, count=2)
    second = await make(
        database, FakeGenerator(), image, prompt="Other", labels={"campaign": "spring"}, parent_id=first.id
    )
    return first, second


async def test_history_is_narrowed_by_each_filter(client: Client, database: Database) -> None:
    first, second = await two(database)
    await client.post(f"/api/generations/{first.id}/outputs/1/rating", json={"rating": -1})
    await client.post(f"/api/generations/{first.id}/outputs/2/keep")
    both = [str(second.id), str(first.id)]
    for query, found in (
        ("", both),
        ("brand=default", both),
        ("brand=nobody", []),
        ("label=campaign=spring", both[:1]),
        ("verdict=kept", both[1:]),
        ("verdict=disliked", both[1:]),
        ("verdict=liked", []),
        ("model=gpt-image-2", both),
        ("model=other", []),
        ("status=failed", []),
        ("purpose=compose", both),
    ):
        assert made_of(await page(client, f"/history?{query}")) == found, query
    kept = (await client.get("/api/generations?kept=true&rating=-1")).json()["items"]
    assert [one["id"] for one in kept] == both[1:]
    assert "script>alert" not in await page(client, "/history")
    for query in ("status=lost", "label=spring", "cursor=x"):
        assert (await client.get(f"/history?{query}")).status_code == 400


async def test_generation_has_a_page_with_all_that_is_known(client: Client, database: Database) -> None:
    first, second = await two(database)
    rating = {"rating": -1, "reasons": ["wrong label"], "comment": HOSTILE}
    await client.post(f"/api/generations/{second.id}/outputs/1/rating", json=rating)
    text = await page(client, f"/generations/{second.id}")
    for words in ("req_1", "$0.0685", "campaign=spring", "wrong label", "All that is known", "edit target"):
        assert words in text, words
    assert HOSTILE not in text
    assert re.findall(r'<a href="/generations/([0-9a-f-]+)" title', text) == [str(first.id), str(second.id)]
    assert (await client.get(f"/generations/{uuid4()}")).status_code == 404


def test_what_a_provider_did_is_told_in_words() -> None:
    details = {"output_format": "png", "operations": ["cut out"], "layouts": [], "clear": True, "seed": None}
    words = "output format png, operations cut out, layouts none, clear yes, seed none"
    assert said(details) == words
    assert said(2) == "2"


async def test_costs_name_what_is_not_known_and_what_is_left(client: Client, database: Database) -> None:
    assert "No paid call was made" in await page(client, "/costs")
    await make(database, FakeGenerator())
    unbilled = FakeGenerator()
    unbilled.usage = None
    await make(database, unbilled)
    await budgets.put(database, Target(brand="default"), 2)  # type: ignore[arg-type]
    text = await page(client, "/costs")
    for words in (
        "<b>$0.0685</b> in 2 paid calls",
        "1 of them has no known cost",
        "<b>$1.93</b> left of $2.00",
    ):
        assert words in text, words
    assert "No paid call was made in January 2001" in await page(client, "/costs?month=2001-01")
    for month in ("2001-13", "0001-01", "x"):
        assert (await client.get(f"/costs?month={month}")).status_code == 400


async def test_key_sees_the_costs_of_its_brands(client: Client, database: Database) -> None:
    await add(database, "theirs", brand="theirs")
    await make(database, FakeGenerator(), brand="theirs")
    key = await make_key(client, "ours", "default")
    assert "No paid call was made" in await page(client.asking(key), "/costs")
    assert made_of(await page(client.asking(key), "/history")) == []


async def test_form_keeps_what_was_typed(client: Client) -> None:
    image = await uploaded(client, png(), title="Lamp")
    fields = {f"role.{image['id']}": "style", f"note.{image['id']}": HOSTILE, "labels": '"a=b"', "count": "3"}
    text = (await sent(client, "/page/choice", **fields, own_size="100 x 80")).text
    assert HOSTILE not in text
    assert 'value="&lt;script&gt;alert(1)&lt;/script&gt;"' in text
    assert 'value="&#34;a=b&#34;"' in text
    assert "<option selected>3</option>" in text
    assert 'value="100 x 80"' in text


async def test_preview_writes_nothing_and_refuses_as_generating_does(client: Client) -> None:
    image = await uploaded(client, png(size=(320, 240)), title="Lamp")
    other = await uploaded(client, png(size=(320, 240)), title="Soap")
    fields = {"prompt": "Both", f"role.{image['id']}": "product", f"role.{other['id']}": "product"}
    shown = await sent(client, "/page/preview", **fields)
    assert shown.status_code == 200, shown.text
    assert "does not read the prompt" in shown.text
    assert "320 by 240 pixels" in shown.text
    assert "$0.00" in shown.text
    headers = {"HX-Request": "true", "HX-Target": "preview"}
    for path in ("/page/preview", "/page/generations"):
        refused = await client.post(path, data={**fields, "size": "9x9"}, headers=headers)
        assert (refused.status_code, refused.headers["hx-retarget"]) == (422, "#notice-preview")
        assert 'data-field="size"' in refused.text
    assert (await client.get("/api/generations")).json()["items"] == []


async def test_form_that_is_sent_twice_is_one_generation(client: Client) -> None:
    image = await uploaded(client, png(size=(320, 240)), title="Lamp")
    other = await uploaded(client, png(size=(320, 240)), title="Soap")
    fields = {"prompt": "Both", f"role.{image['id']}": "product", f"role.{other['id']}": "product"}
    number = str(uuid4())
    first = await sent(client, "/page/generations", **fields, nonce=number)
    assert first.status_code == 200, first.text
    assert re.search(r'id="nonce" value="[0-9a-f-]{36}" hx-swap-oob="true"', first.text)
    await sent(client, "/page/generations", **fields, nonce=number)
    assert len((await client.get("/api/generations")).json()["items"]) == 1
    # What is changed is another request, and so is what is sent on purpose once more.
    await sent(client, "/page/generations", **{**fields, "prompt": "Both again"}, nonce=number)
    await sent(client, "/page/generations", **fields, nonce=str(uuid4()))
    assert len((await client.get("/api/generations")).json()["items"]) == 3
    assert (await sent(client, "/page/generations", **fields, nonce="x")).status_code == 400


async def test_rating_is_taken_changed_and_taken_back(client: Client, database: Database) -> None:
    first, _ = await two(database)
    path = f"/page/generations/{first.id}/outputs/1/rating"
    down = await sent(client, path, rating="down", reason="artefact", comment="six fingers")
    assert re.search(r'value="artefact" checked', down.text)
    assert 'value="six fingers"' in down.text
    up = await sent(client, path, rating="up")
    assert "What is wrong" not in up.text
    assert 'value="none" aria-pressed="true" aria-label="Good picture"' in up.text
    assert 'aria-pressed="true"' not in (await sent(client, path, rating="none")).text
    for fields in ({"rating": "sideways"}, {"rating": "down", "reason": "smell"}):
        assert (await sent(client, path, **fields)).status_code == 400
    assert (
        await sent(client, f"/page/generations/{first.id}/outputs/9/rating", rating="up")
    ).status_code == 404


async def test_queued_generation_is_called_off(client: Client) -> None:
    runtime = runtime_of(client)
    assert runtime.settings.generator == "local"
    image = await uploaded(client, png(size=(320, 240)), title="Lamp")
    other = await uploaded(client, png(size=(320, 240)), title="Soap")
    fields = {"prompt": "Both", f"role.{image['id']}": "product", f"role.{other['id']}": "product"}
    await sent(client, "/page/generations", **fields)
    queued = (await client.get("/api/generations")).json()["items"][0]
    cancelled = await client.post(f"/page/generations/{queued['id']}/cancel")
    assert "Called off" in cancelled.text
    assert f"/?again={queued['id']}" in cancelled.text
    again = await page(client, f"/?again={queued['id']}")
    assert re.findall(r'data-chosen="(\d+)"', again) == [str(image["id"]), str(other["id"])]
    assert ">Both</textarea>" in again
    assert (await client.post(f"/page/generations/{queued['id']}/cancel")).status_code == 409


async def test_change_is_begun_from_an_address_and_left(client: Client, database: Database) -> None:
    first, _ = await two(database)
    text = await page(client, f"/?parent={first.id}&parent_output=2&parent_references=on")
    assert "Change this picture" in text
    assert text.count("data-place") == 2
    fields = {"parent": str(first.id), "parent_output": "2", "change": "Warmer"}
    without = (await sent(client, "/page/choice", **fields)).text
    assert without.count("data-place") == 1
    assert "Change this picture" not in (await sent(client, "/page/choice", **{**fields, "parent": ""})).text
    for path in (f"/?parent={uuid4()}", f"/?parent={first.id}&parent_output=9", "/?parent=x", "/?again=x"):
        assert (await client.get(path)).status_code in (400, 404), path
