"""Finds the files that travel with the package: sql/, migrations/ and the sample catalogue.

A wheel carries them inside the package, a checkout (and so an editable install) has them at its root.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

_PACKAGE = Path(__file__).resolve().parent
_CARRIED = _PACKAGE / "_resources"
_ROOT = _CARRIED if _CARRIED.is_dir() else _PACKAGE.parents[1]

_HEADER = re.compile(r"^-- name: *(.*?) *$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class StatementError(Exception):
    """A file of named statements that is not well-formed: a fault of ours, never of a caller."""


def path(*parts: str) -> Path:
    """The path of a file or folder, as in `path("sql", "schema.sql")`; FileNotFoundError if it is missing."""
    found = _ROOT.joinpath(*parts)
    if not found.exists():
        raise FileNotFoundError(f"rage-pg was installed without {'/'.join(parts)}: {found}")
    return found


@cache
def statements(file: str) -> Mapping[str, str]:
    """The statements of `sql/queries/{file}.sql` by name.

    Each starts with `-- name: get_image`, then a comment line that says what it is for, then one statement
    with parameters as psycopg writes them, `%(name)s`. Raises StatementError where a file breaks this.
    """
    return parse_statements(f"{file}.sql", path("sql", "queries", f"{file}.sql").read_text(encoding="utf-8"))


def parse_statements(file: str, text: str) -> Mapping[str, str]:
    """Split `text` at its name lines; `file` is for the errors."""
    before, *blocks = _HEADER.split(text)
    if _code(before):
        raise StatementError(f"{file}: SQL before the first '-- name:' line.")
    found: dict[str, str] = {}
    for name, block in zip(blocks[::2], blocks[1::2], strict=True):
        if not _NAME.fullmatch(name):
            raise StatementError(f"{file}: {name!r} is not a name (a-z, 0-9 and _).")
        if name in found:
            raise StatementError(f"{file}: two statements are named {name!r}.")
        if not block.lstrip("\n").startswith("--"):
            raise StatementError(f"{file}: {name} lacks the comment line that says what it is for.")
        if not _code(block):
            raise StatementError(f"{file}: {name} has no SQL.")
        found[name] = block.strip().removesuffix(";")
    return MappingProxyType(found)


def _code(text: str) -> str:
    """What is left without blank and comment lines."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return "\n".join(lines).strip()
