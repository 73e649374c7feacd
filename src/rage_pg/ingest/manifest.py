"""A manifest to rows: CSV with a header, or JSON Lines, in UTF-8.

What is wrong with the file as a whole raises and names line or column; what is wrong with one row stays in
that row as its `problem`.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import Struct

from rage_pg.config import MIB
from rage_pg.errors import InvalidInput
from rage_pg.faults import invalid
from rage_pg.ingest.metadata import checked
from rage_pg.types import ImageMetadata, Kind, State

ANY_NUMBER = sys.maxsize - 1
MOST_COLUMNS = 1_000
LONGEST_LINE = MIB
"""Characters of one line of JSON Lines."""
SUFFIXES = (".csv", ".jsonl", ".ndjson")
LISTS = frozenset({"tags", "sku"})
CLEARABLE = frozenset({"title", "caption", "caption_language", "rights", "usable_from", "usable_until"})
"""Where null in JSON Lines clears what is stored; elsewhere it says nothing."""


class Row(Struct, frozen=True, kw_only=True):
    """One row: the path as it is written, and what it says; a row with a `problem` is not imported."""

    line: int
    path: str
    metadata: ImageMetadata = ImageMetadata()
    problem: str | None = None


def read_manifest(file: Path) -> list[Row]:
    """The rows of a manifest, in order. Raises InvalidInput where the file as a whole cannot be used."""
    if file.suffix.lower() not in SUFFIXES:
        raise InvalidInput(f"{file}: a manifest ends in {', '.join(SUFFIXES)}.", field="manifest")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.", field="manifest") from error
    return manifest_rows(str(file), content)


def manifest_rows(file: str, content: bytes, most: int = ANY_NUMBER) -> list[Row]:
    """The rows of a manifest that was read already; `file` is its name. Raises InvalidInput as above, and
    for more than `most` rows."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 (byte {error.start:,}).", field="manifest") from error
    cells = _csv(file, text) if file.lower().endswith(".csv") else _json_lines(file, text, most)
    rows = [_row(line, members, problem) for line, members, problem in islice(cells, most + 1)]
    if len(rows) > most:
        raise InvalidInput(f"{file} has more than {most:,} rows.", field="manifest")
    if not rows:
        raise InvalidInput(f"{file} has no rows.", field="manifest")
    return rows


Cells = tuple[int, dict[str, Any], str | None]
"""Line, values by column, and what is wrong with the row as a whole."""


def _csv(file: str, text: str) -> Iterator[Cells]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = _csv_lines(file, reader)
    header = [name.strip() for name in next(lines, (1, []))[1]]
    _check_header(file, header)
    for line, values in lines:
        members: dict[str, Any] = {
            name: value.split(";") if name in LISTS else value
            for name, value in zip(header, values, strict=False)
            if value.strip()
        }
        nameless = len(values) > len(header) or members.pop("", None) is not None
        yield line, members, "has a value outside the header's columns" if nameless else None


def _csv_lines(file: str, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """The lines that hold something, each with the number at which it starts."""
    start = 1
    try:
        for values in reader:
            if len(values) > MOST_COLUMNS:
                said = f"{len(values):,} columns, at most {MOST_COLUMNS:,} are taken"
                raise InvalidInput(f"{file}, line {start}: it has {said}.", field="manifest")
            if any(value.strip() for value in values):
                yield start, values
            start = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput(f"{file}, line {start}: {error}.", field="manifest") from error


def _check_header(file: str, header: list[str]) -> None:
    repeated = {name for name, times in Counter(header).items() if name and times > 1}
    if repeated:
        raise InvalidInput(f"{file} has two columns {sorted(repeated)[0]!r}.", field="manifest")
    if "path" not in header:
        found = ", ".join(name for name in header if name) or "none"
        raise InvalidInput(f"{file} has no column 'path'; its columns, split at commas: {found}.", "manifest")


def _json_lines(file: str, text: str, most: int) -> Iterator[Cells]:
    rows = list(islice(_json_objects(file, text), most + 1))
    if rows and not any("path" in members for _, members, _ in rows):
        raise InvalidInput(f"{file} has no member 'path' in any line.", field="manifest")
    return iter(rows)


def _json_objects(file: str, text: str) -> Iterator[Cells]:
    # Not splitlines(): JSON texts may hold U+2028 and its like.
    for line, row in enumerate(text.split("\n"), start=1):
        if not row.strip():
            continue
        if len(row) > LONGEST_LINE:
            said = f"{len(row):,} characters, at most {LONGEST_LINE:,} are taken"
            raise InvalidInput(f"{file}, line {line}: it has {said}.", field="manifest")
        try:
            members = msgspec.json.decode(row.encode())
        except msgspec.DecodeError as error:
            raise invalid(error, f"{file}, line {line}: ") from error
        except RecursionError as error:
            raise InvalidInput(f"{file}, line {line}: it is nested too deeply.", field="manifest") from error
        if not isinstance(members, dict):
            raise InvalidInput(f"{file}, line {line} is not a JSON object.", field="manifest")
        yield line, members, None


def _row(line: int, members: dict[str, Any], problem: str | None) -> Row:
    given = members.pop("path", None)
    path = given.strip() if isinstance(given, str) else ""
    if not path:
        problem = problem or "has no path"
    try:
        metadata = checked(_metadata(members))
    except InvalidInput as error:
        problem = problem or str(error)
    if problem is not None:
        return Row(line=line, path=path or f"line {line}", problem=f"Line {line}: {problem.rstrip('.')}.")
    return Row(line=line, path=path, metadata=metadata)


def _metadata(members: dict[str, Any]) -> ImageMetadata:
    said: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for column, value in members.items():
        if column == "attributes" and isinstance(value, dict):
            attributes |= value
        elif column not in ImageMetadata.__struct_fields__ or column == "attributes":
            attributes[column] = value
        elif value is not None or column in CLEARABLE:
            reader: Callable[[str, Any], Any] = READERS.get(column, _text)
            said[column] = None if value is None else reader(column, value)
    return ImageMetadata(**said, attributes=attributes) if attributes else ImageMetadata(**said)


def _text(column: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise InvalidInput(f"{column} must be a text.", field=column)
    return value


def _list(column: str, value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(text for text in (_text(column, item) for item in items) if text.strip())


def _date(column: str, value: Any) -> date:
    text = _text(column, value).strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{column} must be a date like 2026-01-31, not {text[:40]!r}.", column) from None


def _one_of(choices: Iterable[str]) -> Callable[[str, Any], str]:
    def read(column: str, value: Any) -> str:
        text = _text(column, value).strip().lower()
        if text not in choices:
            raise InvalidInput(f"{column} must be one of {', '.join(choices)}, not {text[:40]!r}.", column)
        return text

    return read


READERS: dict[str, Callable[[str, Any], Any]] = {
    "tags": _list,
    "sku": _list,
    "usable_from": _date,
    "usable_until": _date,
    "kind": _one_of(get_args(Kind)),
    "state": _one_of(get_args(State)),
}
