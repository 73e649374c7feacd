"""How fast one may ask, by clocks that tests set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from rage_pg.api import pace
from rage_pg.api.pace import Pace
from rage_pg.config import Settings
from rage_pg.errors import InvalidInput, TooManyRequests
from tests.api_service import ANY_ID, ELSEWHERE, Client, make_key, problem, service

BAD = "rage_00000000_" + "A" * 43


class Time:
    """A clock, and sleep that only notes for how long."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def pace(self, per_minute: int = 0) -> Pace:
        return Pace(per_minute, clock=self.clock, sleep=self.sleep)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


def asked(requests: pace.Requests, times: int, key: str = "a") -> int:
    """How many of so many requests at once are let through."""
    through = 0
    for _ in range(times):
        try:
            requests.count(key)
        except TooManyRequests:
            continue
        through += 1
    return through


def test_a_quarter_of_a_minutes_requests_may_come_at_once(time: Time) -> None:
    requests = time.pace(120).requests
    assert asked(requests, 100) == 30
    time.now += 5
    assert asked(requests, 100) == 10
    time.now += 3_600
    assert asked(requests, 100) == 30


def test_each_key_has_a_pace_of_its_own(time: Time) -> None:
    requests = time.pace(120).requests
    assert asked(requests, 100, "a") == 30
    assert asked(requests, 100, "b") == 30


def test_who_is_too_fast_is_told_when_to_come_again(time: Time) -> None:
    requests = time.pace(6).requests
    requests.count("a")
    with pytest.raises(TooManyRequests) as refused:
        requests.count("a")
    time.now += refused.value.retry_after - 0.5
    assert asked(requests, 1) == 0
    time.now += 0.5
    assert asked(requests, 2) == 1


def test_no_limit_is_no_limit(time: Time) -> None:
    assert asked(time.pace(0).requests, 10_000) == 10_000


def test_limit_is_a_setting() -> None:
    assert Settings.from_environment({}).rate_limit == 1200
    assert Settings.from_environment({"RAGE_RATE_LIMIT": "0"}).rate_limit == 0
    for text in ("many", "-1", "1.5", "\u0663", "9" * 5000):
        with pytest.raises(InvalidInput, match="RAGE_RATE_LIMIT must be a whole number"):
            Settings.from_environment({"RAGE_RATE_LIMIT": text})


async def test_failures_wait_longer_each_time(time: Time) -> None:
    failures = time.pace().failures
    for _ in range(10):
        await failures.slow_down(ELSEWHERE)
    assert time.slept == [0.5, 1, 2, 4, 8, 8, 8]


async def test_failures_are_forgotten_after_a_minute(time: Time) -> None:
    failures = time.pace().failures
    for _ in range(4):
        await failures.slow_down(ELSEWHERE)
        time.now += 25
    assert time.slept == []
    await failures.slow_down(ELSEWHERE)
    await failures.slow_down(ELSEWHERE)
    assert time.slept == [0.5]


async def test_failures_of_others_do_not_count(time: Time) -> None:
    failures = time.pace().failures
    for number in range(50):
        await failures.slow_down(f"203.0.113.{number}")
        await failures.slow_down(f"::ffff:198.51.100.{number}")
        await failures.slow_down(f"2001:db8:0:{number:x}::1")
    assert time.slept == []


async def test_neighbours_in_ipv6_count_as_one(time: Time) -> None:
    failures = time.pace().failures
    for number in range(4):
        await failures.slow_down(f"2001:db8::{number:x}%eth0")
    assert time.slept == [0.5]


