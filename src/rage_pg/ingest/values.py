"""The values of an import under way: a file that comes in, an image that stands in the store."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import Struct, structs

from rage_pg.ingest.decoding import Decoded
from rage_pg.ingest.metadata import given
from rage_pg.ingest.own_words import SILENT, OwnWords
from rage_pg.types import ImageMetadata, Kind, Origin, State

Key = tuple[str, str]
"""Root and identifier; an external id has the root ''."""


class Incoming(Struct, frozen=True, kw_only=True):
    """A file on its way into the store. `picture` is None where its bytes are stored already.

    `title` stands in where no other title is known; `added_tags` come on top of those that are said. `words`
    are what the file says of itself.
    """

    name: str
    metadata: ImageMetadata
    sha256: bytes
    picture: Decoded | None
    origin: Origin = "imported"
    root: str | None = None
    path: str | None = None
    title: str | None = None
    added_tags: tuple[str, ...] = ()
    words: OwnWords = SILENT

    @property
    def location(self) -> Key | None:
        return (self.root, self.path) if self.root and self.path else None

    @property
    def key(self) -> Key | None:
        external_id = given(self.metadata.external_id)
        return ("", external_id) if external_id else self.location


class Stored(Struct, kw_only=True, eq=False):
    """An image as the store has it, or shall have it; `image_id` is None until its row is made."""

    brand_id: int
    sha256: bytes
    origin: Origin
    image_id: int | None = None
    version: int = 1
    kind: Kind = "other"
    state: State = "approved"
    title: str | None = None
    caption: str | None = None
    caption_language: str | None = None
    rights: str | None = None
    usable_from: date | None = None
    usable_until: date | None = None
    attributes: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    """In order of arrival."""
    hidden: bool = False
    caption_is_files: bool = False
    """Whether the caption that is about to be written comes from the picture's file."""

    def content(self) -> dict[str, Any]:
        """All that makes an update. Another path is none."""
        values = structs.asdict(self)
        del values["caption_is_files"]
        values["keys"] = [key for key in self.keys if not key[0]]
        return values
