"""Generating from the command line: files, ledger, and never twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image

from rage_pg import generation, jobs
from rage_pg.callers import SYSTEM
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.generation.take_up import give_back
from rage_pg.providers.local import LocalGenerator
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.types import Generation
from tests.command_line import RAGE, Rage, environment_with, in_process
from tests.generating import FakeGenerator, only
from tests.image_api_stub import ImageApiStub, image_api_stub
from tests.working import UNHURRIED, change_jobs, work, working

CATALOGUE = Path(__file__).parents[1] / "examples" / "catalogue" / "images"
IN_THE_BACKGROUND = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
"""As a script without job control starts a command with &: Ctrl-C is ignored."""
GENERATE_JOBS = "SELECT count(*) FROM rage.procrastinate_jobs WHERE task_name = 'generate'"
HELD = """
SELECT bool_and(scheduled_at BETWEEN now() AND now() + interval '1 minute')
FROM rage.procrastinate_jobs WHERE task_name = 'generate'
"""


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


@pytest.fixture
def ids(rage: Rage) -> dict[str, int]:
    """Two images of the sample catalogue by name."""
    files = [CATALOGUE / "lumen" / "lotion-citrus.png", CATALOGUE / "lumen" / "soap-rose.png"]
    report = rage("import", *files, "--brand", "lumen", "--no-index", "--json").json
    return {Path(item["path"]).stem: item["image_id"] for item in report["items"]}


@pytest.fixture
def pair(ids: dict[str, int]) -> list[str]:
    return ["--image", f"{ids['lotion-citrus']}:product", "--image", str(ids["soap-rose"])]


def value(url: str, statement: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
        return row[0] if row else None


def test_picture_is_written_and_in_the_ledger(
    rage: Rage, pair: list[str], tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "made.png"
    outcome = rage("generate", "on a shelf", *pair, "--brand", "lumen", "--label", "campaign=may", "-o", file)
    assert outcome.code == 0, outcome.err
    assert file.read_bytes().startswith(b"\x89PNG")
    assert outcome.out.splitlines()[0] == str(file)
    assert "local (rage-local-1)" in outcome.out
    assert outcome.err == "local: not conditioned on the prompt; it transforms the references.\n"
    [made] = rage("history", "list", "--label", "campaign=may", "--json").json["items"]
    assert (made["status"], made["brand"], made["prompt"]) == ("succeeded", "lumen", "on a shelf")
    assert [one["role"] for one in made["references"]] == ["product", "product"]
    assert value(database_url, GENERATE_JOBS) == 0


def test_a_picture_is_gone_on_from_with_what_it_was_made_from(
    rage: Rage, pair: list[str], tmp_path: Path
) -> None:
    first = rage("generate", "on a shelf", *pair, "-o", tmp_path / "first.png", "--json").json
    parent = ["--parent", f"{first['id']}:1", "-o", tmp_path / "next.png", "--json"]
    second = rage("generate", "again", *parent).json
    output = first["outputs"][0]["image_id"]
    assert [one["image_id"] for one in second["references"]] == [
        output,
        *(one["image_id"] for one in first["references"]),
    ]
    assert [one["role"] for one in second["references"]] == ["edit_target", "product", "product"]
    alone = rage("generate", "larger", "--purpose", "enhance", *parent, "--no-parent-references").json
    assert [one["image_id"] for one in alone["references"]] == [output]
    refused = rage("generate", "again", "--parent", "my-picture", "-o", tmp_path / "next.png")
    assert (refused.code, "GENERATION:N" in refused.err) == (2, True)


def test_a_mask_that_is_of_no_use_to_the_purpose_is_refused(
    rage: Rage, pair: list[str], tmp_path: Path
) -> None:
    mask, file = tmp_path / "mask.png", tmp_path / "made.png"
    with Image.open(CATALOGUE / "lumen" / "lotion-citrus.png") as picture:
        drawn = Image.new("RGBA", picture.size)
    drawn.paste((0, 0, 0, 255), (0, 0, 9, 9))
    drawn.save(mask)
    refused = rage("generate", "on a shelf", *pair, "--mask", mask, "-o", file)
    assert (refused.code, file.exists()) == (1, False)
    assert "purpose edit alone" in refused.err
    drawn.crop((0, 0, 20, 20)).save(mask)
    refused = rage("generate", "on a shelf", *pair, "--mask", mask, "-o", file)
    assert "The mask has 20 x 20 pixels" in refused.err


def test_json_is_the_generation_alone(rage: Rage, pair: list[str], tmp_path: Path) -> None:
    outcome = rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.webp", "--json")
    assert outcome.err == ""
    assert outcome.json["status"] == "succeeded"
    assert outcome.json["parameters"]["output_format"] == "webp"
    assert (tmp_path / "made.webp").read_bytes()[8:12] == b"WEBP"


def test_several_pictures_are_numbered(rage: Rage, pair: list[str], tmp_path: Path) -> None:
    assert rage("generate", "on a shelf", *pair, "--count", "2", "-o", tmp_path / "made.png").code == 0
    assert sorted(file.name for file in tmp_path.glob("*.png")) == ["made-1.png", "made-2.png"]


def test_references_are_found_by_a_search(rage: Rage, ids: dict[str, int], tmp_path: Path) -> None:
    arguments = ("--auto", "2", "--brand", "lumen", "-o", tmp_path / "made.png", "--json")
    made = rage("generate", "citrus lotion and rose soap", *arguments).json
    assert {one["image_id"] for one in made["references"]} == {ids["lotion-citrus"], ids["soap-rose"]}
    assert made["search_id"]


def test_dry_run_writes_nothing(rage: Rage, pair: list[str], database_url: str) -> None:
    outcome = rage("generate", "on a shelf", *pair, "--dry-run", "--json")
    assert outcome.code == 0
    assert outcome.json["provider"] == "local"
    assert outcome.json["prompt_sent"] is None
    found = rage("generate", "rose soap", "--auto", "1", "--dry-run", "--json").json["references"]
    assert [(one["title"], one["search_rank"]) for one in found] == [("soap rose", 1)]
    for table in (
        "generations",
        "searches",
        "prompt_vectors",
        "procrastinate_jobs WHERE task_name = 'generate'",
    ):
        assert value(database_url, f"SELECT count(*) FROM rage.{table}") == 0, table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--image 1:hero -o a.png", "'hero' is no role"),
        ("--image one -o a.png", "'one' is not an image's id"),
        ("--image 1", "-o FILE, or give --dry-run"),
        ("--image 1 -o no-such-folder/a.png", "there is no folder no-such-folder"),
        (f"--image 1 -o {'a' * 300}.png", "File name too long"),
        ("--image 1 -o /proc/a.png", "/proc/a.png cannot be written"),
        ("--image 1 --tag lamp -o a.png", "Filters narrow the search of --auto"),
        ("--auto 0 -o a.png", "0 is not in the range"),
        ("--image 1 --label campaign -o a.png", "'campaign' is not NAME=VALUE"),
        ("--image 1 --count 11 -o a.png", "11 is not in the range"),
    ],
)
def test_wrong_usage_is_told_before_anything_starts(
    arguments: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rage = in_process("postgresql://nobody@127.0.0.1:1/none", monkeypatch, capsys)
    outcome = rage("generate", "a lamp", *arguments.split())
    assert words in outcome.complaint
    assert outcome.code == 2


def test_what_cannot_be_made_is_refused_before_anything_is_written(rage: Rage, database_url: str) -> None:
    for arguments, code, words in (
        ("--image 999999 -o a.png", 1, "There is no image 999999"),
        ("--image 999999 --provider crayon -o a.png", 2, "There is no provider 'crayon'"),
        ("--auto 3 -o a.png", 2, "No image matches"),
        ("--purpose edit -o a.png", 1, "needs references"),
    ):
        outcome = rage("generate", "a lamp", *arguments.split())
        assert words in outcome.complaint
        assert outcome.code == code, arguments
    assert value(database_url, "SELECT count(*) FROM rage.generations") == 0


def test_answer_no_of_a_provider_fails_with_its_reason(
    rage: Rage, pair: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with image_api_stub() as api:
        api.mode = "moderation"
        monkeypatch.setenv("OPENAI_BASE_URL", api.url)
        monkeypatch.setenv("RAGE_GENERATOR", "openai:gpt-image-2")
        outcome = rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.png", "--json")
    assert outcome.code == 1
    assert outcome.json["status"] == "refused"
    assert "was refused: " in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not (tmp_path / "made.png").exists()


def test_file_that_cannot_be_written_leaves_the_picture_in_the_store(
    rage: Rage, pair: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out = generation.run

    async def in_the_way(*arguments: Any) -> None:
        (tmp_path / "made-1.png").mkdir()
        await carry_out(*arguments)

    monkeypatch.setattr(generation, "run", in_the_way)
    outcome = rage("generate", "on a shelf", *pair, "--count", "2", "-o", tmp_path / "made.png")
    assert outcome.code == 1
    assert "cannot be written: Is a directory. It is image " in outcome.complaint


def test_file_that_cannot_be_replaced_is_told_before_anything_is_queued(
    rage: Rage, pair: list[str], tmp_path: Path, database_url: str
) -> None:
    (tmp_path / "made-2.png").mkdir()
    outcome = rage("generate", "on a shelf", *pair, "--count", "2", "-o", tmp_path / "made.png")
    assert outcome.code == 2
    assert "made-2.png is there already, and cannot be replaced" in outcome.complaint
    assert value(database_url, "SELECT count(*) FROM rage.generations") == 0
    assert [file.name for file in tmp_path.iterdir()] == ["made-2.png"]


def test_file_that_is_there_stays_as_it_is_where_nothing_is_made(
    rage: Rage, pair: list[str], tmp_path: Path
) -> None:
    (tmp_path / "made.png").write_bytes(b"before")
    assert rage("generate", "  ", *pair, "-o", tmp_path / "made.png").code == 2
    assert (tmp_path / "made.png").read_bytes() == b"before"
    assert rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.png").code == 0
    assert (tmp_path / "made.png").read_bytes().startswith(b"\x89PNG")


def test_workers_leave_the_job_alone_while_the_command_runs_it(
    rage: Rage, pair: list[str], tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    carry_out = generation.run

    async def looking(*arguments: Any) -> None:
        held.append(value(database_url, HELD))
        await carry_out(*arguments)

    monkeypatch.setattr(generation, "run", looking)
    assert rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.png").code == 0
    assert held == [True]
    assert value(database_url, GENERATE_JOBS) == 0


def ended(process: subprocess.Popen[str]) -> int:
    """Its exit code; a process that goes on is killed, or the test would wait for it."""
    try:
        return process.wait(20)
    finally:
        process.kill()


@contextmanager
def during_the_call(url: str, pair: list[str], file: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, which waits for the answer of a provider that charges."""
    with image_api_stub() as api:
        api.mode = "slow"
        environment = environment_with(
            RAGE_DATABASE_URL=url, OPENAI_BASE_URL=api.url, RAGE_GENERATOR="openai:gpt-image-2"
        )
        command = [*before, RAGE, "generate", "on a shelf", *pair, "-o", str(file)]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            while not api.requests:
                with suppress(subprocess.TimeoutExpired):
                    pytest.fail(f"ended with {process.wait(0.05)}")
            yield process
        assert len(api.requests) == 1


