"""Runs of a captioner beside one another, cut short, and under a budget: no image twice, each call a row."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections import Counter
from contextlib import suppress
from decimal import Decimal

import pytest

from rage_pg.database import Database
from rage_pg.errors import OutcomeUnknown, SetupError
from rage_pg.index.captions.claims import TRIES
from rage_pg.index.captions.describing import AT_ONCE
from tests.caption_api_stub import MODEL, CaptionApiStub, caption_api_stub
from tests.captioning import PRICES, FakeCaptioner, current, describe, failures, lapse
from tests.command_line import RAGE, environment_with
from tests.generating import paid, rows, value
from tests.store import add

CALLS = "SELECT status, count(*) AS calls FROM rage.paid_calls GROUP BY status"

CLAIM = """
INSERT INTO rage.caption_tries (
    brand_id, image_id, reader, content_id, run_id, claimed_until, call_id, attempts
)
SELECT brand_id, image_id, 'model', content_id, gen_random_uuid(), now() + interval '1 hour', %(call)s,
       %(attempts)s
FROM rage.images
"""


async def filled(database: Database, images: int) -> list[int]:
    return [await add(database) for _ in range(images)]


async def statuses(database: Database) -> dict[str, int]:
    return {row["status"]: row["calls"] for row in await rows(database, CALLS)}


async def test_two_runs_at_once_describe_each_image_once(database: Database) -> None:
    ids = await filled(database, 20)
    captioner = FakeCaptioner()
    captioner.meet(2 * AT_ONCE)
    runs = await asyncio.gather(describe(database, captioner), describe(database, captioner))
    assert sum(run.described for run in runs) == len(ids) == len(captioner.contexts)
    assert all(run.described for run in runs)
    assert await statuses(database) == {"succeeded": len(ids)}
    assert await value(database, "SELECT count(*) FROM rage.caption_tries") == 0


async def test_a_run_that_is_stopped_gives_its_images_back(database: Database) -> None:
    ids = await filled(database, 6)
    captioner = FakeCaptioner()
    captioner.on_call = asyncio.Event().wait
    run = asyncio.create_task(describe(database, captioner))
    await asyncio.wait_for(captioner.called.wait(), 10)
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run
    assert set(await statuses(database)) == {"unknown"}
    assert await failures(database) == []
    done = await describe(database, FakeCaptioner())
    assert (done.described, done.remaining) == (len(ids), 0)


async def test_an_image_of_a_lost_run_is_taken_over_once_its_claim_lapsed(database: Database) -> None:
    (image_id,) = await filled(database, 1)
    call = """INSERT INTO rage.paid_calls (brand_id, purpose, provider, model)
              SELECT brand_id, 'caption', 'openai', 'see-1' FROM rage.images RETURNING call_id"""
    await rows(database, CLAIM, call=await value(database, call), attempts=0)
    waiting = asyncio.create_task(describe(database, FakeCaptioner()))
    # It says nothing while the claim stands; a second later it looks again.
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await lapse(database)
    assert (await waiting).described == 1
    assert await statuses(database) == {"unknown": 1, "succeeded": 1}
    assert list(await current(database)) == [image_id]


async def test_an_image_that_loses_its_run_again_and_again_is_held(database: Database) -> None:
    (image_id,) = await filled(database, 1)
    await rows(database, CLAIM, call=None, attempts=TRIES - 1)
    await lapse(database)
    assert (await describe(database, FakeCaptioner())).described == 0
    assert await failures(database) == [(image_id, TRIES, "The run that described it was lost.")]


async def test_an_answer_that_comes_after_another_run_took_over_is_dropped(database: Database) -> None:
    (image_id,) = await filled(database, 1)
    late, quick = FakeCaptioner(), FakeCaptioner()
    quick.said = {"caption": "By the other run."}

    async def stall() -> None:
        await lapse(database)
        assert (await describe(database, quick)).described == 1

    late.on_call = stall
    assert (await describe(database, late)).described == 0
    assert await current(database) == {image_id: ("By the other run.", "model")}
    assert "started" not in await statuses(database)


def start(url: str, api: CaptionApiStub, *arguments: str) -> subprocess.Popen[str]:
    environment = environment_with(
        RAGE_DATABASE_URL=url, RAGE_CAPTIONER=f"openai:{MODEL}", OPENAI_BASE_URL=api.url
    )
    return subprocess.Popen(
        [RAGE, "captions", "fill", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_killed_and_run_again_no_image_is_described_twice(database: Database, service_url: str) -> None:
    ids = await filled(database, 12)
    with caption_api_stub() as api:
        api.replies = [api.reply] * 5 + ["hold"] * 4
        with start(service_url, api) as killed:
            while len(api.requests) < 9:
                assert killed.poll() is None
                await asyncio.sleep(0.05)
            killed.send_signal(signal.SIGKILL)
        assert len(api.requests) == 9
        before = await current(database)
        assert len(before) == 5
        await lapse(database)
        with start(service_url, api, "--json") as again:
            out, err = await asyncio.to_thread(again.communicate, timeout=60)
        assert (again.returncode, err) == (0, "")
    assert '"described":7' in out
    assert list(await current(database)) == ids
    calls = Counter(call["status"] for call in await paid(database))
    assert calls == {"succeeded": 12, "unknown": 4}
    assert len(api.requests) == 16
    revisions = await value(database, "SELECT max(revision) FROM rage.captions")
    assert revisions == 1


async def test_a_budget_of_a_run_stops_before_the_call_that_would_pass_it(database: Database) -> None:
    await filled(database, 8)
    await rows(database, PRICES)
    done = await describe(database, FakeCaptioner(), budget=Decimal("3.80"))
    assert (done.described, done.cost_usd, done.remaining) == (3, Decimal(3), 5)
    assert done.stopped is not None
    # The last of the calls may be under way still when the next one is held back.
    under_way = "$2 is spent (calls without a known cost: 1), $1.8 is left"
    told = tuple(
        f"The budget of this run is $3.8: {so_far}" for so_far in ("$3 is spent, $0.8 is left", under_way)
    )
    assert done.stopped.startswith(told)


async def test_the_first_calls_are_held_back_by_what_a_call_usually_costs(database: Database) -> None:
    await filled(database, 3)
    await rows(database, PRICES)
    captioner = FakeCaptioner()
    done = await describe(database, captioner, budget=Decimal("1.79"))
    assert (done.calls, done.described, captioner.contexts) == (0, 0, [])
    assert done.stopped is not None
    assert done.stopped.endswith("$1.79 is left, and the next call may cost $1.8.")


async def test_the_budget_of_a_month_counts_every_caption_call(database: Database) -> None:
    await filled(database, 8)
    await rows(database, PRICES)
    earlier = """INSERT INTO rage.paid_calls (brand_id, purpose, provider, model, cost_usd, started_at)
                 SELECT brand_id, %(purpose)s, 'openai', 'see-1', 1, %(started)s
                 FROM rage.brands WHERE name = 'default'"""
    await rows(database, earlier, purpose="caption", started="2020-01-01")
    await rows(database, earlier, purpose="generation", started="now")
    await rows(database, earlier, purpose="caption", started="now")
    done = await describe(database, FakeCaptioner(), month=Decimal(4))
    assert (done.described, done.cost_usd) == (3, Decimal(3))
    assert done.stopped is not None
    told = tuple(
        f"The budget of the month, RAGE_CAPTION_BUDGET, is $4: {so_far} is spent" for so_far in ("$4", "$3")
    )
    assert done.stopped.startswith(told)


async def test_two_runs_share_the_budget_of_a_month(database: Database) -> None:
    await filled(database, 12)
    await rows(database, PRICES)
    captioner = FakeCaptioner()
    runs = [describe(database, captioner, month=Decimal(5)) for _ in range(2)]
    await asyncio.gather(*runs)
    assert await value(database, "SELECT sum(cost_usd) FROM rage.paid_calls") <= 5


async def test_calls_without_a_cost_count_as_the_dearest(database: Database) -> None:
    await filled(database, 8)
    await rows(database, PRICES)
    captioner = FakeCaptioner()
    captioner.errors = [OutcomeUnknown("Gone.")]
    done = await describe(database, captioner, budget=Decimal("5.90"))
    assert (done.failed, done.calls_without_cost) == (1, 1)
    assert done.calls == 1 + done.described
    assert done.stopped is not None
    assert "(calls without a known cost: 1)" in done.stopped
    assert done.cost_usd == Decimal(4)


async def test_a_snapshot_costs_what_its_model_does(database: Database) -> None:
    await filled(database, 1)
    await rows(database, PRICES)
    captioner = FakeCaptioner()
    captioner.said = {"model": "see-1-2026-03-01"}
    assert (await describe(database, captioner)).cost_usd == Decimal(1)
    (call,) = await paid(database)
    assert (call["model"], call["cost_usd"]) == ("see-1-2026-03-01", Decimal(1))


@pytest.mark.parametrize("limit", ["budget", "month"])
async def test_a_budget_without_prices_is_refused(database: Database, limit: str) -> None:
    await filled(database, 1)
    captioner = FakeCaptioner()
    with pytest.raises(SetupError, match="rage prices set openai see-1 text_input USD"):
        await describe(database, captioner, **{limit: Decimal(5)})
    assert captioner.contexts == []
    reader = FakeCaptioner(reader="ocr", charges=False)
    assert (await describe(database, reader, **{limit: Decimal(5)})).described == 1
