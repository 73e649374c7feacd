"""How much memory the embedded server may keep pages in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

SHARE, LEAST, MOST = 8, 128 << 20, 4 << 30
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Of the second version of control groups, and of the first."""


def shared_buffers() -> str:
    """The setting of this name: an eighth of the memory, which Postgres takes as it comes to need it.

    Comparing many vectors reads many pages: from these buffers it takes half as long as through the kernel.
    """
    return f"{min(max(_memory() // SHARE, LEAST), MOST) >> 20}MB"


def _memory() -> int:
    """Bytes that this machine has, or this container may take."""
    found = [int(psutil.virtual_memory().total)]
    for limit in CONTAINER_LIMITS:
        with suppress(OSError, ValueError):
            found.append(int(limit.read_text()))
    return min(found)
