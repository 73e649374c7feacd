"""Puts pictures into a store by the way that all take, and reads back what is stored of them."""

from __future__ import annotations

import hashlib
from typing import Any

from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.ingest import decode, store
from rage_pg.types import ImageMetadata, ImageRecord, ImportItem, Origin
from tests.hostile import png

STATE = """
SELECT i.image_id, b.name AS brand, i.version, i.kind, i.state, i.origin, i.title, i.rights, i.attributes,
       i.deleted_at IS NOT NULL AS hidden, encode(c.sha256, 'hex') AS sha256, i.updated_at,
       (SELECT text FROM rage.captions WHERE image_id = i.image_id AND is_current) AS caption,
       (SELECT count(*)::int FROM rage.captions WHERE image_id = i.image_id) AS captions,
       ARRAY(SELECT name FROM rage.tags JOIN rage.image_tags USING (tag_id)
             WHERE image_id = i.image_id ORDER BY name) AS tags,
       ARRAY(SELECT sku FROM rage.image_products
             WHERE image_id = i.image_id ORDER BY position) AS skus,
       ARRAY(SELECT identifier FROM rage.image_identifiers
             WHERE image_id = i.image_id ORDER BY identifier_id) AS keys,
       ARRAY(SELECT encode(v.sha256, 'hex')
             FROM rage.image_versions JOIN rage.contents AS v USING (content_id)
             WHERE image_id = i.image_id ORDER BY version) AS versions,
       (SELECT input FROM rage.image_documents WHERE image_id = i.image_id) AS document
FROM rage.images AS i JOIN rage.brands AS b USING (brand_id) JOIN rage.contents AS c USING (content_id)
ORDER BY i.image_id
"""
ROOT = "/catalogue"


def record(number: int, path: str | None = None, *, origin: Origin = "imported", **said: Any) -> ImageRecord:
    """Picture `number` as it comes from a file (with a path) or from elsewhere."""
    decoded = decode(png(number), Limits())
    return ImageRecord(
        metadata=ImageMetadata(**said),
        sha256=decoded.sha256,
        media_type=decoded.media_type,
        width=decoded.width,
        height=decoded.height,
        content=decoded.content,
        thumbnail=decoded.thumbnail,
        frames=decoded.frames,
        root=ROOT if path else None,
        path=path,
        origin=origin,
    )


async def put(database: Database, *records: ImageRecord) -> list[ImportItem]:
    async with database.transaction() as connection:
        return await store(connection, records)


async def images(database: Database) -> dict[int, dict[str, Any]]:
    async with database.transaction() as connection:
        rows = await (await connection.execute(STATE)).fetchall()
    return {row["image_id"]: row for row in rows}


async def run(database: Database, statement: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(statement)


def sha256(number: int) -> str:
    return hashlib.sha256(png(number)).hexdigest()


def statuses(items: list[ImportItem]) -> list[str]:
    return [item.status for item in items]
