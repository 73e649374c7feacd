"""Finds a Chromium for the page's test, or installs one. As a program: prints its path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Chromium's sandbox refuses to run for root.
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
)
HOW_TO = "No Chromium for the page's test. Run: apt-get install chromium (as root), then make test again."

# In a process of its own: Playwright's synchronous side refuses to run beside an event loop.
OWN_PATH = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as p: print(p.chromium.executable_path)"
)


@cache
def find_or_install_chromium() -> Path:
    """An installed one, else Debian's package for root, Playwright's own for others. SystemExit says how."""
    found = next(_installed(), None)
    if found is None:
        _install()
        found = next(_installed(), None)
    if found is None:
        raise SystemExit(HOW_TO)
    return found


def _installed() -> Iterator[Path]:
    for name in NAMES:
        path = shutil.which(name)
        if path and _runs(path):
            yield Path(path)
    own = subprocess.run([sys.executable, "-c", OWN_PATH], capture_output=True, text=True, check=True)
    if _runs(own.stdout.strip()):
        yield Path(own.stdout.strip())


def _runs(path: str) -> bool:
    """Ubuntu's package is a stub, and Playwright's own may lack libraries: being there is not enough."""
    try:
        done = subprocess.run([path, *FLAGS, "--version"], capture_output=True, timeout=60, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "--quiet=2", "--yes", "--no-install-recommends", "chromium"]
        commands = [["apt-get", "update", "--quiet=2"], install]
    else:
        commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    print("Installing Chromium for the page's test.", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        if subprocess.run(command, stdout=sys.stderr, env=environment, check=False).returncode != 0:
            raise SystemExit(HOW_TO)


if __name__ == "__main__":
    print(find_or_install_chromium())
