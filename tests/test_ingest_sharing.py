"""Pictures that several keys lead to, and keys and bytes that move from one image to another."""

from __future__ import annotations

from typing import Any

import pytest

from rage_pg.database import Database
from tests.records import images, put, record, sha256, statuses


async def test_two_products_may_show_one_picture(database: Database) -> None:
    one: dict[str, Any] = {"external_id": "E1", "sku": ("S1",), "title": "One", "tags": ("x",)}
    two: dict[str, Any] = {"external_id": "E2", "sku": ("S2",), "title": "Two", "tags": ("y",)}
    first, second = await put(
        database,
        record(1, "a.png", **one, attributes={"a": 1, "b": 1}),
        record(1, "b.png", **two, caption="Filled", attributes={"b": 2, "c": 2}),
    )
    assert statuses([first, second]) == ["imported", "duplicate"]
    assert first.image_id == second.image_id
    (image,) = (await images(database)).values()
    assert (image["title"], image["caption"]) == ("One", "Filled")
    assert (image["tags"], image["skus"]) == (["x", "y"], ["S1", "S2"])
    assert image["attributes"] == {"a": 1, "b": 1, "c": 2}
    assert image["keys"] == ["E1", "a.png", "E2", "b.png"]


async def test_a_shared_picture_imported_again_stays_as_it_is(database: Database) -> None:
    rows = (
        record(1, external_id="E1", sku=("S1",), title="One", tags=("x",)),
        record(1, external_id="E2", sku=("S2",), title="Two", tags=("y",)),
    )
    await put(database, *rows)
    before = await images(database)
    assert statuses(await put(database, *rows)) == ["duplicate", "duplicate"]
    assert await images(database) == before
    changed = await put(database, record(1, external_id="E1", title="New"), rows[1])
    assert statuses(changed) == ["updated", "duplicate"]
    assert [image["title"] for image in (await images(database)).values()] == ["New"]


async def test_new_bytes_split_a_shared_picture(database: Database) -> None:
    shared, _ = await put(
        database,
        record(1, "a.png", external_id="E1", sku=("S1",), rights="until June", kind="product"),
        record(1, "b.png", external_id="E2", sku=("S2",)),
    )
    (split,) = await put(database, record(2, "b.png", external_id="E2", sku=("S2",)))
    assert split.status == "updated"
    assert split.image_id != shared.image_id
    stored = await images(database)
    old, new = stored[shared.image_id or 0], stored[split.image_id or 0]
    assert (old["keys"], old["skus"], old["version"], old["state"]) == (
        ["E1", "a.png"],
        ["S1"],
        1,
        "approved",
    )
    assert (new["keys"], new["skus"], new["versions"]) == (["E2", "b.png"], ["S2"], [sha256(2)])
    assert (new["rights"], new["kind"]) == ("until June", "product")


async def test_copies_of_a_file_are_one_image_until_one_is_edited(database: Database) -> None:
    first, copy = await put(database, record(1, "a.png"), record(1, "copy.png"))
    assert (copy.image_id, copy.status) == (first.image_id, "duplicate")
    edited, untouched = await put(database, record(2, "copy.png"), record(1, "a.png"))
    assert edited.image_id != first.image_id
    assert (untouched.image_id, untouched.status) == (first.image_id, "duplicate")


async def test_a_key_moves_to_the_image_that_has_its_bytes(database: Database) -> None:
    one, two = await put(database, record(1, external_id="E1", sku=("S1",)), record(2, external_id="E2"))
    (moved,) = await put(database, record(2, external_id="E1", sku=("S1",)))
    assert (moved.image_id, moved.status) == (two.image_id, "duplicate")
    stored = await images(database)
    left, right = stored[one.image_id or 0], stored[two.image_id or 0]
    assert (left["keys"], left["skus"], left["state"]) == ([], [], "retired")
    assert (right["keys"], right["skus"], right["state"]) == (["E2", "E1"], ["S1"], "approved")
    (back,) = await put(database, record(1, external_id="E1", sku=("S1",)))
    assert back.image_id == one.image_id
    assert (await images(database))[one.image_id or 0]["state"] == "approved"


async def test_two_files_that_swap_names_stay_two_images(database: Database) -> None:
    one, two = await put(database, record(1, "a.png"), record(2, "b.png"))
    swapped = await put(database, record(2, "a.png"), record(1, "b.png"))
    assert [item.image_id for item in swapped] == [two.image_id, one.image_id]
    stored = await images(database)
    assert [(image["keys"], image["state"]) for image in stored.values()] == [
        (["b.png"], "approved"),
        (["a.png"], "approved"),
    ]


APPLE: dict[str, Any] = {"external_id": "APPLE", "title": "Apple", "caption": "An apple", "tags": ("apple",)}
BANANA: dict[str, Any] = {
    "external_id": "BANANA",
    "title": "Banana",
    "caption": "Yellow",
    "tags": ("banana",),
}
CHERRY: dict[str, Any] = {"external_id": "CHERRY", "title": "Cherry", "caption": "Red", "tags": ("cherry",)}


