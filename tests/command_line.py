"""Runs `rage` in this process, where its imports have been paid for, or as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from rage_pg import cli
from rage_pg.providers import encoders, usem3
from tests.store import HashingEncoder

RAGE = str(Path(sys.executable).with_name("rage"))


class Outcome(Struct, frozen=True):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line on stderr, of a command that printed nothing else."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("rage: "), self.err
        assert self.out == ""
        return lines[0].removeprefix("rage: ")


Rage = Callable[..., Outcome]


def in_process(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    """Runs commands on a database, with an encoder that needs no model."""
    monkeypatch.setenv("RAGE_DATABASE_URL", url)
    monkeypatch.setitem(encoders.BUNDLED, usem3.NAME, lambda: HashingEncoder(usem3.Usem3().identity))
    # They would write to this test's stderr for as long as the process lives.
    monkeypatch.setattr("rage_pg.logs.configure_logs", lambda level: None)

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return run


def process(*arguments: str, stdin: str | None = None, **environment: str) -> Outcome:
    """`rage` as a shell starts it."""
    done = subprocess.run(
        [RAGE, *arguments],
        env=environment_with(**environment),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that goes on running, and the first line that it says."""
    with subprocess.Popen(
        [RAGE, *arguments],
        env=environment_with(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout is not None
        try:
            yield started, started.stdout.readline()
        finally:
            started.kill()


def environment_with(**environment: str) -> dict[str, str]:
    """The environment without settings of the person who runs the tests."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("RAGE_", "OPENAI_", "PG"))
    }
    return kept | environment
