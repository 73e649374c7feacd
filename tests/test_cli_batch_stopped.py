"""Batches whose process is stopped, or whose database goes: what is paid for is kept, nothing doubled."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from rage_pg import jobs
from rage_pg.cli.batch_items import STOPPED, STOPPING, Items, Making
from rage_pg.cli.output import Bars
from rage_pg.database import Database
from rage_pg.jobs import TakenOver
from rage_pg.resources import statements
from tests.batch_commands import BATCH, CLAIMS, Shelf, ended, restart, shelf, until
from tests.command_line import Rage, in_process
from tests.image_api_stub import ImageApiStub, image_api_stub

SQL = statements("batches")
BATCH_ID = "SELECT batch_id FROM rage.generation_batches"


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        running.mode = "held"
        yield running


@pytest.fixture
def four(database_url: str, stub: ImageApiStub, tmp_path: Path) -> Shelf:
    return shelf(database_url, stub, tmp_path, 4)


@pytest.fixture
def rage(four: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    for name, text in four.environment.items():
        monkeypatch.setenv(name, text)
    return in_process(four.url, monkeypatch, capsys)


def told_to_go_on(said: Sequence[str]) -> list[str]:
    """The command that is said at the end, without the program."""
    assert said[-1].startswith("To go on: rage "), said
    return shlex.split(said[-1].removeprefix("To go on: rage "))


def test_ctrl_c_lets_the_calls_under_way_end_and_says_how_to_go_on(four: Shelf, rage: Rage) -> None:
    with four.running("--at-once", "2") as process:
        until(lambda: four.stub.at_once == 2)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline() == f"{STOPPING}\n"
        four.stub.released.set()
        code, said = ended(process)
    assert code == 130
    assert four.items == "a:succeeded b:succeeded c:pending d:pending"
    assert (four.calls, four.files) == ({"succeeded": 2}, ["0001-a.png", "0002-b.png"])
    assert four.rows(BATCH) == [("paused", STOPPED)]
    assert rage(*told_to_go_on(said)).code == 0
    assert four.asked() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert (four.calls, len(four.files)) == ({"succeeded": 4}, 4)


def test_told_twice_it_drops_them_and_the_ledger_says_that_nobody_knows(four: Shelf, rage: Rage) -> None:
    with four.running("--at-once", "2") as process:
        until(lambda: four.stub.at_once == 2)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline() == f"{STOPPING}\n"
        process.send_signal(signal.SIGINT)
        code, said = ended(process)
    assert (code, four.items) == (130, "a:unknown b:unknown c:pending d:pending")
    four.stub.released.set()
    assert rage(*told_to_go_on(said)).code == 1
    assert four.items == "a:unknown b:unknown c:succeeded d:succeeded"
    assert four.asked() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert four.calls == {"unknown": 2, "succeeded": 2}
    assert rage(*told_to_go_on(said), "--retry", "unknown").code == 0
    assert four.asked() == {"a": 2, "b": 2, "c": 1, "d": 1}


def test_what_waits_to_be_sent_again_is_not_waited_for(four: Shelf, rage: Rage) -> None:
    four.stub.first, four.stub.retry_after = ["rate_limit"], "600"
    with four.running("--at-once", "1") as process:
        until(lambda: four.rows("SELECT 1 FROM rage.generations WHERE waits_for = 'retry'"))
        process.terminate()
        code, said = ended(process)
    assert (code, four.items) == (130, "a:pending b:pending c:pending d:pending")
    assert four.rows("SELECT status, cost_usd FROM rage.paid_calls") == [("failed", 0)]
    with psycopg.connect(four.url) as connection:
        connection.execute("DELETE FROM rage.provider_pauses")
    four.stub.released.set()
    assert rage(*told_to_go_on(said)).code == 0
    assert four.asked() == {"a": 2, "b": 1, "c": 1, "d": 1}


def test_after_a_restart_of_postgres_it_has_the_batch_for_itself_again(four: Shelf, server_dir: Path) -> None:
    with four.running("--at-once", "2") as process:
        until(lambda: four.stub.at_once == 2)
        before = four.rows(CLAIMS)
        restart(server_dir / "18")
        assert (len(before), four.rows(CLAIMS)) == (1, [])
        # The next two are held by another event.
        first, four.stub.released = four.stub.released, threading.Event()
        first.set()
        until(lambda: len(four.stub.requests) == 4)
        assert len(four.rows(CLAIMS)) == 1
        four.stub.released.set()
        code, _ = ended(process)
    assert (code, four.items) == (0, "a:succeeded b:succeeded c:succeeded d:succeeded")
    assert four.asked() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert (four.calls, len(four.files)) == ({"succeeded": 4}, 4)


def test_one_that_another_process_took_meanwhile_is_left_to_it(four: Shelf) -> None:
    with four.running("--at-once", "1") as process:
        until(lambda: four.stub.at_once == 1)
        ((pid,),) = four.rows(CLAIMS)
        ((batch_id,),) = four.rows(BATCH_ID)
        with psycopg.connect(four.url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
            taken = other.execute(SQL["begin_alone"].encode(), {"batch_id": batch_id}).fetchone()
            assert taken == (True,)
            four.stub.released.set()
            code, said = ended(process)
    assert (code, len(said)) == (1, 1)
    assert f"another process carries out the batch {batch_id} by now" in said[0]
    assert four.items == "a:succeeded b:pending c:pending d:pending"
    # It is not this one's to pause any more.
    assert four.rows(BATCH) == [("running", None)]


@pytest.mark.parametrize(
    ("grace", "hurried"), [(0.0, False), (3600.0, True)], ids=["grace over", "told again"]
)
async def test_a_call_that_does_not_end_is_dropped(grace: float, hurried: bool) -> None:
    runtime: Any = SimpleNamespace(database=None, settings=SimpleNamespace(stop_grace=grace))
    making = Making(at_once=1, folder=None, hurry=asyncio.Event())
    nobody: Any = None
    items = Items(runtime, UUID(int=7), nobody, nobody, Bars(None), making)
    call: Any = asyncio.create_task(asyncio.Event().wait())
    waiting = asyncio.create_task(items._until_all_end([call]))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    if hurried:
        assert not call.done()
        making.hurry.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 20)
    assert call.cancelled()


async def test_a_claim_is_taken_again_where_nobody_was_quicker(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["rage_pg.jobs.alone"], "PAUSE", 0.01)
    batch_id = UUID(int=7)
    async with jobs.alone(database, batch_id) as claim:
        assert not await claim.keep()
        await _terminate(database, claim)
        assert await claim.keep()
        await _terminate(database, claim)
        async with jobs.alone(database, batch_id):
            with pytest.raises(TakenOver):
                await claim.keep()
        assert await claim.keep()
        assert not await claim.keep()


async def _terminate(database: Database, claim: jobs.Claim) -> None:
    assert claim._session is not None
    pid = claim._session.info.backend_pid
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
