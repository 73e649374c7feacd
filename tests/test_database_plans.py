"""Which transactions have their statements prepared, and what becomes of a connection that is lost."""

from __future__ import annotations

import psycopg

from rage_pg.callers import SYSTEM
from rage_pg.database import Connection, Database, fetch_value
from tests.store import operator_url

ASKED = "SELECT count(*) FROM rage.images WHERE image_id = %(image_id)s"
PREPARED = """
SELECT count(*) FROM pg_prepared_statements WHERE statement = replace(%(asked)s, '%%(image_id)s', '$1')
"""

PLANNED_FOR_A_VALUE = """
SELECT custom_plans FROM pg_prepared_statements WHERE statement = replace(%(asked)s, '%%(image_id)s', '$1')
"""
TERMINATE = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
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


async def test_they_are_planned_once_however_few_values_they_were_asked_with(database_url: str) -> None:
    async with Database(database_url, caller=SYSTEM, max_connections=1) as database:
        async with database.transaction(by_key=True) as connection:
            await _prepared_after_asking(connection)
            values = {"asked": ASKED}
            assert await fetch_value(connection, PLANNED_FOR_A_VALUE, values) == 0
        async with database.transaction() as connection:
            assert await fetch_value(connection, "SHOW plan_cache_mode", {}) == "auto"


async def test_connections_that_were_lost_in_the_pool_are_replaced(database_url: str) -> None:
    async with Database(database_url, caller=SYSTEM, max_connections=3) as database:
        async with database.transaction(), database.transaction(), database.transaction():
            pass
        with psycopg.connect(operator_url(database_url), autocommit=True) as server:
            server.execute(TERMINATE)
        for _ in range(3):
            async with database.transaction() as connection:
                assert await fetch_value(connection, "SELECT 1", {}) == 1


async def _prepared_after_asking(connection: Connection) -> int:
    for number in range(6):
        await fetch_value(connection, ASKED, {"image_id": number})
    found: int = await fetch_value(connection, PREPARED, {"asked": ASKED})
    return found
