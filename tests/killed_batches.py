"""Runs `rage generate --batch` as a process that is killed at random and run again, against a stub."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct

from tests.command_line import RAGE, environment_with
from tests.image_api_stub import ImageApiStub

FACTS = """
SELECT (SELECT count(*) FROM rage.generations) AS generations,
       (SELECT count(*) FROM rage.paid_calls) AS calls,
       (SELECT count(DISTINCT generation_id) FROM rage.paid_calls) AS called,
       (SELECT count(*) FROM rage.generation_batch_items WHERE generation_id IS NULL) AS left_over,
       (SELECT count(*) FROM rage.generations WHERE finished_at IS NULL) AS under_way,
       (SELECT count(*) FROM rage.generations AS g WHERE status = 'cancelled') AS called_off,
       (SELECT count(*) FROM rage.generation_batches) AS batches
"""
ITEMS = "SELECT status, count(*) FROM rage_v1.generation_batch_items GROUP BY 1"


class Figures(Struct, kw_only=True):
    """What is left when all is over."""

    items: int
    kills: int
    seconds: float
    outcomes: dict[str, int]
    calls: int
    requests: int
    files: int

    def faults(self, at_once: int) -> list[str]:
        """What breaks the promise: an item twice, an item lost, a call that no row tells of."""
        succeeded, unknown = self.outcomes.get("succeeded", 0), self.outcomes.get("unknown", 0)
        found = []
        if succeeded + unknown != self.items:
            found.append(f"not every item came to an end: {self.outcomes}")
        if unknown > self.kills * at_once:
            found.append(f"{unknown} are unknown, more than were cut off")
        if self.calls != self.items:
            found.append(f"{self.calls} calls were written down for {self.items} items")
        if self.files != succeeded:
            found.append(f"{self.files} files for {succeeded} items that succeeded")
        return found


def brief(file: Path, skus: int, purposes: int, image_ids: list[int]) -> int:
    """A brief of so many products, so many times; the number of its items."""
    sizes = ["1024x1024", "1536x1024", "1024x1536"][:purposes]
    sets = [
        [{"image_id": image_id, "note": f"product {n}"}]
        for n, image_id in zip(range(skus), image_ids, strict=False)
    ]
    file.write_text(
        json.dumps({"prompt": "On a shelf", "references": sets, "sizes": sizes, "quality": "low"})
    )
    return skus * len(sizes)


def torment(
    stub: ImageApiStub,
    file: Path,
    folder: Path,
    url: str,
    *,
    kills: int,
    at_once: int,
    seed: int,
    longest: float,
) -> Figures:
    """Kill it `kills` times, then let it end."""
    choose = random.Random(seed)
    started = time.perf_counter()
    environment = environment_with(
        RAGE_DATABASE_URL=url,
        RAGE_GENERATOR="openai:gpt-image-1.5",
        OPENAI_BASE_URL=stub.url,
        OPENAI_API_KEY="x",
    )
    command = [RAGE, "generate", "--batch", str(file), "-o", str(folder), "--at-once", str(at_once), "--json"]
    killed = 0
    while killed < kills:
        before = len(stub.requests)
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        wait_for_requests(stub, before + 1, process)
        time.sleep(choose.uniform(0, longest))
        process.kill()
        process.communicate()
        killed += process.returncode == -9
        if process.returncode != -9:
            break
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"rage generate --batch ended with {done.returncode}: {done.stderr}")
    named = sorted(chain.from_iterable(json.loads(done.stdout)["files"].values()))
    assert named == sorted(map(str, folder.glob("*.png"))), "each file is told of once"
    return figures(stub, folder, url, kills=killed, seconds=time.perf_counter() - started)


def wait_for_requests(stub: ImageApiStub, count: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(6000):
        if len(stub.requests) >= count or process.poll() is not None:
            return
        time.sleep(0.01)
    raise AssertionError("nothing was asked of the stub within a minute")


def figures(stub: ImageApiStub, folder: Path, url: str, *, kills: int, seconds: float) -> Figures:
    with psycopg.connect(url) as connection:
        outcomes: dict[str, int] = dict(connection.execute(ITEMS).fetchall())
        row = connection.execute(FACTS).fetchone()
        columns = [column.name for column in connection.execute(FACTS).description or ()]
    facts: dict[str, Any] = dict(zip(columns, row or (), strict=True))
    assert facts["calls"] == facts["called"], "a generation was charged twice"
    assert (facts["left_over"], facts["under_way"], facts["batches"]) == (0, 0, 1), facts
    asked = Counter(
        json.dumps(sorted((name, str(text)) for name, text in one.fields.items())) for one in stub.requests
    )
    assert max(asked.values()) == 1, "an item was asked of the provider twice"
    return Figures(
        items=sum(outcomes.values()),
        kills=kills,
        seconds=seconds,
        outcomes=outcomes,
        calls=facts["calls"],
        requests=len(stub.requests),
        files=len(list(folder.glob("*.png"))),
    )


if __name__ == "__main__":
    sys.exit("This is a part of tests and benchmarks.")
