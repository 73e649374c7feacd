"""The embedded Postgres server: one for a data folder, joined by every process, stopped by the last.

Who still needs the server is said by locks, not by a list of pids: each user holds `users.lock` shared, and
the kernel drops a killed process's lock. Whoever leaves and can lock it alone stops the server.

    DATA_DIR/postgres/     the cluster, its Unix socket and server.log; it listens nowhere else
    DATA_DIR/server.lock   held while the server is being started or stopped
    DATA_DIR/users.lock    held, shared, by everybody who uses the server
    DATA_DIR/programs/     a copy of the programs, where the server's own user may not read the installed ones
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rage_pg.embedded.cluster import DATABASE, Cluster, unusable
from rage_pg.embedded.postmaster import SUPERUSER, find_postmaster
from rage_pg.embedded.programs import DEFAULT_MAJOR, client_tool

__all__ = ["DATABASE", "DEFAULT_MAJOR", "app_url", "client_tool", "embedded_server", "running_url"]


@contextmanager
def embedded_server(data_dir: Path, *, major: int = DEFAULT_MAJOR) -> Iterator[str]:
    """Start or join the server of `data_dir` and yield a libpq URL of its database `rage`.

    On exit the server stops if nobody else uses it. Raises SetupError where it cannot run. A process that
    SIGTERM ends without unwinding leaves it running; the next one joins it, and stops it in its turn.
    """
    cluster = Cluster(data_dir.resolve(), major)
    users = cluster.join()
    try:
        yield cluster.url(DATABASE)
    finally:
        cluster.leave(users)


def app_url(url: str, role: str = "rage_app") -> str:
    """The URL of an embedded server's database for the service's role in place of the superuser's."""
    return url.replace(f"//{SUPERUSER}@", f"//{role}@", 1)


def running_url(data_dir: Path) -> str | None:
    """The URL of the server that already runs for `data_dir`; None when there is none."""
    try:
        server = find_postmaster(data_dir.resolve() / "postgres")
    except OSError as error:
        raise unusable(data_dir, error) from error
    return server.url(DATABASE) if server and server.ready else None
