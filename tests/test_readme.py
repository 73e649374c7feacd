"""The README's examples run as they stand, in order, and what they promise comes true."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(sh|sql)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


@pytest.fixture
def environment(service_url: str) -> dict[str, str]:
    scripts = Path(sys.executable).parent
    return {**os.environ, "RAGE_DATABASE_URL": service_url, "PATH": f"{scripts}:{os.environ['PATH']}"}


@pytest.fixture
def address(environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        ["rage", "serve", "--no-worker", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}/api/health/ready", timeout=5):
                return
        except OSError:
            assert process.poll() is None, "rage serve ended before it was ready"
            time.sleep(0.1)
    raise AssertionError("rage serve was not ready within 30 s")


def test_examples_run(address: str, environment: dict[str, str], database_url: str, folder: Path) -> None:
    said = ""
    for kind, text in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        if kind == "sql":
            said += str(results(database_url, text))
        else:
            said += shell(text.replace("http://127.0.0.1:8000", address), environment, folder)
    assert "lantern" in said
    assert '"strategy":"exact: caption + text' in said
    assert "LUM-LOT-LAV" in said
    assert (folder / "podium.png").stat().st_size > 10_000
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT status, provider, labels FROM rage_v1.generations").fetchall()
    assert rows == [("succeeded", "local", {"campaign": "spring"})] * 5
    assert len(list((folder / "spring").glob("*.png"))) == 4


def shell(commands: str, environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euc", commands],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def results(database_url: str, statements: str) -> list[list[tuple[object, ...]]]:
    """What each statement of a block gives; a query of the README finds something."""
    found = []
    with psycopg.connect(database_url) as connection:
        for statement in filter(str.strip, statements.split(";\n")):
            cursor = connection.execute(statement.encode())
            if cursor.description:
                found.append(cursor.fetchall())
                assert found[-1], statement
    return found


def test_links_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
