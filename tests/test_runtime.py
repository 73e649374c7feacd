"""What every process does as it starts: it says what it cannot use and refuses a schema that is behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from rage_pg import migrate
from rage_pg.config import Settings
from rage_pg.errors import SetupError
from rage_pg.runtime import running


async def test_address_of_a_replica_is_said_to_be_unused(tmp_path: Path, database_url: str) -> None:
    settings = Settings(
        data_dir=tmp_path, database_url=database_url, database_read_url="postgresql://replica"
    )
    with capture_logs() as logged:
        async with running(settings):
            pass
    [warning] = [entry["event"] for entry in logged if entry["log_level"] == "warning"]
    assert warning.startswith("RAGE_DATABASE_READ_URL is not used")


async def test_database_of_the_host_that_is_behind_is_refused(tmp_path: Path, database_url: str) -> None:
    migrate.downgrade(database_url, "-1")
    with pytest.raises(SetupError, match="rage db upgrade"):
        async with running(Settings(data_dir=tmp_path, database_url=database_url)):
            pass
