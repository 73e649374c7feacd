"""Which transactions have their statements prepared."""

from __future__ import annotations

from rage_pg.callers import SYSTEM
from rage_pg.database import Connection, Database, fetch_value

ASKED = "SELECT count(*) FROM rage.images WHERE image_id = %(image_id)s"
PREPARED = """
SELECT count(*) FROM pg_prepared_statements WHERE statement = replace(%(asked)s, '%%(image_id)s', '$1')
"""


async def test_statements_that_find_rows_by_key_are_prepared_and_no_others(database_url: str) -> None:
    async with Database(database_url, caller=SYSTEM, max_connections=1) as database:
        async with database.transaction() as connection:
            assert await _prepared_after_asking(connection) == 0
        async with database.transaction(by_key=True) as connection:
            assert await _prepared_after_asking(connection) == 1


async def test_a_connection_goes_back_without_the_habit(database_url: str) -> None:
    async with Database(database_url, caller=SYSTEM, max_connections=1) as database:
        async with database.transaction(by_key=True):
            pass
        async with database.reading() as connection:
            assert await _prepared_after_asking(connection) == 0


async def _prepared_after_asking(connection: Connection) -> int:
    for number in range(6):
        await fetch_value(connection, ASKED, {"image_id": number})
    found: int = await fetch_value(connection, PREPARED, {"asked": ASKED})
    return found
