"""How fast one may ask, and how soon "not found" is said.

Each process counts for itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from rage_pg.errors import TooManyRequests

T = TypeVar("T")
Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]

MOST_REMEMBERED = 10_000
"""Keys or addresses; beyond them the one that was longest quiet is forgotten."""
MINUTE = 60.0
FREE_TRIES = 3
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
"""Seconds."""
COUNTED = FREE_TRIES + 1 + int(math.log2(LONGEST_WAIT / FIRST_WAIT))
"""Failures of an address that make a difference."""
MOST_WAITING = 50
STEP = 0.025
"""Seconds."""


class Pace:
    """What one process allows."""

    def __init__(
        self, per_minute: int, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep
    ) -> None:
        self.requests = Requests(per_minute, clock)
        self.failures = Failures(clock, sleep)
        self.not_found = Steps(clock, sleep)


class Requests:
    """A bucket of tokens for each key: a request takes one, time brings them back. 0 a minute: no limit."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._size = max(1.0, per_minute / 4)
        self._clock = clock
        self._buckets = _Remembered[tuple[float, float]]()

    def count(self, key: str) -> None:
        """Raises TooManyRequests where the key's bucket is empty."""
        if not self._per_minute:
            return
        now = self._clock()
        rate = self._per_minute / MINUTE
        left, since = self._buckets.get(key, (self._size, now))
        left = min(self._size, left + (now - since) * rate)
        self._buckets.keep(key, (left - 1 if left >= 1 else left, now))
        if left < 1:
            raise TooManyRequests(
                f"This key may make {self._per_minute} requests a minute.", math.ceil((1 - left) / rate)
            )


class Failures:
    """Makes who tries one bad key after the other wait, longer each time; a good key never waits."""

    def __init__(self, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._moments = _Remembered[deque[float]]()
        self._waiting = 0

    async def slow_down(self, address: str) -> None:
        """Count a failure, and wait before its answer. Raises TooManyRequests where too many wait already."""
        seconds = self._wait(_network(address))
        if not seconds:
            return
        if self._waiting >= MOST_WAITING:
            raise TooManyRequests("Too many attempts with keys that are not good.", math.ceil(LONGEST_WAIT))
        self._waiting += 1
        try:
            await self._sleep(seconds)
        finally:
            self._waiting -= 1

    def _wait(self, network: str) -> float:
        now = self._clock()
        moments = self._moments.get(network) or deque(maxlen=COUNTED)
        moments.append(now)
        self._moments.keep(network, moments)
        beyond = sum(now - moment < MINUTE for moment in moments) - FREE_TRIES
        return FIRST_WAIT * 2.0 ** (beyond - 1) if beyond > 0 else 0.0


class Steps:
    """Lets what took a little longer end together with what was done at once: at the next full STEP."""

    def __init__(self, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep

    def now(self) -> float:
        """When something begins, for `rest`."""
        return self._clock()

    async def rest(self, began: float) -> None:
        """Wait until the step is full."""
        await self._sleep(STEP - (self._clock() - began) % STEP)


class _Remembered(OrderedDict[str, T], Generic[T]):
    """The latest MOST_REMEMBERED, whatever an attacker sends."""

    def keep(self, name: str, value: T) -> None:
        self[name] = value
        self.move_to_end(name)
        if len(self) > MOST_REMEMBERED:
            self.popitem(last=False)


def _network(address: str) -> str:
    """Who has one address of IPv6 mostly has the 2**64 beside it too."""
    try:
        known = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))
