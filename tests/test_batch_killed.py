"""A batch whose process is killed goes on where it was, and nothing is paid for twice."""

from __future__ import annotations

from pathlib import Path

from rage_pg.database import Database
from tests.image_api_stub import image_api_stub
from tests.killed_batches import brief, torment
from tests.store import add


async def test_killed_again_and_again_it_ends_with_every_item_charged_once(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    file, folder = tmp_path / "brief.json", tmp_path / "made"
    items = brief(file, 6, 2, [await add(database) for _ in range(6)])
    with image_api_stub() as stub:
        stub.pause = 0.15
        told = torment(stub, file, folder, database_url, kills=3, at_once=2, seed=4, longest=0.4)
    assert told.items == items
    assert told.faults(at_once=2) == []
    assert told.kills > 0
    assert told.requests <= told.calls
