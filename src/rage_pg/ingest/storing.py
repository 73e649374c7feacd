"""The one way into the store: a batch of checked pictures, placed and written in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import UNSET, Struct, UnsetType, structs

from rage_pg.database import Connection, execute, fetch_all
from rage_pg.errors import Forbidden
from rage_pg.ingest.decoding import Decoded
from rage_pg.ingest.identity import Shelf
from rage_pg.ingest.metadata import checked, given
from rage_pg.ingest.values import Incoming, Key, Stored
from rage_pg.ingest.writing import write
from rage_pg.resources import statements
from rage_pg.texts import check_tag, is_tag
from rage_pg.types import ImageRecord, ImportItem

SQL = statements("ingest")
DEFAULT_BRAND = "default"

CaptionSource = Literal["import", "person", "model", "generation"]


class _Brand(Struct):
    name: str
    brand_id: int


class _ImageId(Struct):
    image_id: int


class _Tag(Struct):
    name: str
    form: str


async def store(
    connection: Connection,
    records: Sequence[ImageRecord],
    *,
    caption_source: CaptionSource = "import",
    author: str | None = None,
) -> list[ImportItem]:
    """Write `records` in order within the transaction of `connection`; one item for each.

    Raises InvalidInput or Conflict if one of them cannot be stored; the transaction must then be given up.
    """
    return await put(connection, [_incoming(record) for record in records], caption_source, author)


async def put(
    connection: Connection,
    files: Sequence[Incoming],
    caption_source: CaptionSource,
    author: str | None = None,
) -> list[ImportItem]:
    """`store` for files whose metadata have been checked."""
    brands = await _locked_brands(connection, files)
    files = await in_normal_form(connection, files)
    owners = [brands[_brand(file)] for file in files]
    shelf = Shelf(await known_images(connection, files, owners))
    shelf.expect(files, owners)
    placed = [shelf.place(file, brand_id) for file, brand_id in zip(files, owners, strict=True)]
    pictures = {file.sha256: file.picture for file in files if file.picture is not None}
    await write(connection, shelf, pictures, caption_source, author)
    return [
        ImportItem(
            path=file.name,
            external_id=given(file.metadata.external_id),
            image_id=image.image_id,
            status=status,
        )
        for file, (image, status) in zip(files, placed, strict=True)
    ]


def _incoming(record: ImageRecord) -> Incoming:
    return Incoming(
        name=record.path or "",
        metadata=checked(record.metadata),
        sha256=record.sha256,
        picture=Decoded(
            content=record.content,
            sha256=record.sha256,
            media_type=record.media_type,
            width=record.width,
            height=record.height,
            thumbnail=record.thumbnail,
            frames=record.frames,
            perceptual_hash=record.perceptual_hash,
        ),
        origin=record.origin,
        root=record.root,
        path=record.path,
    )


def _brand(file: Incoming) -> str:
    return given(file.metadata.brand) or DEFAULT_BRAND


async def _locked_brands(connection: Connection, files: Sequence[Incoming]) -> dict[str, int]:
    names = {"names": list(dict.fromkeys(_brand(file) for file in files))}
    await execute(connection, SQL["add_brands"], names)
    rows = await fetch_all(connection, SQL["lock_brands"], names, _Brand)
    brands = {row.name: row.brand_id for row in rows}
    for name in names["names"]:
        if name not in brands:
            # Whether there is such a brand is not for who may not write to it.
            raise Forbidden(f"There is no brand {name!r} that you may add images to.")
    return brands


async def in_normal_form(connection: Connection, files: Sequence[Incoming]) -> list[Incoming]:
    """The files with their tags as these are stored. Raises InvalidInput for what no tag can be called.

    Of the keywords that a file brings itself, what can be no tag is left out.
    """
    said = {tag for file in files for tag in (*(given(file.metadata.tags) or ()), *file.added_tags)}
    words = {keyword for file in files for keyword in file.words.keywords}
    forms = await _tag_forms(connection, sorted(said | words))
    for tag in said:
        # Once more: folding can lengthen a tag, and Postgres knows more blanks than Python, or fewer.
        check_tag(forms[tag])
    return [
        structs.replace(
            file,
            metadata=structs.replace(file.metadata, tags=_formed(file.metadata.tags, forms)),
            added_tags=tuple(forms[tag] for tag in file.added_tags),
            words=structs.replace(file.words, keywords=_usable(file.words.keywords, forms)),
        )
        for file in files
    ]


async def _tag_forms(connection: Connection, names: list[str]) -> dict[str, str]:
    if not names:
        return {}
    rows = await fetch_all(connection, SQL["tag_forms"], {"names": names}, _Tag)
    return {row.name: row.form for row in rows}


def _usable(keywords: tuple[str, ...], forms: dict[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(forms[keyword] for keyword in keywords if is_tag(forms[keyword])))


def _formed(tags: tuple[str, ...] | UnsetType, forms: dict[str, str]) -> tuple[str, ...] | UnsetType:
    return UNSET if tags is UNSET else tuple(forms[tag] for tag in tags)


async def known_images(
    connection: Connection, files: Sequence[Incoming], owners: Sequence[int], image_ids: Sequence[int] = ()
) -> list[Stored]:
    """The images that these files of these brands may be, and those of these ids, locked."""
    keys: list[tuple[int, Key]] = [
        (brand_id, key)
        for file, brand_id in zip(files, owners, strict=True)
        for key in {file.key, file.location}
        if key is not None
    ]
    asked = {
        "key_brands": [brand_id for brand_id, _ in keys],
        "roots": [root for _, (root, _) in keys],
        "identifiers": [identifier for _, (_, identifier) in keys],
        "content_brands": list(owners),
        "hashes": [file.sha256 for file in files],
        "image_ids": list(image_ids),
    }
    # Read only when they are locked: what another transaction changed until then must be seen.
    locked = await fetch_all(connection, SQL["lock_images"], asked, _ImageId)
    if not locked:
        return []
    ids = [row.image_id for row in locked]
    return await fetch_all(connection, SQL["known_images"], {"ids": ids}, Stored)
