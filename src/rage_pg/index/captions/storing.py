"""Writes down what a captioner said. A person's caption stays current whatever a model says, and whenever."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from rage_pg.database import Connection, execute, fetch_one, fetch_value
from rage_pg.index.captions.claims import Claimed, Scope, release
from rage_pg.providers.ports import Captioner, Description
from rage_pg.resources import statements

SQL = statements("captions")

Stored: TypeAlias = Literal["described", "kept", "out of date"]
"""kept: described, and the image goes by a person's caption. out of date: the picture changed meanwhile."""


class _Image(Struct, frozen=True):
    is_same: bool
    revision: int | None
    is_human: bool | None


async def store(
    connection: Connection,
    scope: Scope,
    image: Claimed,
    captioner: Captioner,
    said: Description,
    language: str,
) -> Stored:
    """Keep a description, and the caption as the current one unless a person's is there by now.

    The image's brand is locked first, as imports and edits lock it: what they write is seen here or waits.
    """
    values = _values(scope, image, captioner, said, language)
    await fetch_value(connection, SQL["lock_brand_of_image"], values)
    found = await fetch_one(connection, SQL["lock_claimed"], values, _Image)
    # Another run may have taken this one for lost, and the image over.
    if found is None:
        return "out of date"
    if not found.is_same:
        await release(connection, scope, image)
        return "out of date"
    await execute(connection, SQL["remove_claim"], values)
    await execute(connection, SQL["put_description"], values)
    if said.caption is not None:
        await _add_caption(connection, values, found)
    await execute(connection, SQL["refresh_documents"], values)
    return "kept" if said.caption is not None and found.is_human else "described"


async def _add_caption(connection: Connection, values: dict[str, Any], found: _Image) -> None:
    becomes_current = not found.is_human
    if becomes_current:
        await execute(connection, SQL["end_caption"], values)
    replaces = found.revision if becomes_current else None
    await execute(
        connection, SQL["add_caption"], {**values, "is_current": becomes_current, "replaces": replaces}
    )
    if becomes_current:
        await execute(connection, SQL["touch_image"], values)


def _values(
    scope: Scope, image: Claimed, captioner: Captioner, said: Description, language: str
) -> dict[str, Any]:
    return {
        "run_id": scope.run_id,
        "reader": scope.reader,
        "image_id": image.image_id,
        "brand_id": image.brand_id,
        "content_id": image.content_id,
        "caption": said.caption,
        "objects": list(said.objects),
        "styles": list(said.styles),
        "colours": list(said.colours),
        "visible_text": said.visible_text,
        "kind": said.kind,
        "language": language,
        "provider": captioner.name,
        "model": said.model,
    }
