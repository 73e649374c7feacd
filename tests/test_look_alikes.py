"""What shows the same bytes or looks alike, in SQL: told apart, confirmed by style, within one's brands."""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg
import pytest
from PIL import Image

from rage_pg import index, migrate
from rage_pg.callers import SYSTEM
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.embedded import app_url
from tests.conftest import clone, database_name
from tests.drawings import drawing, saved
from tests.granting import login
from tests.store import add

STYLE = """
INSERT INTO rage.embeddings (space_id, image_id, brand_id, input_sha256, embedding)
SELECT l.space_id, i.image_id, i.brand_id, %(sha256)s::bytea, (%(vector)s::real[])::vector::halfvec
FROM rage.images AS i JOIN rage.search_legs AS l ON l.leg = 'style'
WHERE i.image_id = %(image_id)s
"""


class Store(NamedTuple):
    """A picture, its look-alikes, and others, by id."""

    url: str
    one: int
    small: int
    draft: int
    twin: int
    theirs: int
    other: int


@pytest.fixture(scope="module", params=[16, 18])
def migrated(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A server, and the name of an empty store on it."""
    server: str = request.getfixturevalue(f"server_{request.param}")
    url = clone(server, "template0")
    migrate.upgrade(url, app_logs_in=True)
    return server, database_name(url)


@pytest.fixture
async def store(migrated: tuple[str, str]) -> Store:
    url = clone(*migrated)
    picture = drawing(1)
    async with Database(app_url(url), caller=SYSTEM) as database:
        return Store(
            url=url,
            one=await add(database, "one", content=saved(picture), brand="lumen", tags=("a",)),
            small=await add(database, "small", content=saved(picture.resize((320, 240))), brand="lumen"),
            draft=await add(
                database, "draft", content=saved(picture, "JPEG", quality=70), brand="lumen", state="draft"
            ),
            twin=await add(database, "twin", content=saved(picture), brand="north"),
            theirs=await add(database, "theirs", content=saved(picture, "WEBP"), brand="north"),
            other=await add(database, "other", content=saved(drawing(2)), brand="lumen"),
        )


def rows(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def look_alikes(url: str, arguments: str, *values: Any) -> set[tuple[str, str]]:
    found = rows(url, f"SELECT title, kind FROM rage_v1.look_alikes({arguments})", *values)
    assert len(found) == len(set(found))
    return set(found)


def pairs(url: str, arguments: str = "") -> set[tuple[int, int, str]]:
    found = rows(url, f"SELECT image_id, other_id, kind FROM rage_v1.duplicates({arguments})")
    assert len(found) == len(set(found))
    return set(found)


ALIKE = "look-alike"
ALL = {("twin", "duplicate"), ("small", ALIKE), ("draft", ALIKE), ("theirs", ALIKE)}


def test_same_bytes_come_first_and_look_alikes_after_them(store: Store) -> None:
    found = rows(store.url, "SELECT rank, title, kind, distance FROM rage_v1.look_alikes(%s)", store.one)
    assert found[0] == (1, "twin", "duplicate", 0)
    assert {(title, kind) for _, title, kind, _ in found} == ALL
    assert [rank for rank, *_ in found] == [1, 2, 3, 4]
    assert [distance for *_, distance in found] == sorted(distance for *_, distance in found)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("brands => '{lumen}'", {("small", ALIKE), ("draft", ALIKE)}),
        ("states => '{draft}'", {("draft", ALIKE)}),
        ("tags_all => '{a}'", set()),
        ("k => 1", {("twin", "duplicate")}),
        ("among => '{}'", set()),
        ("brands => '{}'", set()),
        ("threshold => 11", ALL),
        ("style_within => NULL", ALL),
    ],
)
def test_filters_are_those_of_a_list(store: Store, arguments: str, found: set[tuple[str, str]]) -> None:
    assert look_alikes(store.url, f"%s, {arguments}", store.one) == found


def test_each_pair_is_told_once_and_one_stands_for_its_twins(store: Store) -> None:
    one, small, draft, twin, theirs = store.one, store.small, store.draft, store.twin, store.theirs
    alike = {(a, b, ALIKE) for a, b in [(one, small), (one, draft), (one, theirs)]}
    alike |= {(a, b, ALIKE) for a, b in [(small, draft), (small, theirs), (draft, theirs)]}
    assert pairs(store.url) == {(one, twin, "duplicate"), *alike}
    # Where the first is filtered out, the next stands for them.
    assert pairs(store.url, "brands => '{north}'") == {(twin, theirs, ALIKE)}
    assert len(pairs(store.url, "k => 2")) == 2


def test_another_brands_images_are_not_told(store: Store) -> None:
    with login(store.url, "alike_reader", "lumen") as url:
        assert look_alikes(url, "%s", store.one) == {("small", ALIKE), ("draft", ALIKE)}
        seen = {image_id for one, other, _ in pairs(url) for image_id in (one, other)}
        assert seen == {store.one, store.small, store.draft}
        assert look_alikes(url, "%s, brands => '{north}'", store.one) == set()
        for image_id in (store.twin, store.theirs):
            with pytest.raises(psycopg.errors.NoDataFound, match="there is no image"):
                look_alikes(url, "%s", image_id)


def test_hashes_are_nobodys_to_read(store: Store) -> None:
    with (
        login(store.url, "hash_reader", "lumen") as url,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        rows(url, "SELECT * FROM rage.picture_hashes")


async def test_hidden_and_erased_images_are_not_told(store: Store) -> None:
    async with Database(app_url(store.url), caller=SYSTEM) as database:
        await images.delete(database, store.small)
        await images.delete(database, store.theirs, erase=True)
    assert look_alikes(store.url, "%s", store.one) == {("twin", "duplicate"), ("draft", ALIKE)}
    assert pairs(store.url) == {(store.one, store.twin, "duplicate"), (store.one, store.draft, ALIKE)}
    with pytest.raises(psycopg.errors.NoDataFound, match="there is no image"):
        look_alikes(store.url, "%s", store.small)
    # The hash goes with the bytes, unless another brand shows them.
    left = "SELECT count(*) FROM rage.picture_hashes"
    assert rows(store.url, left) == [(4,)]
    async with Database(app_url(store.url), caller=SYSTEM) as database:
        await images.delete(database, store.twin, erase=True)
        assert rows(store.url, left) == [(4,)]
        await images.delete(database, store.one, erase=True)
        assert rows(store.url, left) == [(3,)]


def test_another_style_makes_another_picture(store: Store) -> None:
    vectors = {store.one: [1.0, 0.0], store.small: [1.0, 0.1], store.draft: [0.0, 1.0]}
    with psycopg.connect(store.url) as connection:
        connection.execute("SET search_path = rage, public")
        for image_id, vector in vectors.items():
            shown = "SELECT sha256 FROM contents JOIN images USING (content_id) WHERE image_id = %s"
            row = connection.execute(shown, [image_id]).fetchone()
            assert row is not None
            values = {"image_id": image_id, "sha256": row[0], "vector": vector + [0.0] * 98}
            connection.execute(STYLE, values)
    found = rows(
        store.url,
        "SELECT title, style_distance FROM rage_v1.look_alikes(%s, brands => '{lumen}')",
        store.one,
    )
    assert found == [("small", pytest.approx(0.005, abs=0.002))]
    assert pairs(store.url, "brands => '{lumen}'") == {(store.one, store.small, ALIKE)}
    assert ("draft", ALIKE) in look_alikes(store.url, "%s, style_within => 1", store.one)
    # A vector of bytes that are no longer shown says nothing.
    with psycopg.connect(store.url) as connection:
        connection.execute(
            "UPDATE rage.embeddings SET input_sha256 = sha256('x') WHERE image_id = %s", [store.draft]
        )
    assert ("draft", ALIKE) in look_alikes(store.url, "%s", store.one)


async def test_pictures_stored_before_are_looked_at_later(store: Store) -> None:
    with psycopg.connect(store.url) as connection:
        before = connection.execute("DELETE FROM rage.picture_hashes RETURNING content_id, hash").fetchall()
        connection.execute(
            "UPDATE rage.contents SET thumbnail = 'no picture' WHERE content_id ="
            " (SELECT content_id FROM rage.images WHERE image_id = %s)",
            [store.other],
        )
    assert look_alikes(store.url, "%s", store.one) == {("twin", "duplicate")}
    assert pairs(store.url) == {(store.one, store.twin, "duplicate")}
    async with Database(app_url(store.url), caller=SYSTEM) as database:
        await images.delete(database, store.theirs, erase=True)
        seen: list[int] = []
        assert await index.hash_pictures(database, seen.append) == 4
        assert seen == [4]
        assert await index.hash_pictures(database) == 0
    after = dict(rows(store.url, "SELECT content_id, hash FROM rage.picture_hashes"))
    assert [content for content, hashed in after.items() if hashed is None] == [
        rows(store.url, "SELECT content_id FROM rage.images WHERE image_id = %s", store.other)[0][0]
    ]
    assert {content: hashed for content, hashed in after.items() if hashed is not None}.items() <= dict(
        before
    ).items()
    assert look_alikes(store.url, "%s", store.one) == ALL - {("theirs", ALIKE)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("look_alikes(1, threshold => 12)", "threshold must be from 0 to 11 bits, not 12"),
        ("look_alikes(1, threshold => -1)", "threshold must be from 0 to 11"),
        ("look_alikes(1, threshold => NULL)", "threshold must be from 0 to 11 bits, not null"),
        ("look_alikes(1, style_within => -0.1)", "style_within must be a distance"),
        ("look_alikes(1, style_within => 'NaN')", "style_within must be a distance"),
        ("look_alikes(1, k => 0)", "k must be from 1 to 200"),
        ("look_alikes(1, attributes => '[]')", "attributes must be an object"),
        ("duplicates(12)", "threshold must be from 0 to 11"),
        ("duplicates(k => 0)", "k must be at least 1"),
        ("duplicates(k => NULL)", "k must be at least 1, not null"),
    ],
)
def test_bad_arguments_are_refused_by_name(database_url: str, call: str, message: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=message):
        rows(database_url, f"SELECT * FROM rage_v1.{call}")


async def test_flat_pictures_look_like_nothing(database: Database, database_url: str) -> None:
    for side in (60, 70, 80):
        await add(database, f"white {side}", content=saved(Image.new("RGB", (side, side), "white")))
    assert rows(database_url, "SELECT count(*), count(hash) FROM rage.picture_hashes") == [(3, 0)]
    assert pairs(database_url) == set()
