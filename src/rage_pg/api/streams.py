"""Answers that take their time: they keep their connection alive, and end when the service does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

QUIET = 15.0
"""Seconds between signs of life: many proxies take a connection without any for dead after 60, some 30."""

AGAIN = 0.1
"""Seconds before what was told to end is told so again."""


async def until(
    stopping: asyncio.Event, items: AsyncIterator[T], *, idle: T, quiet: float = QUIET
) -> AsyncIterator[T]:
    """The items as they come until there are no more or the service stops; `idle` when none came for `quiet`
    seconds."""
    stop = asyncio.ensure_future(stopping.wait())
    coming = asyncio.ensure_future(anext(items, None))
    try:
        while True:
            await asyncio.wait({coming, stop}, timeout=quiet, return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                return
            if not coming.done():
                yield idle
            elif (item := coming.result()) is not None:
                yield item
                coming = asyncio.ensure_future(anext(items, None))
            else:
                return
    finally:
        await _end(coming, stop)


async def unless(stopping: asyncio.Event, work: Coroutine[Any, Any, T], *, otherwise: T) -> T:
    """What `work` gives; `otherwise` where the service stops first."""
    stop = asyncio.ensure_future(stopping.wait())
    working = asyncio.ensure_future(work)
    try:
        await asyncio.wait({working, stop}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else otherwise
    finally:
        await _end(working, stop)


async def _end(*futures: asyncio.Future[Any]) -> None:
    while left := [future for future in futures if not future.done()]:
        for future in left:
            future.cancel()
        # Again: before Python 3.12 a query drops a cancellation that comes at the moment it returns.
        await asyncio.wait(left, timeout=AGAIN)
    await asyncio.gather(*futures, return_exceptions=True)