def test_killed_command_leaves_its_generation_to_a_worker_which_does_not_call_again(
    rage: Rage, pair: list[str], tmp_path: Path, database_url: str
) -> None:
    with during_the_call(database_url, pair, tmp_path / "made.png") as process:
        process.kill()
    assert value(database_url, "SELECT status FROM rage.generations") == "running"
    assert value(database_url, HELD) is True
    second = FakeGenerator()

    async def settled() -> Generation:
        generation_id = value(database_url, "SELECT generation_id FROM rage.generations")
        async with Database(database_url, caller=SYSTEM) as database:
            await change_jobs(database, "UPDATE procrastinate_jobs SET scheduled_at = now()")
            tasks = work(generate=jobs.generation_work(database, only(second), Limits()))
            async with working(database, tasks, heartbeat=UNHURRIED):
                return await generation.wait_for(database, generation_id, 20)

    assert asyncio.run(settled()).status == "unknown"
    assert second.calls == []
    assert value(database_url, "SELECT array_agg(status) FROM rage.paid_calls") == ["unknown"]


@pytest.mark.parametrize("before", [(), IN_THE_BACKGROUND], ids=["in front", "in the background"])
def test_stopped_command_leaves_neither_an_open_generation_nor_a_job(
    rage: Rage, pair: list[str], tmp_path: Path, database_url: str, before: tuple[str, ...]
) -> None:
    with during_the_call(database_url, pair, tmp_path / "made.png", *before) as process:
        process.terminate()
        assert ended(process) == 130
    assert value(database_url, "SELECT status FROM rage.generations") == "unknown"
    assert value(database_url, GENERATE_JOBS) == 0


