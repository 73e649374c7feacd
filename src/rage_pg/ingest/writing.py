"""Writes what a shelf decided: per table one statement for the whole batch, for what differs from before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from rage_pg.database import Connection, execute, fetch_all
from rage_pg.errors import Conflict
from rage_pg.ingest.decoding import Decoded
from rage_pg.ingest.identity import Shelf
from rage_pg.ingest.values import Stored
from rage_pg.resources import statements

SQL = statements("ingest")

Contents = Mapping[bytes, int]
"""Content numbers by hash."""


class _Content(Struct):
    sha256: bytes
    content_id: int


class _Image(Struct):
    brand_id: int
    content_id: int
    image_id: int


async def write(
    connection: Connection,
    shelf: Shelf,
    pictures: Mapping[bytes, Decoded],
    caption_source: str,
    author: str | None,
) -> None:
    """Write new and changed images; afterwards every image of the shelf has its `image_id`.

    Raises Conflict where bytes were erased after they had been found to be stored.
    """
    new = [image for image in shelf.images if image.image_id is None]
    changed = [image for image in shelf.images if image.image_id is not None and _is_changed(shelf, image)]
    contents = await _write_contents(connection, shelf, pictures, [*new, *changed])
    await _show_versions(connection, shelf, contents)
    await _run(connection, "update_images", images=[_row(image, contents) for image in changed])
    # After the others: a new image may have the bytes that one of them gave up.
    await _add_images(connection, new, contents)
    await _write_versions(connection, shelf, contents)
    await _write_keys(connection, shelf)
    touched = [(image, _old(shelf, image)) for image in (*new, *changed)]
    await _write_captions(connection, touched, caption_source, author)
    await _write_tags(connection, touched)
    await _write_products(connection, touched)
    if touched:
        await execute(connection, SQL["refresh_documents"], {"ids": [image.image_id for image, _ in touched]})


def _is_changed(shelf: Shelf, image: Stored) -> bool:
    return image.content() != _old(shelf, image).content()


def _old(shelf: Shelf, image: Stored) -> Stored:
    """The image as it was; a new one was nothing."""
    return shelf.before.get(id(image)) or Stored(
        brand_id=image.brand_id, sha256=image.sha256, origin=image.origin
    )


async def _write_contents(
    connection: Connection, shelf: Shelf, pictures: Mapping[bytes, Decoded], images: Sequence[Stored]
) -> Contents:
    hashes = {sha256 for _, _, sha256 in shelf.versions} | {image.sha256 for image in images}
    contents = await _content_ids(connection, hashes)
    missing = hashes - contents.keys()
    if missing:
        new = [pictures[sha256] for sha256 in missing if sha256 in pictures]
        contents |= await _add_contents(connection, new)
    if hashes - contents.keys():
        raise Conflict("An image was erased while it was being imported; import it again.")
    return contents


async def _content_ids(connection: Connection, hashes: Iterable[bytes]) -> dict[bytes, int]:
    rows = await fetch_all(connection, SQL["content_ids"], {"hashes": list(hashes)}, _Content)
    return {row.sha256: row.content_id for row in rows}


async def _add_contents(connection: Connection, pictures: Sequence[Decoded]) -> dict[bytes, int]:
    columns = {
        "hashes": [picture.sha256 for picture in pictures],
        "media_types": [picture.media_type for picture in pictures],
        "widths": [picture.width for picture in pictures],
        "heights": [picture.height for picture in pictures],
        "bytes": [picture.content for picture in pictures],
        "thumbnails": [picture.thumbnail for picture in pictures],
        "frames": [picture.frames for picture in pictures],
        "perceptual_hashes": [picture.perceptual_hash for picture in pictures],
    }
    rows = await fetch_all(connection, SQL["add_contents"], columns, _Content)
    return {row.sha256: row.content_id for row in rows}


async def _show_versions(connection: Connection, shelf: Shelf, contents: Contents) -> None:
    parked = [image.image_id for image, _, _ in shelf.versions if id(image) in shelf.exchanging]
    if parked:
        await execute(connection, SQL["park_images"], {"ids": parked})
    for image, version, sha256 in shelf.versions:
        if image.image_id is not None:
            values = {"image_id": image.image_id, "content_id": contents[sha256], "version": version}
            await execute(connection, SQL["show_version"], values)


async def _add_images(connection: Connection, images: Sequence[Stored], contents: Contents) -> None:
    if not images:
        return
    values = {"images": _json([_row(image, contents) for image in images])}
    rows = await fetch_all(connection, SQL["add_images"], values, _Image)
    numbers = {(row.brand_id, row.content_id): row.image_id for row in rows}
    for image in images:
        image.image_id = numbers[image.brand_id, contents[image.sha256]]


def _row(image: Stored, contents: Contents) -> dict[str, Any]:
    return _ids(image) | {
        "content_id": contents[image.sha256],
        "version": image.version,
        "kind": image.kind,
        "state": image.state,
        "origin": image.origin,
        "title": image.title,
        "rights": image.rights,
        "usable_from": image.usable_from,
        "usable_until": image.usable_until,
        "attributes": image.attributes,
        "hidden": image.hidden,
    }


async def _write_versions(connection: Connection, shelf: Shelf, contents: Contents) -> None:
    versions = [
        _ids(image) | {"version": number, "content_id": contents[sha256]}
        for image, number, sha256 in shelf.versions
    ]
    await _run(connection, "add_versions", versions=versions)


async def _write_keys(connection: Connection, shelf: Shelf) -> None:
    keys = [
        _ids(image) | {"root": root, "identifier": identifier}
        for (_, (root, identifier)), image in shelf.claims.items()
    ]
    await _run(connection, "remove_identifiers", keys=keys)
    await _run(connection, "add_identifiers", keys=keys)


async def _write_captions(
    connection: Connection, touched: Sequence[tuple[Stored, Stored]], source: str, author: str | None
) -> None:
    changed = [(image, old) for image, old in touched if _said(image) != _said(old)]
    ended = [image.image_id for image, old in changed if old.caption is not None]
    if ended:
        await execute(connection, SQL["end_captions"], {"ids": ended})
    new = [
        _ids(image)
        | {"caption": image.caption, "language": image.caption_language}
        | ({"source": "file"} if image.caption_is_files else {"source": source, "author": author})
        for image, _ in changed
        if image.caption is not None
    ]
    await _run(connection, "add_captions", captions=new)


def _said(image: Stored) -> tuple[str | None, str | None]:
    """The caption in its language."""
    return image.caption, image.caption_language


async def _write_tags(connection: Connection, touched: Sequence[tuple[Stored, Stored]]) -> None:
    gone = [_ids(image) | {"tag": tag} for image, old in touched for tag in set(old.tags) - set(image.tags)]
    new = [_ids(image) | {"tag": tag} for image, old in touched for tag in set(image.tags) - set(old.tags)]
    await _run(connection, "untag_images", tags=gone)
    await _run(connection, "add_tags", tags=new)
    await _run(connection, "tag_images", tags=new)


async def _write_products(connection: Connection, touched: Sequence[tuple[Stored, Stored]]) -> None:
    changed = [(image, old) for image, old in touched if image.skus != old.skus]
    gone = [_ids(image) | {"sku": sku} for image, old in changed for sku in old.skus if sku not in image.skus]
    kept = [
        _ids(image) | {"sku": sku, "position": position}
        for image, _ in changed
        for position, sku in enumerate(image.skus)
    ]
    await _run(connection, "remove_products", products=gone)
    await _run(connection, "set_products", products=kept)


def _ids(image: Stored) -> dict[str, Any]:
    return {"brand_id": image.brand_id, "image_id": image.image_id}


async def _run(connection: Connection, statement: str, **rows: list[dict[str, Any]]) -> None:
    """Run a statement for all its rows at once, if there are any."""
    if any(rows.values()):
        await execute(connection, SQL[statement], {name: _json(values) for name, values in rows.items()})


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
