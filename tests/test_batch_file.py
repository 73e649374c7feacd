"""The FILE of a batch: JSON, JSON Lines and CSV, and what is wrong with one said with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from rage_pg.cli.batch_file import read_batch
from rage_pg.cli.batch_files import file_name
from rage_pg.errors import InvalidInput


def read(tmp_path: Path, name: str, text: str | bytes, brand: str | None = None) -> object:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_batch(file, brand=brand).request


def test_three_forms_say_the_same(tmp_path: Path) -> None:
    whole = """{"brand": "lumen", "items": [
        {"prompt": "Soap, wet", "references": [{"image_id": 7, "role": "product"}, {"image_id": 8}],
         "count": 2, "labels": {"campaign": "may"}},
        {"prompt": "Lamp", "sku": "LAMP"}]}"""
    lines = (
        '{"brand": "lumen", "prompt": "Soap, wet", "references": [{"image_id": 7, "role": "product"},'
        ' {"image_id": 8}], "count": 2, "labels": {"campaign": "may"}}\n\n'
        '{"brand": "lumen", "prompt": "Lamp", "sku": "LAMP"}\n'
    )
    table = (
        "\ufeffbrand,prompt,image,sku,count,label.campaign\r\n"
        'lumen,"Soap, wet",7:product; 8,,2,may\r\n'
        "lumen,Lamp,,LAMP,,\r\n"
    )
    found = [
        read(tmp_path, "a.json", whole),
        read(tmp_path, "a.jsonl", lines),
        read(tmp_path, "a.csv", table),
    ]
    assert found[0] == found[1] == found[2]


def test_one_line_is_one_item(tmp_path: Path) -> None:
    found = read_batch(_written(tmp_path, '{"prompt": "Soap", "sku": "S"}'), brand="lumen")
    assert (len(found.request.items), found.request.brand) == (1, "lumen")


def test_the_key_is_the_content_whatever_it_is_called(tmp_path: Path) -> None:
    first, second = (
        _written(tmp_path, '{"sku": "S"}', "a.jsonl"),
        _written(tmp_path, '{"sku": "S"}', "b.jsonl"),
    )
    assert read_batch(first, brand=None).key == read_batch(second, brand=None).key
    assert read_batch(first, brand=None).key != read_batch(first, brand="lumen").key


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", "", "is empty"),
        ("a.jsonl", '{"sku": "A"}\n{"sku": }\n', "line 2: it is not JSON"),
        ("a.jsonl", '{"sku": "A"}\n\n{"skuu": "A"}\n', "line 3: skuu is not a known field"),
        ("a.jsonl", '{"sku": "A"}\n[1]\n', "line 2: it must be an object"),
        ("a.jsonl", '{"sku": "A", "brand": "a"}\n{"sku": "A", "brand": "b"}', "a batch is paid by one"),
        ("a.jsonl", '{"sku": "A", "purpose": "sell"}', "line 1: purpose cannot be"),
        ("a.json", '{\n"skus": ["A"],\n"sizes": [1]}', "sizes[0] must be a text"),
        ("a.json", '{\n"skus": ["A",\n', "is not JSON"),
        ("a.json", '{"skus": ["A"], "colour": "red"}', "colour is not a known field"),
        ("a.csv", "sku,prompt\nA\n", "line 2: it has not as many cells as the header"),
        ("a.csv", "image\nseven\n", "line 2: image: 'seven' is not an image's id"),
        ("a.csv", "sku\n", "holds no items"),
        ("a.csv", 'sku\n"A', "unexpected end of data"),
        ("a.jsonl", b'{"sku": "A"}\n\xff\xfe', "line 2: it is not UTF-8"),
        ("a.jsonl", '{"sku": "A"}\n' * 5_001, "more than 5,000 items"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, name: str, text: str | bytes, words: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, name, text)
    assert words in str(refused.value)


def test_a_brand_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is for the brand 'a', not 'b'"):
        read(tmp_path, "a.json", '{"brand": "a", "skus": ["S"]}', brand="b")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("sku=SOAP-1/purpose=style/size=1024x1024", "0007-SOAP-1-style-1024x1024"),
        ("sku=../../etc/passwd", "0007-etc-passwd"),
        ("sku=été:*?", "0007-t"),
        ("…", "0007"),
        ("x" * 300, "0007-" + "x" * 95),
    ],
)
def test_names_of_files_are_safe(key: str, name: str) -> None:
    assert file_name(7, key) == name


def _written(tmp_path: Path, text: str, name: str = "a.jsonl") -> Path:
    file = tmp_path / name
    file.write_text(text)
    return file
