"""Brands, collections and tags over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api_service import Client, problem, service, uploaded


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


async def test_brand_is_added_read_and_edited(client: Client) -> None:
    made = await client.post(
        "/api/brands", json={"name": "Lumen", "title": "Lumen Ltd", "guidelines": "Soft."}
    )
    assert made.status_code == 201
    assert made.json() | {"created_at": None} == {
        "name": "Lumen", "title": "Lumen Ltd", "guidelines": "Soft.", "palette": [], "words_to_avoid": [],
        "language": None, "reserved": False, "images": 0, "created_at": None,
    }  # fmt: skip
    assert (await client.get("/api/brands/lumen")).json() == made.json()
    edited = (await client.put("/api/brands/lumen", json={"title": "Lumen & Co"})).json()
    assert (edited["title"], edited["guidelines"]) == ("Lumen & Co", None)
    await uploaded(client, brand="lumen")
    brands = (await client.get("/api/brands")).json()["items"]
    assert {brand["name"]: brand["images"] for brand in brands} == {"default": 0, "Lumen": 1, "shared": 0}


async def test_what_a_patch_of_a_brand_leaves_out_stays(client: Client) -> None:
    made = await client.post("/api/brands", json={"name": "Licht", "title": "Licht AG", "language": "de"})
    assert made.json()["language"] == "de"
    await uploaded(client, brand="licht", title="Häuser")
    await uploaded(client, brand="licht", title="horses", caption="running horses", caption_language="en")
    edited = (await client.patch("/api/brands/licht", json={"guidelines": "Soft."})).json()
    assert (edited["title"], edited["guidelines"], edited["language"]) == ("Licht AG", "Soft.", "de")
    assert await listed(client, "haus") == ["Häuser"]
    edited = (await client.patch("/api/brands/licht", json={"language": None})).json()
    assert (edited["title"], edited["language"]) == ("Licht AG", None)
    assert await listed(client, "haus") == []
    assert await listed(client, "horse") == ["horses"]
    bad = await client.patch("/api/brands/licht", json={"language": "d_e"})
    assert "language tag like de" in problem(bad, 400, "invalid-input", "language")
    problem(await client.patch("/api/brands/nobody", json={}), 404, "not-found")
    problem(await client.patch("/api/brands/licht", json={"name": "x"}), 400, "invalid-input", "name")


async def test_palette_and_words_to_avoid_are_kept_replaced_and_cleared(client: Client) -> None:
    said = {"palette": [" #0B6E4F  Forest ", "#ffffff"], "words_to_avoid": ["cheap", " miracle\n cure "]}
    kept = {"palette": ["#0b6e4f Forest", "#ffffff"], "words_to_avoid": ["cheap", "miracle cure"]}

    def heeded(brand: dict[str, Any]) -> dict[str, Any]:
        return {name: brand[name] for name in kept}

    assert heeded((await client.post("/api/brands", json={"name": "Lumen", **said})).json()) == kept
    assert heeded((await client.get("/api/brands/lumen")).json()) == kept
    assert heeded((await client.get("/api/brands")).json()["items"][1]) == kept
    address = "/api/brands/lumen"
    assert heeded((await client.patch(address, json={"title": "L"})).json()) == kept
    assert heeded((await client.patch(address, json={"palette": None})).json()) == {**kept, "palette": []}
    assert heeded((await client.put(address, json={"palette": ["#000000"]})).json()) == {
        "palette": ["#000000"], "words_to_avoid": [],
    }  # fmt: skip
    # What was read can be sent back as it is.
    assert heeded((await client.put(address, json=kept)).json()) == kept


REFUSED: list[tuple[str, Any, str]] = [
    ("palette", ["green"], "'green' is no colour; write #rrggbb"),
    ("palette", ["#0b6e4"], "no colour"),
    ("palette", ["#0b6e4fForest"], "no colour"),
    ("palette", ["#" + "\u0660" * 6], "no colour"),
    ("palette", [""], "no colour"),
    ("palette", ["#0b6e4f " + "F" * 41], "has 41 characters, at most 40 fit"),
    ("palette", ["#0b6e4f For\x1best"], "control character"),
    ("palette", ["#0b6e4f Forest", "#0B6E4F Moss"], "names '#0b6e4f' twice"),
    ("palette", [f"#0000{number:02}" for number in range(17)], "has 17 colours, at most 16 fit"),
    ("palette", "#0b6e4f", "must be a list"),
    ("words_to_avoid", [" \t "], "is empty"),
    ("words_to_avoid", ["\u200b"], "is empty"),
    ("words_to_avoid", ["w" * 61], "has 61 characters, at most 60 fit; what needs a sentence"),
    ("words_to_avoid", ["Cheap", "cheap "], "names 'cheap' twice"),
    ("words_to_avoid", [str(number) for number in range(101)], "has 101 entries, at most 100 fit"),
    ("words_to_avoid", ["a\0b"], "NUL"),
]


async def test_a_palette_or_word_that_cannot_be_is_refused_and_nothing_changes(client: Client) -> None:
    kept = {"palette": ["#ffffff"], "words_to_avoid": ["dull"]}
    await client.post("/api/brands", json={"name": "Lumen", **kept})
    for field, value, words in REFUSED:
        for method, path, said in (
            ("PATCH", "/api/brands/lumen", {}),
            ("PUT", "/api/brands/lumen", {}),
            ("POST", "/api/brands", {"name": "x"}),
        ):
            answer = await client.request(method, path, json={field: value, **said})
            assert words in problem(answer, 400, "invalid-input", field)
    stands = (await client.get("/api/brands/lumen")).json()
    assert {name: stands[name] for name in kept} == kept
    problem(await client.get("/api/brands/x"), 404, "not-found")


async def listed(client: Client, words: str) -> list[str]:
    answer = await client.get("/api/images", params={"q": words})
    return [item["title"] for item in answer.json()["items"]]


async def test_brand_with_a_slash_has_an_address(client: Client) -> None:
    await client.post("/api/brands", json={"name": "north/trail"})
    assert (await client.get("/api/brands/north%2Ftrail")).json()["name"] == "north/trail"


async def test_brand_faults_are_told(client: Client) -> None:
    problem(await client.post("/api/brands", json={"name": " DEFAULT "}), 409, "conflict")
    problem(await client.post("/api/brands", json={"name": "  "}), 400, "invalid-input", "name")
    problem(await client.post("/api/brands", json={}), 400, "invalid-input", "name")
    problem(await client.post("/api/brands", json={"name": "a\0b"}), 400, "invalid-input")
    problem(await client.get("/api/brands/nobody"), 404, "not-found")
    problem(await client.put("/api/brands/nobody", json={}), 404, "not-found")


async def test_collection_is_made_replaced_and_deleted(client: Client) -> None:
    first, second = [(await uploaded(client))["id"] for _ in range(2)]
    body = {"brand": "default", "image_ids": [second, first, second], "title": "The best"}
    made = await client.put("/api/collections/best", json=body)
    assert made.status_code == 200
    assert made.json()["image_ids"] == [second, first]
    replaced = await client.put("/api/collections/best", json={"brand": "default", "image_ids": [first]})
    assert (replaced.json()["title"], replaced.json()["image_ids"]) == (None, [first])
    assert (await client.get("/api/collections/BEST")).json() == replaced.json()
    assert (await client.get("/api/collections")).json()["items"] == [replaced.json()]
    assert (await client.delete("/api/collections/best?brand=default")).status_code == 204
    problem(await client.get("/api/collections/best"), 404, "not-found")
    problem(await client.delete("/api/collections/best?brand=default"), 404, "not-found")
    assert (await client.get(f"/api/images/{first}")).status_code == 200


async def test_collection_of_several_brands_must_be_named_with_its_brand(client: Client) -> None:
    await client.post("/api/brands", json={"name": "lumen"})
    for brand in ("default", "lumen"):
        await client.put("/api/collections/best", json={"brand": brand, "image_ids": []})
    assert "default, lumen" in problem(await client.get("/api/collections/best"), 409, "conflict")
    assert (await client.get("/api/collections/best?brand=lumen")).json()["brand"] == "lumen"


async def test_collection_faults_are_told(client: Client) -> None:
    put = {"brand": "default", "image_ids": [4711]}
    problem(await client.put("/api/collections/best", json=put), 404, "not-found")
    problem(await client.get("/api/collections/best"), 404, "not-found")
    nobody = {"brand": "nobody", "image_ids": []}
    problem(await client.put("/api/collections/best", json=nobody), 404, "not-found")
    huge = {"brand": "default", "image_ids": [10**20]}
    problem(await client.put("/api/collections/best", json=huge), 400, "invalid-input", "image_ids[0]")
    problem(await client.delete("/api/collections/best"), 400, "invalid-input", "brand")


async def test_tag_is_renamed_with_its_children(client: Client) -> None:
    image = await uploaded(client, tags=["light", "light/lamp"])
    body = {"brand": "default", "old": "light", "new": "glow"}
    answer = await client.post("/api/tags/rename", json=body)
    assert (answer.status_code, answer.json()) == (200, {"tags": 2})
    assert (await client.get(f"/api/images/{image['id']}")).json()["tags"] == ["glow", "glow/lamp"]
    problem(await client.post("/api/tags/rename", json=body), 404, "not-found")


async def test_tags_are_merged_only_on_demand(client: Client) -> None:
    await uploaded(client, tags=["lamp"])
    await uploaded(client, tags=["light"], brand="lumen")
    await uploaded(client, tags=["light"])
    renaming = {"brand": "default", "old": "light", "new": "lamp"}
    problem(await client.post("/api/tags/rename", json=renaming), 409, "conflict")
    merging = {"brand": "default", "tag": "light", "into": "lamp"}
    assert (await client.post("/api/tags/merge", json=merging)).status_code == 200
    assert (await client.get("/api/tags")).json()["items"] == [
        {"value": "lamp", "count": 2},
        {"value": "light", "count": 1},
    ]
    assert (await client.get("/api/tags?brand=lumen")).json()["items"] == [{"value": "light", "count": 1}]


async def test_tag_faults_are_told(client: Client) -> None:
    empty = {"brand": "default", "old": "light", "new": ""}
    problem(await client.post("/api/tags/rename", json=empty), 400, "invalid-input", "new")
    problem(await client.post("/api/tags/merge", json={"brand": "default"}), 400, "invalid-input", "tag")
