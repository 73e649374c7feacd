"""Changes to images that are stored: what is said replaces what was known, field by field."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from rage_pg.database import Connection, Database, execute, fetch_value
from rage_pg.errors import Forbidden, InvalidInput, NotFound, RageError
from rage_pg.ingest.describing import describe
from rage_pg.ingest.identity import Shelf
from rage_pg.ingest.metadata import checked, in_order
from rage_pg.ingest.storing import in_normal_form, known_images
from rage_pg.ingest.values import Incoming, Key, Stored
from rage_pg.ingest.writing import write
from rage_pg.resources import statements
from rage_pg.types import ImageMetadata

SQL = statements("ingest")
LARGEST_ID = 2**63 - 1


async def edit_images(
    database: Database, image_ids: Sequence[int], metadata: ImageMetadata, *, author: str | None = None
) -> None:
    """Make the same change to all of these images, or to none.

    A field that is left out stays, None clears it; lists and attributes are replaced whole. A new caption is
    a new revision by a person. An external id replaces the one shown. Imports into the same brands and
    edits take turns, so neither takes a name that the other just gave.
    Raises InvalidInput, NotFound, Forbidden, and Conflict for an external id in use.
    """
    wanted = sorted(set(image_ids))
    for image_id in wanted:
        if not 0 < image_id <= LARGEST_ID:
            raise _missing(image_id)
    said = _allowed(checked(metadata), len(wanted))
    async with database.transaction() as connection:
        await execute(connection, SQL["lock_brands_of_images"], {"image_ids": wanted})
        (change,) = await in_normal_form(connection, [_change(said)])
        shelf = Shelf(await known_images(connection, [], [], wanted))
        stored = {image.image_id: image for image in shelf.images}
        for image_id in wanted:
            image = stored.get(image_id)
            if image is None or image.hidden:
                raise await _refusal(connection, image_id)
            _apply(image, change)
        await write(connection, shelf, {}, "person", author)
        if change.key is not None:
            await _rename(connection, shelf.images[0], change.key)


def _change(said: ImageMetadata) -> Incoming:
    return Incoming(name="", metadata=said, sha256=b"", picture=None)


def _allowed(said: ImageMetadata, images: int) -> ImageMetadata:
    if said.brand is not UNSET:
        raise InvalidInput("An image cannot change its brand; import it into the other one.", field="brand")
    if said.external_id is not UNSET and images > 1:
        raise InvalidInput("Several images cannot have the same external id.", field="external_id")
    return said


async def _refusal(connection: Connection, image_id: int) -> RageError:
    """What is seen and cannot be locked may not be changed; of anything else nothing is told."""
    if await fetch_value(connection, SQL["is_visible"], {"image_id": image_id}):
        return Forbidden(f"Image {image_id} belongs to a brand that you may not change.")
    return _missing(image_id)


def _apply(image: Stored, change: Incoming) -> None:
    if change.metadata.attributes is not UNSET:
        image.attributes = {}
    describe(image, change, overrides=True, replaces=True)
    in_order(image.usable_from, image.usable_until)
    if change.key is not None:
        others = [key for key in image.keys if not key[0]][1:]
        paths = (key for key in image.keys if key[0])
        image.keys = (change.key, *(key for key in others if key != change.key), *paths)


def _missing(image_id: int) -> NotFound:
    return NotFound(f"There is no image {image_id}.")


async def _rename(connection: Connection, image: Stored, key: Key) -> None:
    """Put the external id in the place of the one that is shown, the first; further ones stay."""
    root, identifier = key
    values = {"image_id": image.image_id, "identifier": identifier}
    await execute(connection, SQL["drop_further_external_id"], values)
    if await fetch_value(connection, SQL["rename_external_id"], values) is not None:
        return
    row = {"brand_id": image.brand_id, "image_id": image.image_id, "root": root, "identifier": identifier}
    await execute(connection, SQL["add_identifiers"], {"keys": msgspec.json.encode([row]).decode()})
