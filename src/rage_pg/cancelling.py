"""Heeds a cancellation that got lost on its way."""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """End this task if it was told to end, and went on.

    Every query waits in `asyncio.wait_for`, which before Python 3.12 drops a cancellation that comes at the
    moment it returns. A loop that never ends by itself would then go on, and who waits for it, wait.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
