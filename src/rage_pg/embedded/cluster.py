"""The files and the life of one embedded cluster."""

from __future__ import annotations

import fcntl
import logging
import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import psutil
import psycopg

from rage_pg.embedded.memory import shared_buffers
from rage_pg.embedded.postmaster import PORT, SUPERUSER, Postmaster, find_postmaster, processes_in
from rage_pg.embedded.programs import cause, give_to, programs, readable_programs, run, server_user
from rage_pg.errors import SetupError

DATABASE = "rage"

_log = logging.getLogger(__name__)

_LONGEST_SOCKET_PATH = 103
_LOG_BYTES = 10_000_000
_RECOVERY_SECONDS = 3600
_SETTLE_SECONDS = 60
_STOP_SECONDS = 120
_POLL_SECONDS = 0.02

# Whoever may enter the cluster's folder is its owner: the socket in it needs no password, TCP is refused.
_INITDB = (
    *("--username", SUPERUSER, "--encoding", "UTF8", "--auth-local", "trust", "--auth-host", "reject"),
    *("--set", "max_connections=100", "--set", "timezone=UTC", "--set", "log_timezone=UTC"),
    *("--set", "unix_socket_permissions=0700"),
)
# The locale is part of the answer: lower() and full text must treat é and ß alike on every machine.
_LOCALE = ("--locale", "C.UTF-8")
_BUILTIN_LOCALE = (*_LOCALE, "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
_BUILTIN_LOCALE_SINCE = 17


class Cluster:
    """Only `join` and `leave` take the lock; the private methods run under it."""

    def __init__(self, data_dir: Path, major: int) -> None:
        self.data_dir = data_dir
        self.pgdata = data_dir / "postgres"
        self.log = self.pgdata / "server.log"
        self.major = major

    def url(self, database: str) -> str:
        server = find_postmaster(self.pgdata)
        if server is None:
            raise SetupError("Postgres stopped by itself.", f"See {self.log}.")
        return server.url(database)

    def join(self) -> TextIO:
        """Make sure that the server runs; returns the file whose lock says that we use it."""
        try:
            _make_folder(self.data_dir)
            with _locked(self.data_dir / "server.lock"):
                users = (self.data_dir / "users.lock").open("a")
                try:
                    fcntl.flock(users, fcntl.LOCK_SH)
                    self._ensure_running()
                except BaseException:
                    self._leave(users)
                    raise
        except OSError as error:
            raise unusable(self.data_dir, error) from error
        return users

    def leave(self, users: TextIO) -> None:
        with _locked(self.data_dir / "server.lock"):
            self._leave(users)

    def _leave(self, users: TextIO) -> None:
        with users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._stop()

    def _ensure_running(self) -> None:
        self._check_major()
        if not self._settled():
            self._start()
        self._ensure_database()

    def _check_major(self) -> None:
        version = self.pgdata / "PG_VERSION"
        found = version.read_text().strip() if version.exists() else str(self.major)
        if found != str(self.major):
            raise SetupError(
                f"The data in {self.data_dir} is Postgres {found}'s, and this is Postgres {self.major}.",
                f"Save it with pg_dump of Postgres {found} and load it into a new folder, "
                "or set RAGE_DATA_DIR to another folder.",
            )

    def _settled(self) -> bool:
        """Wait out a server that starts, recovers or stops; True when one is ready.

        A crash leaves lock files, and Postgres believes them if their pid lives on as a zombie or as another
        program. They are removed only when no Postgres process is left in the folder: an orphaned backend of
        a killed server still writes there.
        """
        deadline = time.monotonic() + _SETTLE_SECONDS
        lock_files = [self.pgdata / "postmaster.pid", self.pgdata / f".s.PGSQL.{PORT}.lock"]
        while any(file.exists() for file in lock_files):
            server = find_postmaster(self.pgdata)
            if server and server.ready and _answers(server):
                return True
            pids = processes_in(self.pgdata)
            if not pids:
                for file in lock_files:
                    file.unlink(missing_ok=True)
            elif time.monotonic() > deadline:
                raise SetupError(
                    f"A Postgres process (pid {pids[0]}) works in {self.pgdata} but takes no connections.",
                    f"See {self.log}, end the process, then try again.",
                )
            else:
                time.sleep(_POLL_SECONDS)
        return False

    def _start(self) -> None:
        user = server_user(self.pgdata)
        folder = readable_programs(programs(self.major), user, self.data_dir)
        if not (self.pgdata / "PG_VERSION").exists():
            self._initialise(folder / "initdb", user)
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        logged = self.log.stat().st_size if self.log.exists() else 0
        options = f"-k {self._socket_dir(user)} -p {PORT} -c listen_addresses="
        wait = ("-w", "-t", str(_RECOVERY_SECONDS))
        arguments = ("start", "-s", *wait, "-l", self.log.name, "-o", options)
        failed, output = run(folder / "pg_ctl", *arguments, pgdata=self.pgdata, user=user)
        if failed:
            written = self.log.read_bytes()[logged:].decode(errors="replace") if self.log.exists() else ""
            raise SetupError(f"Postgres did not start: {cause(written + output)}", f"See {self.log}.")

    def _initialise(self, initdb: Path, user: pwd.struct_passwd | None) -> None:
        """Make the cluster beside its place and move it there whole: a killed initdb leaves no half one."""
        draft = self.data_dir / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        give_to(user, draft)
        locale = _BUILTIN_LOCALE if self.major >= _BUILTIN_LOCALE_SINCE else _LOCALE
        memory = ("--set", f"shared_buffers={shared_buffers()}")
        failed, output = run(initdb, *_INITDB, *memory, *locale, pgdata=draft, user=user)
        if failed:
            raise SetupError(f"Postgres could not make its files in {self.data_dir}: {cause(output)}")
        draft.rename(self.pgdata)

    def _socket_dir(self, user: pwd.struct_passwd | None) -> str:
        """As the server is told it: its own folder, or a short one where a socket's path would not fit."""
        socket = str(self.pgdata / f".s.PGSQL.{PORT}")
        # libpq takes a comma in a host for a list of hosts.
        if len(os.fsencode(socket)) <= _LONGEST_SOCKET_PATH and "," not in socket:
            return "."
        folder = Path(tempfile.mkdtemp(prefix="rage-pg-", dir="/tmp"))
        give_to(user, folder)
        return str(folder)

    def _ensure_database(self) -> None:
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if known.fetchone() is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.Error as error:
            reason = cause(str(error))
            raise SetupError(f"Postgres runs but does not serve: {reason}", f"See {self.log}.") from error

    def _stop(self) -> None:
        server = find_postmaster(self.pgdata)
        if server is None:
            return
        # SIGINT is Postgres's fast shutdown: open connections end, nothing committed is lost.
        with suppress(psutil.NoSuchProcess):
            server.process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        while find_postmaster(self.pgdata):
            if time.monotonic() > deadline:
                _log.warning("Postgres (pid %d) has not stopped yet. See %s.", server.process.pid, self.log)
                return
            time.sleep(_POLL_SECONDS)
        if server.socket_dir != self.pgdata:
            with suppress(OSError):
                server.socket_dir.rmdir()


def _answers(server: Postmaster) -> bool:
    """Its file goes on saying "ready" for the moment in which a killed server dies."""
    try:
        psycopg.connect(server.url("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def unusable(data_dir: Path, error: OSError) -> SetupError:
    return SetupError(
        f"The data folder {data_dir} cannot be used: {error.strerror}.",
        "Set RAGE_DATA_DIR to a folder that you own, on a disk with room.",
    )


def _make_folder(folder: Path) -> None:
    """Folders that we make may be entered by others, whatever the umask: the server's user must pass."""
    for missing in [path for path in [*reversed(folder.parents), folder] if not path.exists()]:
        missing.mkdir(exist_ok=True)
        missing.chmod(0o755)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
