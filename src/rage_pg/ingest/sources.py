"""What an import takes an image from: one small protocol for files, entries of archives and URLs."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path, PurePath
from typing import Protocol

from msgspec import Struct, structs

from rage_pg.config import Limits
from rage_pg.errors import ImageRejected
from rage_pg.ingest.decoding import check_size
from rage_pg.ingest.metadata import LONGEST
from rage_pg.texts import escaped, is_tag
from rage_pg.types import ImageMetadata

LONGEST_PATH = 2_000
"""Bytes of a root and a path together that still fit an index."""


class Content(Protocol):
    """Where the bytes of an image are."""

    async def read(self, limits: Limits) -> bytes:
        """The bytes, at most `limits.max_bytes` of them. Raises RageError."""


class Source(Struct, frozen=True, kw_only=True):
    """One image of an import. A source with a `problem` is reported and not read.

    `size` in bytes, as far as it is known ahead, decides how many are in memory at once. `title` stands in
    where nobody says one.
    """

    name: str
    content: Content | None = None
    size: int = 0
    root: str = ""
    path: str = ""
    title: str | None = None
    metadata: ImageMetadata = ImageMetadata()
    added_tags: tuple[str, ...] = ()
    problem: str | None = None


class File(Struct, frozen=True):
    """A file of this machine."""

    file: Path

    async def read(self, limits: Limits) -> bytes:
        return await asyncio.to_thread(self._read, limits)

    def _read(self, limits: Limits) -> bytes:
        try:
            check_size(self.file.stat().st_size, limits)
            return self.file.read_bytes()
        except OSError as error:
            raise ImageRejected(f"The file cannot be read: {error.strerror}.") from error


def title_of(name: str) -> str | None:
    """A title made of a file's name: "red-lantern_02.png" is "red lantern 02"."""
    return re.sub(r"[\s_-]+", " ", PurePath(name).stem).strip()[: LONGEST["title"]] or None


def folder_tag(path: PurePath) -> tuple[str, ...]:
    """The tag that a file's folder gives it; none where the folder's name cannot be one."""
    tag = path.parent.as_posix()
    return (tag,) if path.parent.name and is_tag(tag) else ()


def shown(source: Source) -> Source:
    """The source with a name that can be shown, and with the problem that its path would be to the store."""
    problem = source.problem or _unfit(source)
    return structs.replace(source, name=escaped(source.name), problem=problem)


def _unfit(source: Source) -> str | None:
    try:
        long = len(f"{source.root}{source.path}".encode()) > LONGEST_PATH
    except UnicodeEncodeError:
        return "The file's path is not UTF-8."
    return "The path is too long." if long else None
