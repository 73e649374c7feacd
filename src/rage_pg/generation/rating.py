"""What people think of an output."""

from __future__ import annotations

from uuid import UUID

from rage_pg.database import Database, execute
from rage_pg.errors import InvalidInput
from rage_pg.generation.keeping import locked_output
from rage_pg.resources import statements
from rage_pg.texts import check_storable
from rage_pg.types import Rating

SQL = statements("generation")

LONGEST_COMMENT = 5_000
"""Characters."""


async def rate(
    database: Database, generation_id: UUID, position: int, rating: Rating, by: str | None = None
) -> None:
    """Note a person's verdict on an output; their later one replaces it. Raises NotFound and InvalidInput."""
    comment = _checked(rating.comment)
    async with database.transaction() as connection:
        await locked_output(connection, generation_id, position)
        values = {
            "generation_id": generation_id,
            "position": position,
            "by": by,
            "rating": rating.rating,
            "reasons": list(dict.fromkeys(rating.reasons)),
            "comment": comment,
        }
        await execute(connection, SQL["rate"], values)


def _checked(comment: str | None) -> str | None:
    if comment is None:
        return None
    check_storable("comment", comment)
    comment = comment.strip()
    if len(comment) > LONGEST_COMMENT:
        raise InvalidInput(
            f"comment has {len(comment):,} characters, at most {LONGEST_COMMENT:,} fit.", field="comment"
        )
    return comment or None