def test_generation_that_a_worker_took_over_is_waited_for(
    rage: Rage, pair: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process stood still for longer than its hold lasts, right after it had asked."""
    others: list[asyncio.Task[Any]] = []

    async def taken(hold: jobs.Hold) -> bool:
        held: Any = hold._held
        images = jobs.OutputImages(Limits())
        carried_out = generation.run(hold._database, only(LocalGenerator()), images, held["generation_id"])
        others.append(asyncio.create_task(carried_out))
        return False

    monkeypatch.setattr(jobs.Hold, "renew", taken)
    outcome = rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.png", "--json")
    assert (outcome.code, outcome.json["status"]) == (0, "succeeded")
    assert len(others) == 1


def test_ctrl_c_calls_off_what_was_not_sent(
    rage: Rage, pair: list[str], tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    monkeypatch.setattr(generation, "run", interrupted)
    assert rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.png").code == 130
    assert value(database_url, "SELECT status FROM rage.generations") == "cancelled"
    assert value(database_url, GENERATE_JOBS) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_twice_the_ledger_says_that_nobody_knows(
    rage: Rage,
    pair: list[str],
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    """During the call, and once more while that is written down."""
    written: list[Any] = []

    async def interrupted(*_: Any) -> None:
        os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    async def interrupted_again(*arguments: Any) -> None:
        os.kill(os.getpid(), number)
        await give_back(*arguments)
        written.append(arguments)

    with image_api_stub() as api:
        asking_openai(api, monkeypatch)
        monkeypatch.setattr(OpenAIGenerator, "generate", interrupted)
        # The package's function of the same name hides the module.
        monkeypatch.setattr(sys.modules["rage_pg.generation.run"], "give_back", interrupted_again)
        assert rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.png").code == 130
    assert len(written) == 1
    assert value(database_url, "SELECT status FROM rage.generations") == "unknown"
    assert value(database_url, "SELECT array_agg(status) FROM rage.paid_calls") == ["unknown"]
    assert value(database_url, GENERATE_JOBS) == 0


def asking_openai(api: ImageApiStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", api.url)
    monkeypatch.setenv("RAGE_GENERATOR", "openai:gpt-image-2")


def test_what_was_turned_away_is_waited_for_and_said(
    rage: Rage, pair: list[str], tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with image_api_stub() as api:
        api.first, api.retry_after = ["rate_limit"], "1"
        asking_openai(api, monkeypatch)
        outcome = rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.png", "--json")
    assert (outcome.code, outcome.json["status"], len(api.requests)) == (0, "succeeded", 2)
    (line,) = outcome.err.splitlines()
    assert line.startswith(
        "The provider turned it away; nothing was charged. (rate_limit_exceeded) Going on in"
    )
    assert value(database_url, "SELECT array_agg(status ORDER BY call_id) FROM rage.paid_calls") == [
        "failed",
        "succeeded",
    ]
    assert value(database_url, GENERATE_JOBS) == 0


def test_ctrl_c_while_it_waits_calls_it_off(
    rage: Rage, pair: list[str], tmp_path: Path, database_url: str
) -> None:
    with image_api_stub() as api:
        api.mode, api.retry_after = "rate_limit", "600"
        environment = environment_with(
            RAGE_DATABASE_URL=database_url, OPENAI_BASE_URL=api.url, RAGE_GENERATOR="openai:gpt-image-2"
        )
        command = [RAGE, "generate", "on a shelf", *pair, "-o", str(tmp_path / "made.png")]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "turned it away" in process.stderr.readline()
            process.terminate()
            assert ended(process) == 130
    assert value(database_url, "SELECT status FROM rage.generations") == "cancelled"
    assert value(database_url, GENERATE_JOBS) == 0


def test_history_makes_again_and_calls_off(
    rage: Rage, pair: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with image_api_stub() as api:
        api.mode = "server_error"
        asking_openai(api, monkeypatch)
        first = rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.png", "--json").json
        again = rage("history", "retry", first["id"], "--json").json
        assert (again["status"], again["retry_of"]) == ("queued", first["id"])
        assert first["id"] in rage("history", "show", again["id"]).out
        assert rage("history", "cancel", again["id"]).out == f"cancelled: {again['id']}\n"
        twice = rage("history", "cancel", again["id"])
        assert (twice.code, "is cancelled" in twice.complaint) == (1, True)


def test_history_shows_one_generation_and_lists_them(rage: Rage, pair: list[str], tmp_path: Path) -> None:
    made = rage("generate", "on a shelf", *pair, "-o", tmp_path / "made.png", "--json").json
    shown = rage("history", "show", made["id"])
    assert shown.code == 0
    for words in (
        made["id"],
        "succeeded",
        "on a shelf",
        "none: the provider reads no prompt",
        "lotion citrus",
    ):
        assert words in shown.out
    assert rage("history", "show", made["id"], "--json").json == made
    header, row = rage("history", "list").out.splitlines()
    assert header.split()[0] == "generation"
    assert row.split()[0] == made["id"]
    assert rage("history", "list", "--status", "failed", "--json").json == {"items": [], "cursor": None}
    missing = rage("history", "show", "00000000-0000-0000-0000-000000000000")
    assert (missing.code, "There is no generation" in missing.complaint) == (1, True)
