"""How many images have which word: what searches weigh words by."""

from __future__ import annotations

from rage_pg.database import Database, fetch_value
from rage_pg.resources import statements

SQL = statements("index")


async def count_words(database: Database) -> int:
    """Have the words counted of brands of whose images many changed since; of how many that was done.

    Searches weigh words by these counts; what is not counted yet they count on the way, up to a bound.
    """
    counted = 0
    while True:
        async with database.transaction() as connection:
            if not await fetch_value(connection, SQL["count_words"], {}):
                return counted
        counted += 1
