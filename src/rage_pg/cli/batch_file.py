"""Reads the FILE of `rage generate --batch`: a JSON object, JSON Lines or CSV with an item a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rage_pg.errors import InvalidInput
from rage_pg.faults import fault

if TYPE_CHECKING:
    from rage_pg.generation.batches import BatchItem, BatchRequest

LARGEST = 64 * 1024 * 1024
MAX_KEY = 255
NUMBERS = ("count", "parent_output")


class BatchFile(Struct, frozen=True, kw_only=True):
    """What a file asks for; `key` stands for its content, whatever it is called."""

    request: BatchRequest
    key: str


def read_batch(file: Path, *, brand: str | None) -> BatchFile:
    """Raises InvalidInput with the line or field at fault. `brand` is for a file that names none."""
    data = _content(file)
    text = _decoded(data, file)
    request = _request(text, file)
    if brand is not None:
        if request.brand not in ("default", brand):
            raise InvalidInput(f"{file} is for the brand {request.brand!r}, not {brand!r}.", field="brand")
        request = replace(request, brand=brand)
    return BatchFile(request=request, key=f"file:{sha256(data).hexdigest()}:{request.brand}"[:MAX_KEY])


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from None
    if len(data) > LARGEST:
        raise InvalidInput(f"{file} is larger than {LARGEST // 1024**2} MB: split it.")
    return data


def _decoded(data: bytes, file: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidInput(f"{file}, line {line}: it is not UTF-8.") from None


def _request(text: str, file: Path) -> BatchRequest:
    from rage_pg.generation.batches import MAX_ITEMS, BatchRequest

    if not text.strip():
        raise InvalidInput(f"{file} is empty.")
    if file.suffix.lower() == ".csv":
        rows = _of_csv(text, file)
    elif (whole := _whole(text)) is not None:
        batch: BatchRequest = _converted(whole, BatchRequest, f"{file}: ")
        return batch
    else:
        rows = _of_lines(text, file)
    items: list[BatchItem] = []
    brands: set[str] = set()
    for place, row in rows:
        items.append(_item(row, place, brands))
        if len(items) > MAX_ITEMS:
            raise InvalidInput(f"{file} has more than {MAX_ITEMS:,} items: split it.")
    if not items:
        raise InvalidInput(f"{file} holds no items.")
    return BatchRequest(items=tuple(items), brand=next(iter(brands), "default"))


def _whole(text: str) -> Any:
    """The document, if the text is one object that is a batch; None for lines of items."""
    try:
        document = json.loads(text)
    except ValueError as error:
        # One object over several lines that is not JSON is no JSON Lines either.
        if text.lstrip()[:2].rstrip() == "{" and not text.lstrip().splitlines()[0].rstrip().endswith("}"):
            raise InvalidInput(f"The file is not JSON: {error}.") from None
        return None
    item_alone = isinstance(document, dict) and not document.keys() & {
        "skus", "references", "items", "purposes", "sizes", "with",
    }  # fmt: skip
    return None if item_alone else document


def _of_lines(text: str, file: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            place = f"{file}, line {number}: "
            try:
                yield place, json.loads(line)
            except ValueError as error:
                raise InvalidInput(f"{place}it is not JSON: {error}.") from None


def _of_csv(text: str, file: Path) -> Iterator[tuple[str, Any]]:
    """Columns are fields of an item; `image` lists ID or ID:ROLE between `;`, `label.NAME` is a label."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            place = f"{file}, line {reader.line_num}: "
            if None in row or None in row.values():
                raise InvalidInput(f"{place}it has not as many cells as the header.")
            yield place, _of_row({name.strip(): cell.strip() for name, cell in row.items()}, place)
    except csv.Error as error:
        raise InvalidInput(f"{file}, line {reader.line_num}: {error}.") from None


def _of_row(row: dict[str, str], place: str) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for name, cell in row.items():
        if not cell:
            continue
        if name == "image":
            item["references"] = [_reference(part.strip(), place) for part in cell.split(";") if part.strip()]
        elif name.startswith("label."):
            item.setdefault("labels", {})[name.removeprefix("label.")] = cell
        elif name in NUMBERS and cell.isdecimal():
            item[name] = int(cell)
        else:
            item[name] = cell
    return item


def _reference(text: str, place: str) -> dict[str, Any]:
    number, _, role = text.partition(":")
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):
        raise InvalidInput(f"{place}image: {text!r} is not an image's id, nor ID:ROLE.", field="image")
    return {"image_id": int(number), **({"role": role} if role else {})}


def _item(row: Any, place: str, brands: set[str]) -> BatchItem:
    """An item of a line; the brand that it names is the batch's, which has one."""
    from rage_pg.generation.batches import BatchItem

    if isinstance(row, dict) and "brand" in row:
        row = dict(row)
        brands.add(str(row.pop("brand")))
        if len(brands) > 1:
            named = " and ".join(sorted(brands))
            raise InvalidInput(f"{place}a batch is paid by one brand, not by {named}.", field="brand")
    item: BatchItem = _converted(row, BatchItem, place)
    return item


def _converted(value: Any, kind: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        field, sentence = fault(str(error))
        raise InvalidInput(f"{place}{sentence}", field=field or None) from None
