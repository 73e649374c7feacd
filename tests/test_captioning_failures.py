"""When describing fails: what is held, what is waited for, and what ends a run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from rage_pg.database import Database
from rage_pg.errors import OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.index.captions.claims import TRIES
from rage_pg.index.captions.pace import FAILURES_IN_A_ROW
from tests.captioning import FakeCaptioner, current, describe, failures
from tests.generating import paid, value
from tests.store import add, png


async def test_a_failing_image_is_held_after_three_tries_and_stops_nobody(database: Database) -> None:
    bad, good = await add(database, "Bad"), await add(database, "Good")
    captioner = FakeCaptioner()
    for attempt in range(1, TRIES + 2):
        captioner.errors = [ProviderError("No picture to me.")]
        done = await describe(database, captioner, images=[bad])
        assert (done.failed, done.described) == (int(attempt <= TRIES), 0)
        assert await failures(database) == [(bad, min(attempt, TRIES), "No picture to me.")]
    captioner.errors = []
    assert (await describe(database, captioner)).described == 1
    assert list(await current(database)) == [good]
    done = await describe(database, captioner, images=[bad], again=True)
    assert (done.described, await failures(database)) == (1, [])


async def test_a_new_version_of_a_held_image_is_tried_afresh(database: Database) -> None:
    await add(database, external_id="L-1")
    captioner = FakeCaptioner()
    captioner.error = ProviderError("No.")
    for _ in range(TRIES):
        await describe(database, captioner)
    captioner.error = None
    assert (await describe(database, captioner)).described == 0
    await add(database, external_id="L-1", content=png(70_003))
    assert (await describe(database, captioner)).described == 1
    assert await failures(database) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(ProviderRefused("No."), "refused"), (OutcomeUnknown("Gone."), "unknown"), (KeyError("bug"), "failed")],
)
async def test_whatever_ends_a_call_its_row_says_so(
    database: Database, error: Exception, status: str
) -> None:
    image_id = await add(database)
    captioner = FakeCaptioner()
    captioner.errors = [error]
    done = await describe(database, captioner)
    assert (done.failed, done.calls_without_cost) == (1, 1)
    assert [call["status"] for call in await paid(database)] == [status]
    assert [failure[:2] for failure in await failures(database)] == [(image_id, 1)]
    assert (await describe(database, captioner)).described == 1


async def test_waiting_is_no_failure(database: Database) -> None:
    await add(database)
    captioner = FakeCaptioner()
    busy: dict[str, Any] = {"retryable": True, "charged": False}
    captioner.errors = [
        ProviderError("Busy.", retry_after=0.02, **busy),
        ProviderError("Gone.", retry_after=0, **busy),
    ]
    done = await describe(database, captioner)
    assert (done.described, done.failed, done.calls) == (1, 0, 3)
    calls = await paid(database)
    assert [(call["status"], call["cost_usd"]) for call in calls] == [
        ("failed", Decimal(0)),
        ("failed", Decimal(0)),
        ("succeeded", None),
    ]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ProviderError("The key is bad.", hopeless=True), "The key is bad."),
        (ProviderError("Busy.", retryable=True, retry_after=7_200), "Busy. It asks to wait 120 minutes."),
    ],
)
async def test_what_every_image_would_meet_ends_the_run(
    database: Database, error: ProviderError, reason: str
) -> None:
    for _ in range(6):
        await add(database)
    captioner = FakeCaptioner()
    captioner.error = error
    done = await describe(database, captioner)
    assert (done.stopped, done.failed, done.remaining) == (reason, 0, 6)
    assert await failures(database) == []
    assert await value(database, "SELECT count(run_id) + sum(attempts) FROM rage.caption_tries") == 0


async def test_one_failure_after_another_ends_the_run(database: Database) -> None:
    for _ in range(FAILURES_IN_A_ROW + 8):
        await add(database)
    captioner = FakeCaptioner()
    captioner.error = ProviderError("The schema is not known here.")
    done = await describe(database, captioner)
    assert done.stopped is not None
    assert done.stopped.endswith("the last one: The schema is not known here.")
    assert FAILURES_IN_A_ROW <= done.failed < FAILURES_IN_A_ROW + 4
    assert done.remaining > 0
