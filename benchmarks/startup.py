"""How long the service takes from its command to its first answer: on an empty data folder, then again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path


async def measure() -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        for name in ("first start, sample catalogue imported", "second start", "third start"):
            started, stopped = await _start_and_stop(folder)
            print(f"{name:40} ready after {started:5.1f} s, stopped within {stopped:4.1f} s")


async def _start_and_stop(folder: str) -> tuple[float, float]:
    port = _free_port()
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("rage")), "serve", "--demo", "--port", str(port),
        env={**os.environ, "RAGE_DATA_DIR": folder}, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    while not await asyncio.to_thread(_answers, port):
        if process.returncode is not None:
            raise SystemExit(f"rage serve ended with {process.returncode}.")
        await asyncio.sleep(0.05)
    ready = time.perf_counter() - started
    stopping = time.perf_counter()
    process.send_signal(signal.SIGINT)
    await process.wait()
    return ready, time.perf_counter() - stopping


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
