"""What a look goes on from is the server's own numbering of transactions: when that may be trusted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rage_pg import migrate
from rage_pg.callers import SYSTEM
from rage_pg.database import Database, fetch_only, fetch_value
from rage_pg.embedded import app_url, embedded_server
from rage_pg.index import Looks, captions, claims
from rage_pg.index.looks import Moment
from tests.conftest import clone, hurry
from tests.generating import rows, value
from tests.test_index_looks import TAKE_AWAY, settled, space

IS_SURE = """
SELECT current_setting('synchronous_commit') = 'on' AND pg_current_xact_id_if_assigned() IS NOT NULL
"""
COPIED_IN = """
CREATE TEMPORARY TABLE kept AS SELECT * FROM rage.image_documents;
DELETE FROM rage.image_documents;
UPDATE kept SET changed_in = '1', input = 'cup', input_sha256 = sha256('cup');
INSERT INTO rage.image_documents SELECT * FROM kept;
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Of a server that no other test has."""
    with tempfile.TemporaryDirectory(prefix="rage-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


async def test_a_copy_of_a_database_is_another_store(
    database: Database, server_18: str, template: str
) -> None:
    identity = "SELECT rage.store_identity('{rage.images,rage.contents}')"
    known = await value(database, identity)
    assert await value(database, identity) == known
    async with Database(clone(server_18, template)) as copy:
        assert await value(copy, identity) != known


async def test_a_row_that_is_copied_in_has_changed_now(database: Database) -> None:
    await settled(database)
    given = """INSERT INTO rage.brands (name) VALUES ('copied');
               INSERT INTO rage.images (brand_id, content_id, changed_in)
               SELECT (SELECT brand_id FROM rage.brands WHERE name = 'copied'), min(content_id), '1'
               FROM rage.contents
               RETURNING changed_in = pg_current_xact_id() AS is_now"""
    async with database.transaction() as connection:
        for statement in given.split(";"):
            cursor = await connection.execute(statement.encode())
        assert await cursor.fetchone() == {"is_now": True}


async def test_a_text_that_is_copied_in_has_changed_now(database: Database) -> None:
    worker, ids = await settled(database)
    await rows(database, COPIED_IN)
    assert await worker.fill() == len(ids)


async def test_a_server_that_was_started_anew_is_looked_at_anew(data_dir: Path) -> None:
    with embedded_server(data_dir) as url:
        hurry(url)
        migrate.upgrade(url, app_logs_in=True)
        async with Database(app_url(url), caller=SYSTEM) as database:
            worker, [first, _] = await settled(database)
            await rows(database, TAKE_AWAY, image_id=first)
            assert await worker.fill() == 0
    with embedded_server(data_dir) as url:
        async with Database(app_url(url), caller=SYSTEM) as database:
            worker.database = database
            assert await worker.fill() == 1


async def test_the_moment_of_a_look_is_a_number_that_no_crash_gives_out_again(database: Database) -> None:
    async with claims.filler(database, await space(database), Looks(), waits=False) as filler:
        values = {"filler_id": filler.filler_id, "space_id": 1}
        async with database.transaction() as connection:
            await fetch_only(connection, claims.SQL["begin_look"], values, Moment)
            assert await fetch_value(connection, IS_SURE, {})


async def test_the_moment_of_a_run_is_a_number_that_no_crash_gives_out_again(database: Database) -> None:
    async with database.transaction() as connection:
        assert not await fetch_value(connection, IS_SURE, {})
        await fetch_only(connection, captions.claims.SQL["begin_run"], {}, Moment)
        assert await fetch_value(connection, IS_SURE, {})
