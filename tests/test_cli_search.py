"""Going on with a search from the command line, and images like an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Outcome, Rage, in_process
from tests.hostile import png, write

NAMES = ("red lamp", "blue lamp", "green lamp", "oak table", "oak lamp")


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


@pytest.fixture
def filled(rage: Rage, tmp_path: Path) -> Rage:
    """Five images, embedded."""
    lines = ["path,title,brand,tags"]
    for number, name in enumerate(NAMES):
        write(tmp_path / f"{number}.png", png(number))
        lines.append(f"{number}.png,{name},{'acme' if 'lamp' in name else 'wood'},{name.split()[1]}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    assert rage("import", "--manifest", tmp_path / "manifest.csv").code == 0
    return rage


def ids(answer: Any) -> list[int]:
    return [item["image"]["id"] for item in answer["items"]]


def complaint(outcome: Outcome, code: int) -> str:
    assert outcome.code == code, outcome.err
    return outcome.complaint


def test_search_goes_on_until_its_end(filled: Rage) -> None:
    whole = ids(filled("search", "lamp", "--json").json)
    first = filled("search", "lamp", "-k", "2", "--json").json
    pages = [filled("search", "--next", first["search_id"], "--json").json for _ in range(3)]
    assert [ids(page) for page in [first, *pages]] == [whole[:2], whole[2:4], whole[4:], []]
    assert [page["cursor"] for page in [first, *pages]] == ["2", "4", None, None]
    assert {page["search_id"] for page in pages} == {first["search_id"]}
    assert [set(page) for page in pages] == [set(first)] * 3
    assert {page["matched"] for page in pages} == {5}


def test_cursor_says_where_to_go_on(filled: Rage) -> None:
    first = filled("search", "lamp", "-k", "2", "--json").json
    again = [
        filled("search", "--next", first["search_id"], "--cursor", first["cursor"], "--json").json
        for _ in range(2)
    ]
    assert ids(again[0]) == ids(again[1])
    assert set(ids(again[0])).isdisjoint(ids(first))


def test_table_goes_on_counting_and_names_the_next_command(filled: Rage) -> None:
    first = filled("search", "lamp", "-k", "2")
    said = first.err.strip()
    assert said.startswith("More: rage search --next ")
    following = filled(*said.removeprefix("More: rage ").split())
    assert [line.split()[0] for line in following.out.splitlines()[1:3]] == ["3", "4"]
    last = filled(*said.removeprefix("More: rage ").split())
    assert (last.out.splitlines()[1].split()[0], last.err) == ("5", "")
    assert filled(*said.removeprefix("More: rage ").split()).out.startswith("0 of 5 matching; exact: ")


def test_search_that_found_nothing_has_nothing_to_follow(filled: Rage) -> None:
    nothing = filled("search", "lamp", "--brand", "nobody", "--json").json
    following = filled("search", "--next", nothing["search_id"], "--json")
    assert (following.code, following.json["items"], following.json["cursor"]) == (0, [], None)


def test_what_cannot_go_on_is_told(filled: Rage) -> None:
    search_id = filled("search", "lamp", "-k", "2", "--json").json["search_id"]
    unknown = "00000000-0000-4000-8000-000000000000"
    assert complaint(filled("search", "--next", unknown), 1) == f"There is no search {unknown}."
    assert "not a valid UUID" in complaint(filled("search", "--next", "7"), 2)
    assert "not one of this search" in complaint(filled("search", "--next", search_id, "--cursor", "3"), 2)
    assert "not one of this search" in complaint(filled("search", "--next", search_id, "--cursor", "x"), 2)
    for arguments, named in (
        (("lamp",), "PROMPT"),
        (("-k", "3"), "-k"),
        (("--brand", "acme"), "--brand"),
        (("--leg", "text=1"), "--leg"),
    ):
        said = complaint(filled("search", *arguments, "--next", search_id), 2)
        assert said.startswith(f"{named} cannot be given with --next"), said
    assert "Give a PROMPT" in complaint(filled("search"), 2)
    assert "Give a PROMPT" in complaint(filled("search", "lamp", "--cursor", "2"), 2)


def test_similar_images_by_what_is_said_of_them(filled: Rage) -> None:
    [lamp] = ids(filled("search", "red lamp", "-k", "1", "--json").json)
    answer = filled("similar", lamp, "--json").json
    assert set(answer) == {"items", "strategy", "matched", "complete"}
    assert (len(answer["items"]), answer["strategy"]) == (4, "exact: caption")
    assert answer["items"][-1]["image"]["title"] == "oak table"
    assert answer["items"][0]["distance"] <= answer["items"][1]["distance"]
    [table] = filled("similar", lamp, "--tag", "table", "--brand", "wood", "--json").json["items"]
    assert table["image"]["title"] == "oak table"
    assert len(filled("similar", lamp, "--by", "style", "-k", "3", "--json").json["items"]) == 3


def test_similar_images_as_a_table(filled: Rage) -> None:
    [lamp] = ids(filled("search", "red lamp", "-k", "1", "--json").json)
    outcome = filled("similar", lamp, "-k", "1")
    header, first, summary = outcome.out.splitlines()
    assert header.split() == ["#", "id", "title", "brand", "tags", "distance"]
    assert first.split()[0] == "1"
    assert summary == "1 of 4 matching; exact: caption"
    assert filled("similar", lamp, "--brand", "nobody").out == "0 of 0 matching; exact: caption\n"


def test_similar_refuses_what_it_cannot_compare(filled: Rage, tmp_path: Path) -> None:
    assert complaint(filled("similar", "999999"), 1) == "There is no image 999999."
    assert "IMAGE_ID" in complaint(filled("similar", "x"), 2)
    assert "IMAGE_ID" in complaint(filled("similar", "0"), 2)
    assert "IMAGE_ID" in complaint(filled("similar"), 2)
    assert "--by" in complaint(filled("similar", "1", "--by", "smell"), 2)
    assert "'-k'" in complaint(filled("similar", "1", "-k", "201"), 2)
    [lamp] = ids(filled("search", "red lamp", "-k", "1", "--json").json)
    assert 'cannot be compared by "image"' in complaint(filled("similar", lamp, "--by", "image"), 2)
    write(tmp_path / "new.png", png(77))
    assert filled("import", tmp_path / "new.png", "--no-index").code == 0
    [new] = ids(filled("search", "new", "--tag-none", "lamp", "--tag-none", "table", "--json").json)
    assert "has no vector yet" in complaint(filled("similar", new), 1)


def test_help_tells_of_both(rage: Rage) -> None:
    said = rage("search", "--help").out
    assert "--next" in said
    assert "--cursor" in said
    assert "IMAGE_ID" in rage("similar", "--help").out
    assert "similar" in rage("--help").out
