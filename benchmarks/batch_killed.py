"""`rage generate --batch` of 200 x 3 items, killed at random and run again, against a stub that counts.

Every item must have come to its end, called at most once, and every call be written down.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from rage_pg import migrate
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.embedded import app_url, embedded_server
from tests.image_api_stub import image_api_stub
from tests.killed_batches import brief, torment
from tests.store import add

AT_ONCE = 4
PAUSE = 0.05
"""Seconds that the stub takes for a picture."""


async def measure(skus: int = 200, sizes: int = 3, kills: int = 6, seed: int = 1) -> None:
    """Raise SystemExit where anything is lost or called twice."""
    with tempfile.TemporaryDirectory(prefix="rage-batch-") as name:
        root = Path(name)
        root.chmod(0o755)
        with embedded_server(root / "data") as url:
            migrate.upgrade(url, app_logs_in=True)
            async with Database(app_url(url), caller=SYSTEM) as database:
                images = [await add(database) for _ in range(skus)]
            items = brief(root / "brief.json", skus, sizes, images)
            with image_api_stub() as stub:
                stub.pause = PAUSE
                told = torment(
                    stub,
                    root / "brief.json",
                    root / "made",
                    url,
                    kills=kills,
                    at_once=AT_ONCE,
                    seed=seed,
                    longest=4.0,
                )
    ended = ", ".join(f"{count:,} {status}" for status, count in sorted(told.outcomes.items()))
    print(f"{told.items:,} items, {told.kills} kills in {told.seconds:.0f} s, {AT_ONCE} at once; seed {seed}")
    calls = f"{told.requests:,} requests at the stub, {told.calls:,} rows of paid calls"
    print(f"{ended}; {calls}, {told.files:,} files")
    faults = told.faults(AT_ONCE)
    if told.items != items:
        faults.append(f"{told.items:,} items of {items:,}")
    if faults:
        raise SystemExit("\n".join(faults))
    print("no item was asked of the provider twice, and none was lost")
