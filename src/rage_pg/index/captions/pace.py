"""When a run of calls waits, and when it gives up: a provider that asks for patience, or fails every time."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from rage_pg.errors import ProviderError

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 60.0
LONGEST_WAIT = 600.0
"""Seconds; a provider that asks for more is asked another day."""
PAUSES_IN_A_ROW = 8
FAILURES_IN_A_ROW = 10
"""Of different images: then it is not the images that are at fault."""


class Stopped(Exception):
    """The run must end; the message says why."""


class Pace:
    """Shared by the calls of one run: where one is told to wait, all wait."""

    def __init__(self) -> None:
        self.stopped: str | None = None
        self._resume_at = 0.0
        self._pauses = 0
        self._failures = 0
        self._end = asyncio.Event()

    async def wait(self) -> None:
        """Return when the next call may go out. Raise Stopped where none may."""
        while self.stopped is None and (seconds := self._resume_at - _now()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), seconds)
        if self.stopped is not None:
            raise Stopped(self.stopped)

    def stop(self, reason: str) -> None:
        self.stopped = self.stopped or reason
        self._end.set()

    def pause(self, error: ProviderError) -> None:
        """Have the next calls wait, as long as the provider says. Raise Stopped where that makes no sense."""
        if error.hopeless:
            raise Stopped(str(error))
        if _now() < self._resume_at:
            # A call that was on its way when another was told the same.
            return
        self._pauses += 1
        seconds = error.retry_after
        if seconds is None:
            seconds = min(2.0 ** (self._pauses - 1), LONGEST_PAUSE)
        if seconds > LONGEST_WAIT:
            raise Stopped(f"{error} It asks to wait {seconds / 60:.0f} minutes.")
        if self._pauses > PAUSES_IN_A_ROW:
            raise Stopped(f"{error} It said so {self._pauses} times in a row.")
        log.info("captioner is busy; waiting", seconds=seconds, reason=str(error))
        self._resume_at = _now() + seconds

    def succeeded(self) -> None:
        self._pauses = self._failures = 0

    def failed(self, reason: str) -> None:
        """Stop the run where one image after another fails: the rest would be held for nothing."""
        self._pauses = 0
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self.stop(f"{self._failures} images failed in a row, the last one: {reason}")


def _now() -> float:
    return asyncio.get_running_loop().time()
