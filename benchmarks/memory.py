"""Memory of an import and of the filling after it, thousand by thousand: flat, however many there are.

Both run as the commands that people run, on Debian's drawings; this process counts what is stored meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import psutil

from benchmarks import openclipart
from rage_pg.config import Settings
from rage_pg.database import Database, fetch_value
from rage_pg.runtime import running

EVERY = 0.25
"""Seconds between two looks."""
STEP = 1_000
MEGABYTE = 1_048_576

RAGE = str(Path(sys.executable).with_name("rage"))
STORED = "SELECT count(*) FROM rage.images"
EMBEDDED = (
    "SELECT coalesce(min(c.n), 0) FROM rage.embedding_spaces AS s CROSS JOIN LATERAL"
    " (SELECT count(*) AS n FROM rage.embeddings AS e WHERE e.space_id = s.space_id) AS c"
    " WHERE s.state IN ('filling', 'ready')"
)

Samples = list[tuple[int, float]]
"""How many there were, and megabytes in use then."""


async def measure(limit: int | None) -> None:
    found = openclipart.drawings(limit)
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        manifest = openclipart.write_manifest(root, found)
        async with running(Settings(data_dir=root / "data")) as runtime:
            environment = {**os.environ, "RAGE_DATA_DIR": str(root / "data")}
            for command, counted in (
                (["import", "--manifest", str(manifest), "--no-index"], STORED),
                (["index", "fill"], EMBEDDED),
            ):
                samples = await _sampled([RAGE, *command, "--json"], environment, runtime.database, counted)
                _tell(command, samples)


async def _sampled(
    command: Sequence[str], environment: dict[str, str], database: Database, counted: str
) -> Samples:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    watched = psutil.Process(process.pid)
    ended = asyncio.create_task(process.wait())
    samples: Samples = []
    while not (await asyncio.wait([ended], timeout=EVERY))[0]:
        async with database.transaction() as connection:
            count = await fetch_value(connection, counted, {})
        samples.append((count, _megabytes(watched)))
    assert ended.result() == 0, command
    return samples


def _megabytes(process: psutil.Process) -> float:
    """Of the command and of what it started, Postgres left out: that one belongs to this process."""
    try:
        both = [process, *process.children(recursive=True)]
        return float(sum(one.memory_info().rss for one in both)) / MEGABYTE
    except psutil.NoSuchProcess:
        return 0.0


def _tell(command: Sequence[str], samples: Samples) -> None:
    print(f"rage {' '.join(command[:1])}: megabytes, median and most of each {STEP:,} images")
    for start in range(0, max(count for count, _ in samples), STEP):
        used = [memory for count, memory in samples if start <= count < start + STEP and memory]
        if used:
            print(f"  from {start:6,}: {median(used):6.0f} {max(used):6.0f}", flush=True)
