"""What follows the first rows of a search."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from rage_pg.catalogue import images
from rage_pg.database import Database
from tests.api_service import Client, make_key, problem, runtime_of, service
from tests.generating import rows
from tests.store import add

COUNT = 23


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


@pytest.fixture
async def lamps(database: Database) -> list[int]:
    return [await add(database, f"lamp {number}", brand="lumen") for number in range(COUNT)]


async def asked(client: Client, **request: Any) -> dict[str, Any]:
    answer = await client.post("/api/search", json={"prompt": "lamp", **request})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def page(client: Client, search_id: str, cursor: str | None = None) -> dict[str, Any]:
    asking = {} if cursor is None else {"cursor": cursor}
    answer = await client.get(f"/api/searches/{search_id}", params=asking)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(answer: dict[str, Any]) -> list[int]:
    return [item["image"]["id"] for item in answer["items"]]


def flat(pages: list[list[int]]) -> list[int]:
    return [image_id for part in pages for image_id in part]


async def all_pages(client: Client, first: dict[str, Any]) -> list[list[int]]:
    pages = [ids(first)]
    cursor = first["cursor"]
    while cursor is not None:
        following = await page(client, first["search_id"], cursor)
        pages.append(ids(following))
        cursor = following["cursor"]
    return pages


async def test_pages_give_what_one_long_answer_gives(client: Client, lamps: list[int]) -> None:
    whole = ids(await asked(client, k=COUNT))
    pages = await all_pages(client, await asked(client, k=5))
    assert [len(part) for part in pages] == [5, 5, 5, 5, 3]
    assert flat(pages) == whole
    assert sorted(whole) == sorted(lamps)


async def test_full_last_page_ends_it(client: Client, lamps: list[int]) -> None:
    assert (await asked(client, k=COUNT))["cursor"] is None
    assert (await asked(client, k=COUNT - 1))["cursor"] == str(COUNT - 1)


async def test_next_rows_heed_filters_and_cut_off(
    client: Client, lamps: list[int], database: Database
) -> None:
    await add(database, "lamp of another", brand="north")
    filters = {"brand": ["lumen"], "tags": {"none": ["sketch"]}, "created_after": "2001-01-01T00:00:00Z"}
    among = [*lamps[:7], 10**9]
    first = await asked(client, k=3, filters=filters, among=among, min_relevance=0.1, legs={"text": 2})
    pages = await all_pages(client, first)
    assert sorted(flat(pages)) == lamps[:7]
    assert (await page(client, first["search_id"], "3"))["strategy"] == first["strategy"] == "exact: text"


async def test_page_read_again_is_the_same_page(client: Client, lamps: list[int], database: Database) -> None:
    first = await asked(client, k=5)
    again = [await page(client, first["search_id"], "5") for _ in range(2)]
    await add(database, "lamp lamp lamp")
    again.append(await page(client, first["search_id"], "5"))
    assert ids(again[0]) == ids(again[1]) == ids(again[2])
    assert ids(await page(client, first["search_id"])) == ids(first)
    assert {one["cursor"] for one in again} == {"10"}


async def test_no_image_comes_twice_when_others_come_and_go(
    client: Client, lamps: list[int], database: Database
) -> None:
    first = await asked(client, k=5)
    for number in range(6):
        await add(database, f"lamp lamp {number}")
    await images.delete(database, ids(first)[0], erase=False)
    seen = flat(await all_pages(client, first))
    assert len(seen) == len(set(seen))
    assert set(lamps) - set(seen) == set()


async def test_two_at_once_get_the_same_page(client: Client, lamps: list[int]) -> None:
    first = await asked(client, k=5)
    pages = await asyncio.gather(*(page(client, first["search_id"], "5") for _ in range(6)))
    assert len({tuple(ids(one)) for one in pages}) == 1
    logged = await rows(runtime_of(client).database, "SELECT count(*), max(rank) FROM rage.search_results")
    assert list(logged[0].values()) == [10, 10]


@pytest.mark.parametrize("cursor", ["", "x", "-5", "3", "05", "10", "5.0", "\u0665", "9" * 40, "5 "])
async def test_cursor_that_was_never_given_is_refused(client: Client, lamps: list[int], cursor: str) -> None:
    found = await asked(client, k=5)
    answer = await client.get(f"/api/searches/{found['search_id']}", params={"cursor": cursor})
    assert "cursor" in problem(answer, 400, "invalid-input", "cursor")


async def test_search_without_results_has_no_next_rows(client: Client) -> None:
    found = await asked(client)
    assert (found["cursor"], (await page(client, found["search_id"]))["items"]) == (None, [])


async def test_unknown_search_is_not_found(client: Client) -> None:
    problem(await client.get(f"/api/searches/{uuid4()}"), 404, "not-found")
    assert (await client.get("/api/searches/7")).status_code == 404


async def test_search_is_continued_by_who_sees_the_same_brands_alone(
    client: Client, lamps: list[int], database: Database
) -> None:
    await add(database, "lamp of north", brand="north")
    ours, theirs, both = [
        {"Authorization": f"Bearer {await make_key(client, '-'.join(names), *names)}"}
        for names in (("lumen",), ("north",), ("lumen", "north"))
    ]
    answer = await client.post("/api/search", json={"prompt": "lamp", "k": 5}, headers=ours)
    search_id = answer.json()["search_id"]
    following = await client.get(f"/api/searches/{search_id}?cursor=5", headers=ours)
    assert set(ids(following.json())) <= set(lamps)
    problem(await client.get(f"/api/searches/{search_id}?cursor=5", headers=theirs), 404, "not-found")
    problem(await client.get(f"/api/searches/{search_id}?cursor=10", headers=both), 409, "conflict")
