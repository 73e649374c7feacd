"""What every command has in common: help, exit codes, and errors of one line."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import rich_click as click

from rage_pg import __version__, cli
from rage_pg.cli.commands import rage as root
from rage_pg.cli.session import run
from tests.command_line import RAGE, Rage, environment_with, in_process, process

NOWHERE = "postgresql://nobody:hunter2@127.0.0.1:1/none"

SECOND_CTRL_C = """
import asyncio, time
from rage_pg.cli.session import run_until_stopped

async def stubborn():
    print("running", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("stopping", flush=True)
        time.sleep(60)

run_until_stopped(stubborn())
"""


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    """Commands whose database does not answer, nor needs to."""
    return in_process(NOWHERE, monkeypatch, capsys)


def every_command() -> list[str]:
    """Each command with its group, as it is typed."""
    found = []
    for name, command in root.commands.items():
        if isinstance(command, click.Group):
            found += [f"{name} {below}" for below in command.commands]
        else:
            found.append(name)
    return found


def test_help_imports_nothing_heavy() -> None:
    heavy = {"PIL", "alembic", "litestar", "numpy", "openai", "procrastinate", "psycopg", "scipy"}
    script = (
        "import sys; from rage_pg.cli import main; main(['--help']);"
        f"print('heavy:', *sorted({heavy} & sys.modules.keys()))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert all(name in shown for name in ("serve", "import", "search", "generate", "db", "evaluate"))
    assert shown.splitlines()[-1].strip() == "heavy:"


@pytest.mark.parametrize("command", every_command())
def test_every_command_has_help_and_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert ("--json" in shown) is (command != "db psql")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"rage {__version__}\n"


def test_unknown_command_names_those_that_there_are(nowhere: Rage) -> None:
    outcome = nowhere("locks", "list")
    assert outcome.code == 2
    assert (
        "There is no command 'locks'; there are budgets, captions, db, duplicates, embed" in outcome.complaint
    )
    others = "there are check, drop, grant-app, grant-sql, psql, revoke-sql, upgrade, url"
    assert others in nowhere("db", "rebuild").complaint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search"], "Give a PROMPT, or --next"),
        (["index", "audit", "--queries", "1"], "1 is not in the range"),
        (["index", "rebuild", "--memory", "0"], "0 is not in the range"),
        (["index", "drop"], "Missing option '--brand'"),
        (["search", "soap", "--offset", "3"], "--offset"),
        (["search", "soap", "-k", "0"], "0 is not in the range 1<=x<=200"),
        (["search", "soap", "-k", "10000"], "10000 is not in the range"),
        (["search", "soap", "--kind", "toy"], "'toy' is not one of"),
        (["search", "soap", "--attribute", "colour"], "'colour' is not NAME=VALUE"),
        (["search", "soap", "--attribute", "a>1", "--attribute", "a=1"], "a is given a value and a range"),
        (["search", "soap", "--among", "1,x"], "not a list of image ids"),
        (["search", "soap", "--leg", "text=-1"], "'-1' is not a weight"),
        (["import"], "Name files, folders or URLs to import, or a --manifest"),
        (["import", "no-such-folder"], "'no-such-folder' does not exist"),
        (["evaluate", "no-such-file.jsonl"], "does not exist"),
        (["serve", "--port", "70000"], "70000 is not in the range"),
        (["history", "show", "seven"], "'seven' is not a valid UUID"),
        (["prices", "set", "openai", "m", "words", "3"], "'words' is not one of"),
        (["prices", "set", " ", "m", "text_input", "3"], "'PROVIDER': ' ' is not a name"),
        (["prices", "set", "openai", "", "text_input", "3"], "'MODEL': '' is not a name"),
        (["prices", "set", "openai", "m\x07", "text_input", "3"], "is not a name of 1 to 200 printable"),
        *(
            (
                ["prices", "set", "--", "openai", "m", "text_input", usd],
                f"'{usd}' is not an amount from 0 to 999,999",
            )
            for usd in ("NaN", "inf", "-1", "1e-30", "0.0000001", "1e12", "1000000", "1_0", "\u0663", "")
        ),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments: list[str], words: str, nowhere: Rage) -> None:
    outcome = nowhere(*arguments)
    assert words in outcome.complaint
    assert outcome.code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", ""], "The prompt is empty"),
        (["search", "x" * 100_000], "32000"),
        (["embed", "  "], "A text to embed has 1 to 32,000 characters"),
        (["generate", "", "--image", "1", "-o", "a.png"], "prompt is empty."),
        (
            ["generate", "x", "--auto", "1", *["--sku", "a"] * 65, "-o", "a.png"],
            "auto.filters.sku must be a list of at most 64",
        ),
    ],
)
def test_text_that_cannot_be_used_is_wrong_usage(arguments: list[str], words: str, rage: Rage) -> None:
    outcome = rage(*arguments)
    assert words in outcome.complaint
    assert outcome.code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "caf\udce9"],
        ["search", "soap", "--tag", "caf\udce9"],
        ["embed", "caf\udce9"],
        ["generate", "caf\udce9", "--image", "1", "-o", "a.png"],
        ["history", "list", "--label", "a=caf\udce9"],
        ["import", "caf\udce9"],
        ["caf\udce9"],
    ],
    ids=" ".join,
)
def test_argument_that_is_not_utf8_is_wrong_usage(arguments: list[str], nowhere: Rage) -> None:
    outcome = nowhere(*arguments)
    assert outcome.code == 2
    assert r"caf\xe9' is not UTF-8." in outcome.complaint


def test_bytes_that_are_not_utf8_are_shown_as_they_are() -> None:
    outcome = process("search", os.fsdecode(b"caf\xe9"))
    assert (outcome.code, outcome.complaint) == (2, r"The argument 'caf\xe9' is not UTF-8.")


@pytest.mark.parametrize("command", ["", "db"])
def test_command_without_its_name_shows_help(command: str, nowhere: Rage) -> None:
    outcome = nowhere(*command.split())
    assert (outcome.code, outcome.out) == (2, "")
    assert "Usage:" in outcome.err


@pytest.mark.parametrize("command", ["search soap", "import .", "db upgrade", "index status", "history list"])
def test_database_that_cannot_be_reached_is_one_line_and_exit_code_1(command: str, nowhere: Rage) -> None:
    outcome = nowhere(*command.split())
    assert outcome.code == 1
    assert "Connection refused" in outcome.complaint


def test_service_without_its_database_ends_with_one_line() -> None:
    outcome = process("serve", "--port", "0", RAGE_DATABASE_URL=NOWHERE)
    assert outcome.code == 1
    assert "Connection refused" in outcome.complaint


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("RAGE_DATABASE_URL", "postgresql+psycopg://me:hunter2@host/db", "is not as libpq writes it"),
        ("RAGE_LOG_LEVEL", "loud", "RAGE_LOG_LEVEL must be one of"),
        ("RAGE_MAX_IMAGE_BYTES", "lots", "RAGE_MAX_IMAGE_BYTES must be a whole number"),
    ],
)
def test_setting_that_cannot_be_is_one_line(variable: str, value: str, words: str) -> None:
    outcome = process("db", "check", **{"RAGE_DATABASE_URL": NOWHERE, variable: value})
    assert outcome.code == 2
    assert words in outcome.complaint
    assert "hunter2" not in outcome.err


def test_unexpected_error_is_one_line_that_tells_how_to_see_more(
    nowhere: Rage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object, **_others: object) -> None:
        raise KeyError("cupboard")

    monkeypatch.setattr("rage_pg.cli.search.with_runtime", broken)
    outcome = nowhere("search", "soap")
    assert outcome.code == 1
    assert outcome.complaint == "KeyError: 'cupboard'. RAGE_LOG_LEVEL=debug shows where."
    monkeypatch.setenv("RAGE_LOG_LEVEL", "debug")
    assert "Traceback" in nowhere("search", "soap").err


def test_key_in_an_error_is_masked(nowhere: Rage, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(_: object, **_others: object) -> None:
        raise RuntimeError("sent Bearer abcdefghijk and sk-abcdefghijklmnop")

    monkeypatch.setattr("rage_pg.cli.search.with_runtime", leaky)
    said = nowhere("search", "soap").complaint
    assert said.startswith("RuntimeError: sent ")
    assert "abcdefghijk" not in said


def test_reader_that_leaves_early_is_no_error(database_url: str) -> None:
    with subprocess.Popen(
        [RAGE, "prices", "list"],
        env=environment_with(RAGE_DATABASE_URL=database_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(30) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_unwinds_a_command(number: signal.Signals) -> None:
    unwound = []

    async def work() -> None:
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            unwound.append(True)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        run(work())
    assert unwound
    assert signal.getsignal(signal.SIGTERM) is before


def test_ctrl_c_is_quiet_and_exit_code_130(nowhere: Rage, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object, **_others: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rage_pg.cli.search.with_runtime", interrupted)
    outcome = nowhere("search", "soap")
    assert outcome.code == 130
    assert outcome.err.strip() == outcome.out == ""


def test_second_ctrl_c_ends_a_service_at_once() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SECOND_CTRL_C], stdout=subprocess.PIPE, text=True, env=environment_with()
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "running\n"
        running.send_signal(signal.SIGINT)
        assert running.stdout.readline() == "stopping\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 130


def test_title_cannot_write_to_the_terminal(rage: Rage, tmp_path: Path) -> None:
    from tests.hostile import png, write

    write(tmp_path / "a.png", png(1))
    write(tmp_path / "m.jsonl", b'{"path": "a.png", "title": "red \\u001b[31m\\u0007lamp\\nsecond line"}')
    assert rage("import", "--no-index", "--manifest", tmp_path / "m.jsonl").code == 0
    shown = rage("search", "lamp").out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert len(shown.splitlines()) == 3
