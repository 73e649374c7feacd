"""A peer's own virtual environment in a cache folder; ours never sees the peer's packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import platformdirs

REQUIREMENTS = {
    "chroma": ("chromadb==1.5.9", "numpy"),
    "lancedb": ("lancedb==0.40.0", "numpy"),
}
"""Of each peer. A newer version: change it here, and the next run makes a new environment."""


def default_cache() -> Path:
    return platformdirs.user_cache_path("rage-pg-bench")


def python_of(peer: str, cache: Path) -> Path:
    """The interpreter of a peer's environment, which is made if it is not there."""
    requirements = REQUIREMENTS[peer]
    folder = cache / requirements[0].replace("==", "-")
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if not complete.exists():
        print(f"Installing {requirements[0]} into {folder}, once.", flush=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *requirements], check=True)
        complete.touch()
    return python
