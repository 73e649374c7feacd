"""Duplicates and look-alikes on the command line and over HTTP, from pictures in files to groups."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rage_pg.catalogue.alike import Pair, connected, groups
from rage_pg.database import Database
from rage_pg.types import Filters
from tests.api_service import Client, make_key, problem, service
from tests.command_line import Rage, in_process
from tests.drawings import drawing, saved
from tests.store import add


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


@pytest.fixture
def filled(rage: Rage, tmp_path: Path) -> Rage:
    """A picture in two sizes, one that two brands have, and one that stands alone."""
    big, common, alone = drawing(1), drawing(2), drawing(3)
    files = {
        "small.jpg": ("lumen", saved(big.resize((200, 150)), "JPEG", quality=80)),
        "big.png": ("lumen", saved(big)),
        "ours.png": ("lumen", saved(common)),
        "theirs.png": ("north", saved(common)),
        "alone.png": ("lumen", saved(alone)),
    }
    for name, (_, content) in files.items():
        (tmp_path / name).write_bytes(content)
    lines = [
        f"{name},{name},{brand},{'b' if brand == 'north' or name == 'ours.png' else 'a'}"
        for name, (brand, _) in files.items()
    ]
    (tmp_path / "manifest.csv").write_text("\n".join(["path,title,brand,tags", *lines]))
    assert rage("import", "--manifest", tmp_path / "manifest.csv", "--json").json["imported"] == 5
    return rage


def titles(answer: Any) -> list[tuple[str, list[str]]]:
    return [(group["kind"], [image["title"] for image in group["images"]]) for group in answer["groups"]]


def test_groups_as_json(filled: Rage) -> None:
    answer = filled("duplicates", "--json").json
    assert sorted(titles(answer)) == [
        ("duplicate", ["ours.png", "theirs.png"]),
        ("look-alike", ["big.png", "small.jpg"]),
    ]
    assert (answer["found"], answer["complete"]) == (2, True)
    same, alike = sorted(answer["groups"], key=lambda group: str(group["kind"]))
    assert same["distance"] == 0
    assert len({image["sha256"] for image in same["images"]}) == 1
    assert [image["brand"] for image in same["images"]] == ["lumen", "north"]
    assert alike["distance"] <= 7
    assert [(image["width"], image["largest"]) for image in alike["images"]] == [(640, True), (200, False)]


def test_groups_of_what_passes_a_filter(filled: Rage) -> None:
    def found(*options: str) -> list[tuple[str, list[str]]]:
        return titles(filled("duplicates", *options, "--json").json)

    same, alike = ("duplicate", ["ours.png", "theirs.png"]), ("look-alike", ["big.png", "small.jpg"])
    assert found("--brand", "lumen") == [alike]
    assert found("--brand", "north") == []
    assert found("--brand", "nobody") == []
    assert found("--tag", "a") == [alike]
    assert found("--tag", "b") == [same]
    assert found("--state", "draft") == []


def test_groups_for_people(filled: Rage) -> None:
    shown = filled("duplicates")
    assert shown.code == 0
    assert "the same bytes" in shown.out
    assert "alike, within" in shown.out
    assert "640 x 480" in shown.out
    assert shown.out.splitlines()[-1] == "2 groups"
    assert filled("duplicates", "-n", "1").out.splitlines()[-1] == "2 groups, 1 shown (-n)"
    assert filled("duplicates", "--brand", "north").out == "0 groups\n"


@pytest.mark.parametrize("options", [("--threshold", "12"), ("--threshold", "x"), ("-n", "0"), ("extra",)])
def test_wrong_usage(rage: Rage, options: tuple[str, ...]) -> None:
    assert rage("duplicates", *options).code == 2


@pytest.mark.parametrize("command", [("duplicates", "--json"), ("index", "fill", "--json")])
def test_pictures_of_an_older_version_are_looked_at_first(
    filled: Rage, database_url: str, command: tuple[str, ...]
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM rage.picture_hashes")
    assert filled(*command).code == 0
    assert len(filled("duplicates", "--json").json["groups"]) == 2
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(hash) FROM rage.picture_hashes").fetchone() == (4,)


async def test_more_pairs_than_are_read_are_told(database: Database) -> None:
    for side in (640, 500, 400):
        await add(database, content=saved(drawing(5, size=(640, 480)).resize((side, side * 3 // 4))))
    answer = await groups(database, Filters(), most_pairs=2)
    assert not answer.complete
    assert (await groups(database, Filters())).complete
    assert [len(group.images) for group in (await groups(database, Filters())).groups] == [3]


def test_pairs_join_to_groups() -> None:
    def pair(one: int, other: int) -> Pair:
        return Pair(one, other, "look-alike", 1)

    assert connected([]) == []
    assert connected([pair(5, 9), pair(1, 2), pair(2, 5), pair(7, 8)]) == [[1, 2, 5, 9], [7, 8]]
    chain = [pair(number, number + 1) for number in range(5_000, 0, -1)]
    assert connected(chain) == [list(range(1, 5_002))]


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


@pytest.fixture
async def ids(database: Database) -> list[int]:
    """A picture, its small version, a draft of it, the same bytes in another brand, and another picture."""
    picture = drawing(1)
    return [
        await add(database, "one", content=saved(picture), brand="lumen"),
        await add(database, "small", content=saved(picture.resize((200, 150))), brand="lumen"),
        await add(database, "draft", content=saved(picture, "WEBP"), brand="lumen", state="draft"),
        await add(database, "twin", content=saved(picture), brand="north"),
        await add(database, "other", content=saved(drawing(2)), brand="lumen"),
    ]


async def test_look_alikes_over_http(ids: list[int], client: Client) -> None:
    answer = (await client.get(f"/api/images/{ids[0]}/look-alikes")).json()
    assert answer["items"][0]["image"]["id"] == ids[3]
    assert {(item["image"]["title"], item["kind"]) for item in answer["items"]} == {
        ("twin", "duplicate"),
        ("small", "look-alike"),
        ("draft", "look-alike"),
    }
    assert all(item["distance"] <= 7 and item["style_distance"] is None for item in answer["items"])
    narrow = (await client.get(f"/api/images/{ids[0]}/look-alikes?brand=lumen&state=approved&k=5")).json()
    assert [item["image"]["title"] for item in narrow["items"]] == ["small"]
    assert (await client.get(f"/api/images/{ids[4]}/look-alikes?threshold=11")).json() == {"items": []}


async def test_a_list_of_look_alikes(ids: list[int], client: Client) -> None:
    async def listed(query: str) -> list[str]:
        answer = await client.get(f"/api/images?look_alike={query}")
        assert answer.status_code == 200, answer.text
        return [item["title"] for item in answer.json()["items"]]

    assert await listed(f"{ids[0]}&sort=title") == ["draft", "small", "twin"]
    assert await listed(f"{ids[0]}&state=draft") == ["draft"]
    assert await listed(f"{ids[4]}") == []
    first = (await client.get(f"/api/images?look_alike={ids[0]}&sort=title&limit=2")).json()
    assert await listed(f"{ids[0]}&sort=title&limit=2&cursor={first['cursor']}") == ["twin"]


async def test_bad_requests(ids: list[int], client: Client) -> None:
    problem(await client.get("/api/images/999999/look-alikes"), 404, "not-found")
    problem(await client.get("/api/images?look_alike=999999"), 404, "not-found")
    problem(await client.get(f"/api/images?look_alike={2**70}"), 404, "not-found")
    for path in (
        f"/api/images/{ids[0]}/look-alikes?threshold=12",
        f"/api/images/{ids[0]}/look-alikes?k=0",
        f"/api/images/{ids[0]}/look-alikes?by=style",
        "/api/images?look_alike=x",
        "/api/images?look_alikes=1",
    ):
        assert (await client.get(path)).status_code == 400, path


async def test_a_key_of_one_brand_sees_its_own_alone(ids: list[int], client: Client) -> None:
    own = client.asking(await make_key(client, "lumen", "lumen"))
    answer = (await own.get(f"/api/images/{ids[0]}/look-alikes")).json()
    assert {item["image"]["title"] for item in answer["items"]} == {"small", "draft"}
    listed = (await own.get(f"/api/images?look_alike={ids[0]}")).json()
    assert {item["title"] for item in listed["items"]} == {"small", "draft"}
    problem(await own.get(f"/api/images/{ids[3]}/look-alikes"), 404, "not-found")
    problem(await own.get(f"/api/images?look_alike={ids[3]}"), 404, "not-found")
