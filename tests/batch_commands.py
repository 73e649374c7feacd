"""`rage generate --batch` as a process that can be stopped, on a small batch, against the stub."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec import Struct

from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.embedded import app_url, embedded_server
from rage_pg.embedded.postmaster import find_postmaster
from tests.command_line import RAGE, environment_with
from tests.image_api_stub import ImageApiStub
from tests.store import add

PATIENCE = 60.0
KEYS = "abcdef"
ITEMS = "SELECT key, status FROM rage_v1.generation_batch_items ORDER BY position"
CALLS = "SELECT status, cost_usd FROM rage.paid_calls ORDER BY call_id"
BATCH = "SELECT status, reason FROM rage_v1.generation_batches"
CLAIMS = """
SELECT l.pid FROM pg_locks AS l JOIN rage.generation_batches AS b
    ON (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('rage.batch ' || b.batch_id, 0)
JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
WHERE l.locktype = 'advisory' AND l.granted
"""


class Shelf(Struct, kw_only=True):
    """A batch of so many items with the keys a, b, c … and the folder of its pictures."""

    url: str
    stub: ImageApiStub
    file: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "RAGE_DATABASE_URL": self.url,
            "RAGE_GENERATOR": "openai:gpt-image-2",
            "OPENAI_BASE_URL": self.stub.url,
            "OPENAI_API_KEY": "x",
        }

    def command(self, *options: str) -> list[str]:
        return ["generate", "--batch", str(self.file), "-o", str(self.folder), *options]

    @contextmanager
    def running(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """The command as a process of its own."""
        with subprocess.Popen(
            [RAGE, *self.command(*options)],
            env=environment_with(**self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def rows(self, statement: str) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement).fetchall()

    @property
    def items(self) -> str:
        """What became of each, in order."""
        return " ".join(f"{key}:{status}" for key, status in self.rows(ITEMS))

    @property
    def calls(self) -> Counter[str]:
        """How many paid calls ended how; of those that succeeded the cost is known, of others it is not."""
        calls = self.rows(CALLS)
        assert all((status == "succeeded") == (cost is not None and cost > 0) for status, cost in calls)
        return Counter(status for status, _ in calls)

    @property
    def files(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir() if file.is_file())

    def asked(self) -> dict[str, int]:
        """How often each item was sent."""
        prompts = [str(one.fields["prompt"]) for one in self.stub.requests]
        return {key: count for key in KEYS if (count := sum(f"item {key}." in text for text in prompts))}


def shelf(url: str, stub: ImageApiStub, folder: Path, count: int) -> Shelf:
    image_id = asyncio.run(_image(url))
    reference = {"image_id": image_id}
    items = [
        {"key": key, "prompt": f"This is item {key}.", "references": [reference]} for key in KEYS[:count]
    ]
    file = folder / "brief.json"
    file.write_text(json.dumps({"items": items, "quality": "low"}))
    return Shelf(url=url, stub=stub, file=file, folder=folder / "made")


async def _image(url: str) -> int:
    async with Database(app_url(url), caller=SYSTEM) as database:
        return await add(database)


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            pytest.fail("it did not come about")
        time.sleep(0.05)


def restart(folder: Path) -> None:
    """End the server that others have joined, and start it again."""
    server = find_postmaster(folder / "postgres")
    assert server is not None
    server.process.send_signal(signal.SIGINT)
    until(lambda: find_postmaster(folder / "postgres") is None)
    with embedded_server(folder):
        """Whoever joins it starts it; whoever uses it still keeps it."""


def ended(process: subprocess.Popen[str]) -> tuple[int, Sequence[str]]:
    """Its exit code, and the lines that it said on stderr since they were last read."""
    _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said.splitlines()
