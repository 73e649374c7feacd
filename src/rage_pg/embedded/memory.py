"""How much memory the embedded server may keep pages in."""

from __future__ import annotations

from pathlib import Path

import psutil

SHARE, LEAST, MOST = 8, 128 << 20, 4 << 30
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def shared_buffers() -> str:
    """The setting of this name: an eighth of the memory, which Postgres takes as it comes to need it.

    Comparing many vectors reads many pages: from these buffers it takes half as long as through the kernel.
    """
    return f"{min(max(_memory() // SHARE, LEAST), MOST) >> 20}MB"


def _memory() -> int:
    """Bytes that this machine has, or this container may take."""
    total = int(psutil.virtual_memory().total)
    try:
        return min(total, int(CONTAINER_LIMIT.read_text()))
    except (OSError, ValueError):
        return total