async def test_many_addresses_need_no_more_memory(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_REMEMBERED", 100)
    paced = time.pace(60)
    for number in range(1_000):
        await paced.failures.slow_down(f"10.0.{number // 250}.{number % 250}")
        paced.requests.count(str(number))
    assert len(paced.failures._moments) == len(paced.requests._buckets) == 100


async def test_only_so_many_wait_at_once() -> None:
    release = asyncio.Event()
    failures = Pace(0, sleep=lambda _: release.wait()).failures
    waiting = [asyncio.create_task(failures.slow_down(ELSEWHERE)) for _ in range(53)]
    await asyncio.wait(waiting[:3])
    with pytest.raises(TooManyRequests) as refused:
        await asyncio.wait_for(failures.slow_down(ELSEWHERE), 5)
    assert refused.value.retry_after == 8
    release.set()
    await asyncio.gather(*waiting)
    await failures.slow_down(ELSEWHERE)


async def test_key_that_asks_too_often_is_told_so(client: Client, time: Time) -> None:
    fast, other = await make_key(client, "fast"), await make_key(client, "other")
    client.app.state.pace = time.pace(8)
    asking = client.asking(fast)
    answers = [await asking.get("/api/brands") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert "8 requests a minute" in problem(answers[-1], 429, "too-many-requests")
    assert answers[-1].headers["retry-after"] == "8"
    assert (await client.asking(other).get("/api/brands")).status_code == 200
    assert (await asking.get("/api/health/live")).status_code == 200
    time.now += 8
    assert (await asking.get("/api/brands")).status_code == 200


async def test_open_service_has_no_limit(client: Client, time: Time) -> None:
    client.app.state.pace = time.pace(4)
    assert {(await client.get("/api/tags")).status_code for _ in range(5)} == {200}


async def test_bad_keys_are_slowed_down_and_good_ones_are_not(client: Client, time: Time) -> None:
    good = await make_key(client, "good")
    client.app.state.pace = time.pace()
    bad = client.asking(BAD, address=ELSEWHERE)
    with capture_logs() as logged:
        for _ in range(5):
            problem(await bad.get("/api/brands"), 401, "not-authenticated")
            assert (await client.asking(good, address=ELSEWHERE).get("/api/brands")).status_code == 200
    assert time.slept == [0.5, 1]
    assert [entry["client"] for entry in logged] == [ELSEWHERE] * 5
    assert "AAAA" not in str(logged)


async def test_asking_without_a_key_and_old_cookies_are_no_attempts(client: Client, time: Time) -> None:
    await make_key(client, "good")
    client.app.state.pace = time.pace()
    for _ in range(6):
        problem(await client.get("/api/brands"), 401, "not-authenticated")
        old = await client.get("/api/brands", headers={"Cookie": "rage_session=old"})
        problem(old, 401, "not-authenticated")
    assert time.slept == []


async def test_not_found_is_said_at_a_full_step(time: Time) -> None:
    steps = time.pace().not_found
    for took in (0.0, 0.001, 0.024, 0.026, 0.049):
        began = steps.now()
        time.now += took
        await steps.rest(began)
        time.now = 1_000.0
    assert time.slept == pytest.approx([0.025, 0.024, 0.001, 0.024, 0.001], abs=1e-6)


async def test_only_not_found_waits_and_only_for_who_sees_some_brands(client: Client, time: Time) -> None:
    every = await make_key(client, "every")
    some = await make_key(client, "some", "default")
    client.app.state.pace = time.pace()
    for path in ("/api/images/9", "/api/images/9/content", "/api/generations/" + ANY_ID, "/no/such/route"):
        await client.asking(every).get(path)
    assert time.slept == []
    for path in ("/api/images/9", "/api/images/9/content", "/api/generations/" + ANY_ID):
        assert (await client.asking(some).get(path)).status_code == 404
    assert time.slept == pytest.approx([0.025] * 3)
    assert (await client.asking(some).get("/api/images")).status_code == 200
    assert (await client.asking(some).get("/api/images?limit=0")).status_code == 400
    assert len(time.slept) == 3


async def test_bad_keys_at_the_page_are_slowed_down(client: Client, time: Time) -> None:
    await make_key(client, "good")
    client.app.state.pace = time.pace()
    for _ in range(4):
        assert (await client.post("/login", data={"key": BAD})).status_code == 401
    assert time.slept == [0.5]
