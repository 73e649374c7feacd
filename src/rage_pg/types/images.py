"""Images, whom they belong to, and how they come into the store."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from rage_pg.types.words import Encodes, Kind, Origin, State

ImportStatus = Literal["imported", "duplicate", "updated", "rejected"]

Reader = Literal["model", "ocr"]
"""What reads a picture: a vision model, or text recognition."""

CaptionSource = Literal["import", "person", "model", "generation"]

MOST_COLOURS = 16
"""In the palette of a brand."""

LONGEST_COLOUR_NAME = 40
"""Characters of the name that a colour of a palette may have."""

MOST_WORDS_TO_AVOID = 100
"""That a brand may name."""

LONGEST_WORD_TO_AVOID = 60
"""Characters of one of them, which may be several words."""

Palette = Annotated[tuple[str, ...], Meta(extra_json_schema={"maxItems": MOST_COLOURS})]

WordsToAvoid = Annotated[tuple[str, ...], Meta(extra_json_schema={"maxItems": MOST_WORDS_TO_AVOID})]
"""Both checked by the catalogue, which says of each entry what is wrong with it."""


class Brand(Struct, frozen=True, kw_only=True):
    """Who an image belongs to, and who pays for a generation.

    `palette`: colours as `#rrggbb`, each with its name behind it where it has one.
    """

    name: str
    title: str | None = None
    guidelines: str | None = None
    palette: tuple[str, ...] = ()
    words_to_avoid: tuple[str, ...] = ()
    language: str | None = None
    reserved: bool = False
    images: int = 0
    created_at: datetime


class Collection(Struct, frozen=True, kw_only=True):
    """An ordered set of images that filters a search and can be handed over whole as references."""

    name: str
    brand: str
    title: str | None = None
    image_ids: tuple[int, ...] = ()
    created_at: datetime


class Image(Struct, frozen=True, kw_only=True):
    """One picture in the store, with what people said about it.

    `searched_by`, of a single image: the legs of a search that can find it now, by words at once, by its
    vectors as soon as it is embedded.
    """

    id: int
    external_id: str | None
    brand: str
    skus: tuple[str, ...]
    kind: Kind
    state: State
    title: str | None
    caption: str | None
    caption_language: str | None
    tags: tuple[str, ...]
    attributes: dict[str, Any]
    rights: str | None
    usable_from: date | None
    usable_until: date | None
    origin: Origin
    version: int
    width: int
    height: int
    media_type: str
    frames: int
    sha256: str
    content_url: str
    thumbnail_url: str
    created_at: datetime
    updated_at: datetime
    searched_by: tuple[str, ...] | UnsetType = UNSET


class ImageMetadata(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller says of an image. UNSET leaves what is stored alone, None clears it."""

    external_id: str | UnsetType = UNSET
    brand: str | UnsetType = UNSET
    sku: tuple[str, ...] | UnsetType = UNSET
    title: str | None | UnsetType = UNSET
    caption: str | None | UnsetType = UNSET
    caption_language: str | None | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    state: State | UnsetType = UNSET
    rights: str | None | UnsetType = UNSET
    usable_from: date | None | UnsetType = UNSET
    usable_until: date | None | UnsetType = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET


class ImageRecord(Struct, frozen=True, kw_only=True):
    """A decoded and checked picture on its way into the store."""

    metadata: ImageMetadata
    sha256: bytes
    media_type: str
    width: int
    height: int
    content: bytes
    thumbnail: bytes
    frames: int = 1
    perceptual_hash: str | None = None
    root: str | None = None
    path: str | None = None
    origin: Origin = "imported"


class ImportItem(Struct, frozen=True, kw_only=True):
    path: str
    external_id: str | None = None
    image_id: int | None = None
    status: ImportStatus


class Rejection(Struct, frozen=True):
    path: str
    reason: str


class ImportReport(Struct, kw_only=True):
    """What became of every file of one import. `waiting`: images still to be embedded, by searched space."""

    imported: int = 0
    duplicates: int = 0
    updated: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    items: list[ImportItem] = field(default_factory=list)
    waiting: dict[str, int] | UnsetType = UNSET


class Page(Struct, frozen=True, kw_only=True):
    """One page of a list; `cursor` continues it, None ends it."""

    items: tuple[Image, ...]
    cursor: str | None = None


class Content(Struct, frozen=True, kw_only=True):
    """The bytes of a picture as they are stored, with their media type and hash."""

    data: bytes
    media_type: str
    sha256: str


class Caption(Struct, frozen=True, kw_only=True):
    """One revision of an image's caption; at most one is current."""

    image_id: int
    revision: int
    current: bool
    text: str
    language: str | None
    source: CaptionSource
    author: str | None
    model: str | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    created_at: datetime


class Space(Struct, frozen=True, kw_only=True):
    """An embedding space: vectors of one model that may be compared with one another.

    `held`: of the failed, those that are not tried again by themselves. `fillers`: who embeds at this moment,
    `per_second` together. `trouble`: why that does not go on.
    """

    id: int
    name: str
    encodes: Encodes
    encoder: str
    model: str
    weights_sha256: str | None
    dimensions: int
    state: Literal["idle", "filling", "ready", "retired"]
    legs: tuple[str, ...] = ()
    embedded: int = 0
    missing: int = 0
    failed: int = 0
    held: int = 0
    fillers: int = 0
    per_second: float | None = None
    seconds_left: int | None = None
    trouble: str | None = None
    trouble_at: datetime | None = None
    index_valid: bool | None = None
    index_bytes: int | None = None
    recall: float | None = None
    audited_at: datetime | None = None
    invalid_indexes: tuple[str, ...] = ()
