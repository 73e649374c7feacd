"""How a command gets its settings, its database and its end: signals unwind it, and Postgres stops too."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from click.exceptions import Exit

from rage_pg.cli.output import note, spinner
from rage_pg.config import Settings
from rage_pg.errors import InvalidInput

if TYPE_CHECKING:
    from rage_pg.runtime import Runtime

T = TypeVar("T")


def read_settings(*, quiet: bool = True) -> Settings:
    """The settings, with logs set up. A quiet command logs warnings, unless RAGE_LOG_LEVEL says otherwise."""
    from rage_pg.logs import configure_logs

    settings = Settings.from_environment()
    if settings.database_url is not None:
        _check_url(settings.database_url)
    configure_logs("warning" if quiet and settings.log_level == "info" else settings.log_level)
    if quiet and settings.log_level != "debug":
        # The error that follows says the same.
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    return settings


def _check_url(url: str) -> None:
    """libpq's own words would show the URL, and with it a password."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        form = "postgresql://user@host/database"
        raise InvalidInput(f"RAGE_DATABASE_URL is not as libpq writes it: {form}.") from None


def with_runtime(
    work: Callable[[Runtime], Awaitable[T]],
    *,
    max_connections: int = 4,
    hurry: asyncio.Event | None = None,
) -> T:
    """Do `work` on a database that is ready; the embedded server runs as long as somebody needs it.

    `hurry` is set by a second Ctrl-C or SIGTERM, for work that takes its time to end after the first.
    """
    from rage_pg.runtime import running

    settings = read_settings()

    async def inside() -> T:
        async with AsyncExitStack() as stack:
            with spinner("Preparing the database …"):
                runtime = await stack.enter_async_context(running(settings, max_connections=max_connections))
            return await work(runtime)

    return run(inside(), hurry=hurry)


@contextmanager
def unwinding() -> Iterator[None]:
    """SIGTERM unwinds the body like Ctrl-C: an embedded server must not be left behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run(work: Coroutine[Any, Any, T], *, hurry: asyncio.Event | None = None) -> T:
    """asyncio.run, but SIGTERM unwinds like Ctrl-C. Raises KeyboardInterrupt for both.

    The second signal sets `hurry`; the one after that, or the second where there is none, waits for nothing.
    """

    async def inside() -> T:
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)

        # Not by way of SIGINT: what a script starts in the background has it ignored.
        def stop(_number: int, _frame: object) -> None:
            if not task.cancelling():
                task.cancel()
                loop.call_soon_threadsafe(lambda: None)
            elif hurry is not None and not hurry.is_set():
                loop.call_soon_threadsafe(hurry.set)
            else:
                raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, stop)
        if hurry is None or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            return await task
        before = signal.signal(signal.SIGINT, stop)
        try:
            return await task
        finally:
            signal.signal(signal.SIGINT, before)

    with unwinding():
        try:
            return asyncio.run(inside())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


def run_until_stopped(work: Coroutine[Any, Any, None], *, hurry: asyncio.Event | None = None) -> None:
    """Run a service until Ctrl-C or SIGTERM cancels it: its normal end.

    A second signal sets `hurry`: what is under way is dropped, and that written down. The Ctrl-C after that,
    or the second where there is no `hurry`, ends it at once.
    """

    async def inside() -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        stops = 0

        def end() -> None:
            task.cancel()
            if sys.stderr.isatty():
                again = "ends it at once" if hurry is None else "does not wait for what is under way"
                note(f"Stopping … Ctrl-C again {again}.")

        # A plain handler runs even while the loop waits for Postgres to stop, one of the loop would not.
        def stop(number: int, _frame: object) -> None:
            nonlocal stops
            stops += 1
            if stops == 1:
                loop.call_soon_threadsafe(end)
            elif stops == 2 and hurry is not None:
                loop.call_soon_threadsafe(hurry.set)
            elif number == signal.SIGINT:
                _leave_at_once()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(inside())


def fail() -> NoReturn:
    """End the command with exit code 1; what is wrong has been said."""
    raise Exit(1)


def _leave_at_once() -> NoReturn:
    """The embedded server goes on; the next command joins it and stops it."""
    os._exit(130)
