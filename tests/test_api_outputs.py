"""Keeping and rating over HTTP, and what a key that may only generate can do by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from rage_pg import index
from rage_pg.callers import SCOPES, Scope
from rage_pg.providers import usem3
from tests.api_service import Client, make_key, problem, runtime_of, service, uploaded
from tests.generating import FakeGenerator, carry_out, rows, value
from tests.probing import as_role
from tests.store import HashingEncoder


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


async def output_of(client: Client, asking: Client | None = None, **said: Any) -> str:
    """The address of an output of a new generation of brand lumen from a picture of soap."""
    image = await uploaded(
        client, brand="lumen", title="Rose soap", tags=["soap"], sku=["S-1"], kind="product"
    )
    body = {"prompt": "On a shelf", "brand": "lumen", "references": [{"image_id": image["id"]}], **said}
    answer = await (asking or client).post("/api/generations", json=body)
    assert answer.status_code == 202, answer.text
    generation_id = answer.json()["id"]
    await carry_out(runtime_of(client).database, FakeGenerator("local"), UUID(generation_id))
    return f"/api/generations/{generation_id}/outputs/1"


async def by_a_generating_key(client: Client) -> tuple[Client, Client, str]:
    """A key for everything, one that may only generate, and the address of an output of a new generation."""
    every = client.asking(await make_key(client, "every", scopes=SCOPES))
    await uploaded(every, brand="lumen")
    asking = client.asking(await make_key(client, "g", "lumen", scopes=["generate"]))
    return every, asking, await output_of(every, asking)


async def test_keep_needs_no_body_and_drafts_the_words(client: Client) -> None:
    address = await output_of(client)
    first, second = await client.post(f"{address}/keep"), await client.post(f"{address}/keep")
    assert first.status_code == 200, first.text
    image = first.json()
    assert image == second.json()
    assert (image["state"], image["title"], image["kind"]) == ("approved", "On a shelf", "other")
    assert (image["tags"], image["skus"]) == (["soap"], ["S-1"])
    assert image["caption"] == "On a shelf. Shows Rose soap."
    jobs = "SELECT count(*) FROM rage.procrastinate_jobs WHERE task_name = 'fill_index'"
    assert await value(runtime_of(client).database, jobs) == 1


async def test_keep_takes_words_in_place_of_the_drafts(client: Client) -> None:
    address = await output_of(client)
    said = {"title": "Soap", "caption": None, "tags": ["Hero"], "kind": "scene"}
    answer = await client.post(f"{address}/keep", json=said)
    image = answer.json()
    assert {name: image[name] for name in said} == {**said, "tags": ["hero"]}
    other = await client.post(f"{address}/keep", json={"title": "Shelf"})
    assert "another title" in problem(other, 409, "conflict")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"tags": ["a//b"]}', "tags"),
        ('{"title": "\\u0000"}', "title"),
        ('{"kind": "poster"}', "kind"),
        ("{", None),
    ],
)
async def test_words_that_cannot_be_are_refused(client: Client, body: str, field: str | None) -> None:
    address = await output_of(client)
    headers = {"Content-Type": "application/json"}
    answer = await client.post(f"{address}/keep", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    if field:
        assert answer.json()["field"] == field
    assert not await value(
        runtime_of(client).database, "SELECT bool_or(kept_at IS NOT NULL) FROM rage.generation_outputs"
    )


async def test_key_that_may_only_generate_keeps_with_drafts_and_edits_nothing_else(client: Client) -> None:
    _, asking, address = await by_a_generating_key(client)
    answer = await asking.post(f"{address}/keep", json={"caption": "A soap."})
    assert answer.status_code == 200, answer.text
    image = answer.json()
    assert (image["tags"], image["skus"], image["caption"]) == (["soap"], ["S-1"], "A soap.")
    assert (await asking.patch(f"/api/images/{image['id']}", json={"tags": []})).status_code == 403
    (said,) = await rows(
        runtime_of(client).database, "SELECT author FROM rage.captions WHERE source = 'person'"
    )
    assert said["author"] == "g"


async def test_it_cannot_overrule_what_somebody_has_said_of_the_draft(client: Client) -> None:
    every, asking, address = await by_a_generating_key(client)
    draft = (await every.get("/api/images?state=draft")).json()["items"][0]
    await every.patch(f"/api/images/{draft['id']}", json={"caption": "By a writer", "tags": ["mine"]})
    refused = await asking.post(f"{address}/keep", json={"caption": "By the keeper"})
    assert "another caption" in problem(refused, 409, "conflict")
    image = (await asking.post(f"{address}/keep")).json()
    assert (image["caption"], image["tags"], image["skus"]) == ("By a writer", ["mine"], ["S-1"])


async def test_it_rates_and_keeps_a_picture_that_the_catalogue_has(client: Client) -> None:
    _, asking, address = await by_a_generating_key(client)
    await rows(
        runtime_of(client).database, "UPDATE rage.images SET origin = 'imported' WHERE state = 'draft'"
    )
    assert (await asking.post(f"{address}/rating", json={"rating": 1})).status_code == 204
    assert "is a draft there" in problem(await asking.post(f"{address}/keep"), 409, "conflict")
    await rows(runtime_of(client).database, "UPDATE rage.images SET state = 'approved'")
    image = (await asking.post(f"{address}/keep")).json()
    assert (image["tags"], image["skus"]) == ([], [])


async def test_function_that_drafts_asks_who_asks(client: Client, database_url: str) -> None:
    """As a fault in the service could call it: for a key of another brand, or one that may only read."""
    address = await output_of(client)
    generation_id = address.split("/")[3]
    call = "SELECT rage.describe_output(%s, 1, 'On a shelf', '{\"tags\": [\"mine\"]}', 'x')"
    granted: list[tuple[str, str, Scope]] = [
        ("r", "lumen", "read"),
        ("w", "lumen", "write"),
        ("o", "default", "generate"),
    ]
    for name, brand, scope in granted:
        await make_key(client, name, brand, scopes=[scope])
        caller_id = await value(
            runtime_of(client).database, "SELECT caller_id::text FROM rage.callers WHERE name = %(n)s", n=name
        )
        with as_role(database_url, "rage_app", caller_id) as session:
            session.execute(call.encode(), [generation_id])
    with as_role(database_url, "rage_app") as session:
        session.execute(call.encode(), [generation_id])
    assert await value(runtime_of(client).database, "SELECT count(*) FROM rage.tags WHERE name = 'mine'") == 0


async def test_login_cannot_call_it(client: Client, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as operator:
        operator.execute("CREATE ROLE asks_for_drafts LOGIN IN ROLE rage_requester")
    try:
        with as_role(database_url, "asks_for_drafts") as session:
            for call in (
                "describe_output(NULL, 1, '', '{}', '')",
                "drafted_tags(NULL)",
                "lending_references(NULL)",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(f"SELECT rage.{call}".encode())
    finally:
        with psycopg.connect(database_url, autocommit=True) as operator:
            operator.execute("DROP ROLE asks_for_drafts")


@pytest.mark.parametrize("comment", ["a\\u0000b", "\\ud800", "x" * 5_001])
async def test_comment_that_cannot_be_kept_is_refused(client: Client, comment: str) -> None:
    address = await output_of(client)
    body, headers = f'{{"rating": 1, "comment": "{comment}"}}', {"Content-Type": "application/json"}
    answer = await client.post(f"{address}/rating", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert len(answer.json()["detail"]) < 200


async def test_reasons_are_codes(client: Client) -> None:
    address = await output_of(client)
    assert (
        await client.post(f"{address}/rating", json={"rating": -1, "reasons": ["ugly"]})
    ).status_code == 400
    twice = {"rating": -1, "reasons": ["artefact", "artefact", "other"], "comment": "  "}
    assert (await client.post(f"{address}/rating", json=twice)).status_code == 204
    (row,) = await rows(runtime_of(client).database, "SELECT reasons, comment FROM rage.ratings")
    assert (row["reasons"], row["comment"]) == (["artefact", "other"], None)


async def test_what_is_not_kept_shows_up_nowhere_by_default(client: Client) -> None:
    address = await output_of(client, count=1)
    [draft] = (await client.get("/api/images?state=draft")).json()["items"]
    soap = (await client.get("/api/images?state=approved")).json()["items"][0]["id"]
    runtime = runtime_of(client)
    await index.fill(runtime.database, [HashingEncoder(usem3.Usem3().identity)])

    async def found() -> list[int]:
        """Where a default search or its like gives the draft."""
        ids = []
        search = await client.post("/api/search", json={"prompt": "On a shelf", "k": 50})
        ids += [item["image"]["id"] for item in search.json()["items"]]
        facets = (await client.get("/api/facets?prompt=On+a+shelf")).json()
        ids += [draft["id"]] * (facets["counted"] > 1)
        alike = await client.get(f"/api/images/{soap}/similar?by=caption")
        ids += [item["image"]["id"] for item in alike.json()["items"]]
        auto = {"prompt": "On a shelf", "brand": "lumen", "auto": {"k": 5}, "dry_run": True}
        chosen = await client.post("/api/generations", json=auto)
        ids += [one["image_id"] for one in chosen.json().get("references", ())]
        for function in ("search_images('On a shelf')", "similar_images(%(id)s, 'caption')"):
            statement = f"SELECT image_id FROM rage_v1.{function}"
            ids += [row["image_id"] for row in await rows(runtime.database, statement, id=soap)]
        return ids

    assert draft["id"] not in await found()
    await client.post(f"{address}/keep")
    assert draft["id"] in await found()
    await client.patch(f"/api/images/{draft['id']}", json={"state": "retired"})
    assert draft["id"] not in await found()
