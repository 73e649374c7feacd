"""What people do with outputs: rate them, keep one as an image of the catalogue."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from rage_pg.database import Connection, Database, execute, fetch_one
from rage_pg.errors import Conflict, NotFound
from rage_pg.resources import statements
from rage_pg.types import Rating

SQL = statements("generation")


class _Output(Struct, frozen=True):
    image_id: int
    kept: bool
    deleted: bool


async def rate(
    database: Database, generation_id: UUID, position: int, rating: Rating, by: str | None = None
) -> None:
    """Note a person's verdict on an output; their later one replaces it. Raises NotFound."""
    async with database.transaction() as connection:
        await _locked_output(connection, generation_id, position)
        values = {
            "generation_id": generation_id,
            "position": position,
            "by": by,
            "rating": rating.rating,
            "reasons": list(rating.reasons),
            "comment": rating.comment,
        }
        await execute(connection, SQL["rate"], values)


async def keep(database: Database, generation_id: UUID, position: int, by: str | None = None) -> int:
    """Approve an output as an image of the catalogue; the image's id.

    Kept once, a second call changes nothing, whatever became of the image since. Raises NotFound, and
    Conflict where the image was deleted.
    """
    async with database.transaction() as connection:
        output = await _locked_output(connection, generation_id, position)
        if not output.kept:
            if output.deleted:
                raise Conflict(f"Image {output.image_id} was deleted; restore it before it can be kept.")
            values = {
                "generation_id": generation_id,
                "position": position,
                "image_id": output.image_id,
                "by": by,
            }
            await execute(connection, SQL["keep_output"], values)
            await execute(connection, SQL["approve_image"], values)
        return output.image_id


async def _locked_output(connection: Connection, generation_id: UUID, position: int) -> _Output:
    values = {"generation_id": generation_id, "position": position}
    output = await fetch_one(connection, SQL["lock_output"], values, _Output)
    if output is None:
        raise NotFound(f"Generation {generation_id} has no output {position}.")
    return output