def words(image: dict[str, Any]) -> tuple[list[str], str, str, list[str]]:
    return image["keys"], image["title"], image["caption"], image["tags"]


async def test_pictures_exchanged_under_external_ids_are_new_versions(database: Database) -> None:
    one, two = await put(database, record(1, "a.png", **APPLE), record(2, "b.png", **BANANA))
    rows = (record(2, "a.png", **APPLE), record(1, "b.png", **BANANA))
    swapped = await put(database, *rows)
    assert [(item.image_id, item.status) for item in swapped] == [
        (one.image_id, "updated"),
        (two.image_id, "updated"),
    ]
    stored = await images(database)
    left, right = stored[one.image_id or 0], stored[two.image_id or 0]
    assert words(left) == (["APPLE", "a.png"], "Apple", "An apple", ["apple"])
    assert words(right) == (["BANANA", "b.png"], "Banana", "Yellow", ["banana"])
    assert (left["versions"], right["versions"]) == ([sha256(1), sha256(2)], [sha256(2), sha256(1)])
    assert (left["hidden"], right["hidden"]) == (False, False)
    assert statuses(await put(database, *rows)) == ["duplicate", "duplicate"]
    assert await images(database) == stored


async def test_pictures_exchanged_across_batches_take_their_ids_along(database: Database) -> None:
    one, two = await put(database, record(1, **APPLE), record(2, **BANANA))
    apple, banana = record(2, **APPLE), record(1, **BANANA)
    moved = [(await put(database, row))[0] for row in (apple, banana)]
    assert [item.image_id for item in moved] == [two.image_id, one.image_id]
    for row in (apple, banana):
        await put(database, row)
    stored = await images(database)
    left, right = stored[one.image_id or 0], stored[two.image_id or 0]
    assert words(left) == (["BANANA"], "Banana", "Yellow", ["banana"])
    assert words(right) == (["APPLE"], "Apple", "An apple", ["apple"])
    assert (left["versions"], left["state"], right["versions"]) == ([sha256(1)], "approved", [sha256(2)])


async def test_bytes_handed_on_in_a_row_of_products_are_new_versions(database: Database) -> None:
    first = await put(database, record(1, **APPLE), record(2, **BANANA), record(3, **CHERRY))
    then = await put(database, record(2, **APPLE), record(3, **BANANA), record(4, **CHERRY))
    assert [item.image_id for item in then] == [item.image_id for item in first]
    assert statuses(then) == ["updated"] * 3
    shown = [(image["keys"], image["sha256"], image["state"]) for image in (await images(database)).values()]
    assert shown == [
        (["APPLE"], sha256(2), "approved"),
        (["BANANA"], sha256(3), "approved"),
        (["CHERRY"], sha256(4), "approved"),
    ]


async def test_an_image_that_keeps_its_bytes_for_another_id_is_not_lost(database: Database) -> None:
    one, two = await put(database, record(1, **APPLE), record(2, **BANANA))
    kept, new, changed = await put(database, record(1, **CHERRY), record(2, **APPLE), record(3, **BANANA))
    assert (kept.image_id, changed.image_id) == (one.image_id, two.image_id)
    stored = await images(database)
    shown = [
        (image["keys"], image["sha256"], image["hidden"])
        for image in (stored[item.image_id or 0] for item in (kept, new, changed))
    ]
    assert shown == [
        (["CHERRY"], sha256(1), False),
        (["APPLE"], sha256(2), False),
        (["BANANA"], sha256(3), False),
    ]


async def test_an_external_id_that_moves_brings_its_words_where_no_other_stays(database: Database) -> None:
    first = await put(database, record(1, **APPLE), record(2, **BANANA), record(3, **CHERRY))
    await put(database, record(2, **APPLE), record(3, **BANANA))  # the third keeps its picture
    stored = await images(database)
    assert words(stored[first[1].image_id or 0]) == (["APPLE"], "Apple", "An apple", ["apple"])
    shared = stored[first[2].image_id or 0]
    assert (shared["keys"], shared["title"]) == (["CHERRY", "BANANA"], "Cherry")


async def test_bytes_that_one_image_gives_up_can_be_another_ones_at_once(database: Database) -> None:
    (first,) = await put(database, record(1, "a.png"))
    changed, new = await put(database, record(2, "a.png"), record(1, "b.png"))
    assert (changed.image_id, changed.status) == (first.image_id, "updated")
    assert (new.status, new.image_id != first.image_id) == ("imported", True)


@pytest.mark.parametrize("stored_state", ["draft", "retired"])
async def test_a_state_that_is_said_of_a_duplicate_holds(database: Database, stored_state: str) -> None:
    (first,) = await put(database, record(1, "a.png", state=stored_state))
    silent, said, again = [
        (await put(database, one))[0]
        for one in (record(1), record(1, state="approved"), record(1, state="approved"))
    ]
    assert {silent.image_id, said.image_id} == {first.image_id}
    assert statuses([silent, said, again]) == ["duplicate", "updated", "duplicate"]
    assert (await images(database))[first.image_id or 0]["state"] == "approved"
