"""What "not found" tells by its timing: another brand's thing against one that nobody has, in turns.

Once as the service answers, and once without its steps, which is what they are for.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import psycopg
from httpx import ASGITransport, AsyncClient
from litestar import Litestar

from benchmarks import large_store
from rage_pg import migrate
from rage_pg.access import keys
from rage_pg.api.app import create_app
from rage_pg.api.pace import Pace
from rage_pg.config import Settings
from rage_pg.embedded import app_url, embedded_server

ROUNDS = 400
NOBODYS = 999_999_999
PATHS = ("/api/images/{}", "/api/images/{}/content", "/api/images/{}/thumbnail")


async def measure() -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as url:
            migrate.upgrade(url, app_logs_in=True)
            large_store.fill(url, images=5_000, brands=2)
            await _measure(url)


async def _measure(url: str) -> None:
    settings = Settings(data_dir=Path("/nowhere"), database_url=app_url(url), rate_limit=0)
    app = create_app(settings, worker=False)
    print(f"median of {ROUNDS} rounds, in milliseconds", flush=True)
    async with app.lifespan():
        made = await keys.create(
            app.state.runtime.database, "one", brands=["brand 1"], every_brand=False,
            scopes=["write"], expires_at=None, created_by="benchmark",
        )  # fmt: skip
        transport = ASGITransport(cast("Any", app))
        headers = {"Authorization": f"Bearer {made.text.reveal()}"}
        async with AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            await _compare(app, client, _foreign(url))


def _foreign(url: str) -> int:
    with psycopg.connect(url) as operator:
        row = operator.execute(
            "SELECT min(image_id) FROM rage.images JOIN rage.brands USING (brand_id) WHERE name = 'brand 2'"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def _compare(app: Litestar, client: AsyncClient, foreign: int) -> None:
    for steps, pace in (("in steps", Pace(0)), ("at once", Pace(0))):
        if steps == "at once":
            pace.not_found.rest = _no_rest  # type: ignore[method-assign]
        app.state.pace = pace
        for path in PATHS:
            theirs, nobodys = await _in_turns(client, path.format(foreign), path.format(NOBODYS))
            figures = (
                f"another brand's {theirs:7.3f}   nobody's {nobodys:7.3f}   ratio {theirs / nobodys:6.4f}"
            )
            print(f"{path:28} {steps:9} {figures}")


async def _no_rest(began: float) -> None: ...


async def _in_turns(client: AsyncClient, *paths: str) -> list[float]:
    took: list[list[float]] = [[] for _ in paths]
    for _ in range(ROUNDS):
        for path, times in zip(paths, took, strict=True):
            started = time.perf_counter()
            answer = await client.get(path)
            times.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 404
    return [statistics.median(times) for times in took]
