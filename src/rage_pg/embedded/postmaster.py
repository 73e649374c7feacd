"""Finds the server process of a cluster, whatever its postmaster.pid claims."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import psutil

PORT = 5432
"""Names the socket's file; no server listens on TCP."""

SUPERUSER = "postgres"


class Postmaster(NamedTuple):
    """A living server; `ready` once it takes connections."""

    process: psutil.Process
    socket_dir: Path
    ready: bool

    def url(self, database: str) -> str:
        # The port is spelled out because PGPORT of the client's environment would change it.
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket_dir))}&port={PORT}"


def find_postmaster(pgdata: Path) -> Postmaster | None:
    """The server that works in `pgdata`.

    None where postmaster.pid is missing, half-written, left by a crash, or names another program that was
    given the same pid since. Raises OSError where the file may not be read.
    """
    try:
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        if not _works_in(process, pgdata):
            return None
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        return Postmaster(process, pgdata / lines[4], ready)
    except (FileNotFoundError, ValueError, OverflowError, IndexError, psutil.Error):
        return None


def processes_in(pgdata: Path) -> list[int]:
    """The pids of every Postgres process of this cluster, orphans of a killed server among them."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if _works_in(process, pgdata):
                found.append(process.pid)
    return found


def _works_in(process: psutil.Process, pgdata: Path) -> bool:
    """Every process of a server has the cluster's folder as its working directory."""
    return process.name() == "postgres" and Path(process.cwd()) == pgdata
