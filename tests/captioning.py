"""What tests of captions need: a captioner that does as it is told, and ways to look at what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from rage_pg import index
from rage_pg.database import Database
from rage_pg.index import Described
from rage_pg.providers.ports import CaptionContext, Captioner, Description
from rage_pg.types import Reader
from tests.generating import rows

USAGE = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1_000}
PRICES = """INSERT INTO rage.prices (provider, model, token_class, effective_from, usd_per_million)
            SELECT 'openai', 'see-1', token_class, '2026-01-01', 1000
            FROM unnest(ARRAY['text_input', 'text_output']) AS token_class"""
"""One dollar for a call of 1,000 tokens."""
FAILURES = (
    "SELECT image_id, attempts, reason FROM rage_v1.failed_items WHERE space = 'captions' ORDER BY image_id"
)
CURRENT = (
    "SELECT image_id, text, source, model, language FROM rage.captions WHERE is_current ORDER BY image_id"
)


class FakeCaptioner:
    """Describes pictures with numbered captions, or raises what it was given."""

    name = "openai"
    model = "see-1"

    def __init__(self, *, reader: Reader = "model", charges: bool = True) -> None:
        self.reader = reader
        self.charges = charges
        self.contexts: list[CaptionContext] = []
        self.errors: list[BaseException] = []
        """Raised in order, before anything is described."""
        self.error: BaseException | None = None
        self.on_call: Callable[[], Awaitable[Any]] | None = None
        self.said: dict[str, Any] = {}
        self.called = asyncio.Event()
        self.in_flight = self.most_in_flight = 0

    def meet(self, calls: int) -> None:
        """Hold calls back until so many are in flight; from then on none."""
        met = asyncio.Event()

        async def wait() -> None:
            if self.in_flight >= calls:
                met.set()
            await met.wait()

        self.on_call = wait

    async def describe(self, picture: bytes, context: CaptionContext) -> Description:
        self.contexts.append(context)
        number = len(self.contexts)
        self.called.set()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.on_call is not None:
                await self.on_call()
            if self.errors:
                raise self.errors.pop(0)
            if self.error is not None:
                raise self.error
        finally:
            self.in_flight -= 1
        said = {
            "caption": f"Seen as {number}.",
            "objects": ("zebra",),
            "request_id": f"r{number}",
            "usage": USAGE,
        }
        return Description(**{"model": self.model, **said, **self.said})


async def describe(database: Database, captioner: Captioner, **asked: Any) -> Described:
    return await asyncio.wait_for(index.describe(database, captioner, **asked), 30)


async def failures(database: Database) -> list[tuple[int, int, str]]:
    return [(row["image_id"], row["attempts"], row["reason"]) for row in await rows(database, FAILURES)]


async def current(database: Database) -> dict[int, tuple[str, str]]:
    """Caption and source by image."""
    return {row["image_id"]: (row["text"], row["source"]) for row in await rows(database, CURRENT)}


async def lapse(database: Database) -> None:
    """As if the claims of runs that were lost had lapsed."""
    await rows(database, "UPDATE rage.caption_tries SET claimed_until = now() - interval '1 s'")
