"""`rage generate --batch` on the command line: what is left is made, what ended badly once more if asked for,
faults and second processes cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rage_pg.errors import DatabaseUnavailable
from rage_pg.generation import batches
from tests.batch_commands import Shelf, ended, shelf, until
from tests.command_line import Rage, in_process
from tests.image_api_stub import image_api_stub

SUCCEEDED = "SELECT 1 FROM rage.generations WHERE status = 'succeeded'"
BATCH_ID = "SELECT batch_id::text FROM rage.generation_batches"


@pytest.fixture
def four(database_url: str, tmp_path: Path) -> Iterator[Shelf]:
    with image_api_stub() as stub:
        yield shelf(database_url, stub, tmp_path, 4)


@pytest.fixture
def rage(four: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    for name, text in four.environment.items():
        monkeypatch.setenv(name, text)
    return in_process(four.url, monkeypatch, capsys)


def resumed(four: Shelf, *options: str) -> list[str]:
    ((batch_id,),) = four.rows(BATCH_ID)
    return ["generate", "--resume", batch_id, "-o", str(four.folder), *options]


def test_what_ended_badly_is_made_once_more_only_where_retry_names_it(four: Shelf, rage: Rage) -> None:
    four.stub.first = ["ok", "bad_size", "moderation", "disconnect"]
    first = rage(*four.command("--at-once", "1"))
    assert (first.code, four.items) == (1, "a:succeeded b:failed c:refused d:unknown")
    assert "What is unknown may have been charged, and is not repeated: --retry unknown does." in first.err
    again = rage(*four.command())
    assert (again.code, len(four.stub.requests)) == (1, 4)
    assert rage(*resumed(four, "--retry", "refused")).code == 1
    assert (four.items, four.asked()["c"]) == ("a:succeeded b:failed c:succeeded d:unknown", 2)
    last = rage(*resumed(four, "--retry", "failed", "--retry", "unknown", "--json"))
    assert (last.code, last.json["batch"]["status"]) == (0, "done")
    assert four.items == "a:succeeded b:succeeded c:succeeded d:succeeded"
    assert four.asked() == {"a": 1, "b": 2, "c": 2, "d": 2}
    assert four.files == ["0001-a.png", "0002-b.png", "0003-c.png", "0004-d.png"]
    # What was made of them before stays in the ledger.
    calls = [status for status, _ in four.rows("SELECT status, 1 FROM rage.paid_calls ORDER BY call_id")]
    assert calls == ["succeeded", "failed", "refused", "unknown", "succeeded", "succeeded", "succeeded"]


def test_resume_makes_what_a_budget_left_and_nothing_that_is_there(four: Shelf, rage: Rage) -> None:
    cost = "SELECT max(cost_usd), 1 FROM rage.paid_calls"
    assert rage(*four.command("--at-once", "1", "--budget", "0.0001")).code == 1
    ((first, _),) = four.rows(cost)
    assert first > 0
    assert four.items == "a:succeeded b:pending c:pending d:pending"
    paused = rage(*resumed(four, "--at-once", "1", "--budget", str((first * Decimal("3.5")).quantize(first))))
    assert (paused.code, "The batch is paused. The budget of the batch is" in paused.err) == (1, True)
    assert (four.items, len(four.files)) == ("a:succeeded b:succeeded c:succeeded d:pending", 3)
    (four.folder / "0002-b.png").unlink()
    done = rage(*resumed(four, "--budget", "5", "--json"))
    assert (done.code, done.json["batch"]["succeeded"]) == (0, 4)
    assert four.asked() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert four.files == ["0001-a.png", "0002-b.png", "0003-c.png", "0004-d.png"]


def test_resume_of_what_is_no_batch_says_so(four: Shelf, rage: Rage) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    assert rage("generate", "--resume", nobody).complaint == f"There is no batch {nobody}."
    assert rage("generate", "--resume", nobody, "--retry", "succeeded").code == 2


def test_of_two_processes_one_makes_each_item_once_and_the_other_says_why_not(four: Shelf) -> None:
    four.stub.mode = "held"
    with four.running("--at-once", "2") as one, four.running("--at-once", "2") as other:
        until(lambda: (one.poll(), other.poll()) != (None, None))
        refused, working = (other, one) if one.poll() is None else (one, other)
        code, said = ended(refused)
        ((batch_id,),) = four.rows(BATCH_ID)
        line = f"rage: Another process is carrying out the batch {batch_id}; let it end, or stop it."
        assert (code, said) == (1, [line])
        until(lambda: four.stub.at_once == 2)
        four.stub.released.set()
        assert ended(working) == (0, [])
    assert four.asked() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert (four.calls, four.stub.most_at_once) == ({"succeeded": 4}, 2)


def test_after_a_fault_nothing_is_begun_and_what_is_under_way_is_stored(four: Shelf, rage: Rage) -> None:
    four.stub.first = ["ok", "held"]
    for name in ("0001-a.png", "0002-b.png"):
        (four.folder / name).mkdir(parents=True)
    with four.running("--at-once", "2") as process:
        until(lambda: four.rows(SUCCEEDED))
        four.stub.released.set()
        code, said = ended(process)
    assert code == 1
    assert said[-1].startswith("rage: ")
    assert "cannot be written" in said[-1]
    assert said[-2].startswith("To go on: rage generate --resume ")
    assert four.items == "a:succeeded b:succeeded c:pending d:pending"
    assert four.calls == {"succeeded": 2}
    for name in ("0001-a.png", "0002-b.png"):
        (four.folder / name).rmdir()
    assert rage(*four.command()).code == 0
    assert four.asked() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert four.files == ["0001-a.png", "0002-b.png", "0003-c.png", "0004-d.png"]


@pytest.mark.parametrize(("lost", "generations"), [("accept_next", 5), ("conclude", 4), ("item_of", 4)])
def test_a_database_that_is_away_for_a_moment_costs_no_item_and_doubles_none(
    four: Shelf, rage: Rage, monkeypatch: pytest.MonkeyPatch, lost: str, generations: int
) -> None:
    """Of what was committed right before the answer does not come."""
    monkeypatch.setattr("rage_pg.cli.batch_items.PAUSE", 0.01)
    original = getattr(batches, lost)
    asked: list[Any] = []

    async def answer_lost(*given: Any, **said: Any) -> Any:
        answer = await original(*given, **said)
        asked.append(answer)
        if len(asked) == 2:
            raise DatabaseUnavailable("The database cannot be reached.")
        return answer

    monkeypatch.setattr(batches, lost, answer_lost)
    done = rage(*four.command("--at-once", "2"))
    assert (done.code, done.err) == (0, "The database cannot be reached. Trying again.\n")
    assert four.asked() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert (four.calls, len(four.files)) == ({"succeeded": 4}, 4)
    assert four.rows("SELECT count(*) FROM rage.generations") == [(generations,)]
