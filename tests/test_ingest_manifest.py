"""Manifests: both forms mean the same, and what is wrong is named by file, line or column."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from msgspec import UNSET

from rage_pg.errors import InvalidInput
from rage_pg.ingest.manifest import Row, read_manifest
from rage_pg.ingest.metadata import checked
from rage_pg.types import ImageMetadata


def csv_rows(tmp_path: Path, text: str) -> list[Row]:
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8", newline="")
    return read_manifest(tmp_path / "manifest.csv")


def json_rows(tmp_path: Path, *lines: object) -> list[Row]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (tmp_path / "manifest.jsonl").write_text("\n".join(texts), encoding="utf-8")
    return read_manifest(tmp_path / "manifest.jsonl")


def test_csv_and_json_lines_mean_the_same(tmp_path: Path) -> None:
    said = {
        "path": "a/soap.png",
        "external_id": "E-1",
        "title": "Soap, green",
        "caption": "A bar of\nsoap",
        "caption_language": "en-GB",
        "tags": ["care", "care/soap"],
        "brand": "Lumen",
        "sku": ["S1", "S2"],
        "kind": "product",
        "state": "draft",
        "rights": "ours",
        "usable_from": "2026-01-01",
        "usable_until": "2026-12-31",
        "season": "summer",
    }
    header = ",".join(said)
    row = (
        'a/soap.png,E-1,"Soap, green","A bar of\nsoap",en-GB,care;care/soap,Lumen,S1; S2,product,draft,ours,'
        "2026-01-01,2026-12-31,summer"
    )
    from_csv = csv_rows(tmp_path, f"{header}\r\n{row}\r\n")
    from_json = json_rows(tmp_path, said)
    assert from_csv[0].metadata == from_json[0].metadata
    assert from_csv[0].path == from_json[0].path == "a/soap.png"
    metadata = from_csv[0].metadata
    assert metadata.caption_language == "en-GB"
    assert metadata.tags == ("care", "care/soap")
    assert metadata.sku == ("S1", "S2")
    assert (metadata.usable_from, metadata.usable_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert metadata.attributes == {"season": "summer"}


def test_an_empty_cell_says_nothing(tmp_path: Path) -> None:
    (row,) = csv_rows(tmp_path, "path,title,tags,season\na.png,, ,\n")
    assert row.metadata == ImageMetadata()


def test_csv_attributes_stay_text_and_json_values_as_they_are(tmp_path: Path) -> None:
    (row,) = csv_rows(tmp_path, "path,price,ok\na.png,5.50,true\n")
    assert row.metadata.attributes == {"price": "5.50", "ok": "true"}
    values = {"price": 5.5, "ok": True, "sizes": [1, 2], "box": {"w": 3}, "none": None}
    (row,) = json_rows(tmp_path, {"path": "a.png", **values})
    assert row.metadata.attributes == values


def test_one_value_is_a_list_of_one(tmp_path: Path) -> None:
    (row,) = json_rows(tmp_path, {"path": "a.png", "tags": "one; still one", "sku": 4711})
    assert (row.metadata.tags, row.metadata.sku) == (("one; still one",), ("4711",))


def test_json_null_clears_where_something_can_be_cleared(tmp_path: Path) -> None:
    (row,) = json_rows(tmp_path, {"path": "a.png", "title": None, "tags": None, "kind": None})
    assert row.metadata.title is None
    assert row.metadata.tags is UNSET
    assert row.metadata.kind is UNSET


def test_byte_order_mark_and_blank_lines_are_no_content(tmp_path: Path) -> None:
    assert [row.path for row in csv_rows(tmp_path, "\ufeffpath\n\na.png\n\n,\nb.png\n")] == ["a.png", "b.png"]
    assert [row.path for row in json_rows(tmp_path, '\ufeff{"path": "a.png"}', "", '{"path": "b.png"}')] == [
        "a.png",
        "b.png",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no column 'path'"),
        ("file,title\na.png,x\n", "no column 'path'; its columns, split at commas: file, title"),
        ("path;title\na.png;x\n", "its columns, split at commas: path;title"),
        ("path,title,title\na.png,x,y\n", "two columns 'title'"),
        ("path,title\n", "no rows"),
        ('path,title\na.png,x\nb.png,"open\n', "line 3"),
    ],
)
def test_an_unusable_csv_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        csv_rows(tmp_path, text)
    assert "manifest.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([""], "no rows"),
        (['{"path": "a.png"}', '{"path": '], "line 2: it is not JSON: it ends too early"),
        (['{"path": "a.png" "b"}'], "line 1: it is not JSON: expected ',' or '}' "),
        (['{"path": "a.png"}', "", "[1]"], "line 3 is not a JSON object"),
        (['{"file": "a.png"}'], "no member 'path'"),
        (['{"path": "a.png", "x": ' + "[" * 5_000 + "]" * 5_000 + "}"], "line 1: it is nested too deeply"),
    ],
)
def test_unusable_json_lines_are_named(tmp_path: Path, lines: list[str], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        json_rows(tmp_path, *lines)


def test_a_manifest_that_is_no_text_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"path\n\xff\xfe.png\n")
    with pytest.raises(InvalidInput, match=r"m\.csv is not UTF-8"):
        read_manifest(tmp_path / "m.csv")
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read_manifest(tmp_path / "absent.csv")
    with pytest.raises(InvalidInput, match="ends in"):
        read_manifest(tmp_path / "m.xlsx")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "Line 1: has no path."),
        ({"path": 7}, "Line 1: has no path."),
        ({"path": "a.png", "kind": "poster"}, "Line 1: kind must be one of product, style"),
        ({"path": "a.png", "state": "live"}, "Line 1: state must be one of draft"),
        ({"path": "a.png", "usable_from": "1.5.26"}, "Line 1: usable_from must be a date like"),
        ({"path": "a.png", "title": ["x"]}, "Line 1: title must be a text"),
        ({"path": "a.png", "tags": [["x"]]}, "Line 1: tags must be a text"),
        ({"path": "a.png", "title": "nul \0"}, "Line 1: title contains a NUL"),
        ({"path": "a.png", "colour": {"deep": ["nul \0"]}}, "Line 1: attributes contains a NUL"),
        ({"path": "a.png", "tags": ["x" * 201]}, f"Line 1: The tag '{'x' * 40}…' has 201 characters"),
        ({"path": "a.png", "tags": ["ok", "a//b"]}, "Line 1: The tag 'a//b' has an empty part"),
        ({"path": "a.png", "external_id": "x" * 501}, "Line 1: external_id has 501"),
        ({"path": "a.png", "colour": "x" * 100_000}, "Line 1: attributes have"),
        (
            {"path": "a.png", "usable_from": "2026-02-01", "usable_until": "2026-01-01"},
            "Line 1: usable_from lies after usable_until",
        ),
    ],
)
def test_a_bad_row_carries_its_problem(tmp_path: Path, members: dict[str, object], reason: str) -> None:
    bad, good = json_rows(tmp_path, members, {"path": "b.png"})
    assert bad.problem is not None
    assert bad.problem.startswith(reason)
    assert (good.path, good.problem) == ("b.png", None)


def test_a_csv_row_with_too_many_cells_carries_its_problem_and_line(tmp_path: Path) -> None:
    rows = csv_rows(tmp_path, 'path,title\n"a.png","two\nlines"\nb.png,x,y\nc.png,z\n')
    assert [row.line for row in rows] == [2, 4, 5]
    assert rows[1].problem == "Line 4: has a value outside the header's columns."
    assert rows[2].problem is None


def test_half_a_surrogate_pair_is_rejected() -> None:
    with pytest.raises(InvalidInput, match="surrogate"):
        checked(ImageMetadata(caption="broken \ud800"))


def test_blank_names_are_rejected_and_blank_texts_cleared() -> None:
    assert checked(ImageMetadata(title="  ", caption=" x ")) == ImageMetadata(title=None, caption="x")
    for said in (ImageMetadata(brand=" "), ImageMetadata(tags=("a", "")), ImageMetadata(external_id="")):
        with pytest.raises(InvalidInput, match="is empty"):
            checked(said)


def test_a_manifest_has_bounds(tmp_path: Path) -> None:
    columns = ",".join(f"c{number}" for number in range(1_000))
    with pytest.raises(InvalidInput, match="line 1: it has 1,001 columns, at most 1,000 are taken"):
        csv_rows(tmp_path, f"path,{columns}\na.png\n")
    with pytest.raises(InvalidInput, match="line 2: it has 40,001 columns"):
        csv_rows(tmp_path, f"path\n{',x' * 40_000}\n")
    with pytest.raises(InvalidInput, match="line 1: it has 2,000,019 characters, at most 1,048,576 are"):
        json_rows(tmp_path, '{"path":"a.png","a":' + "[" * 999_999 + "]" * 999_999 + "}")
