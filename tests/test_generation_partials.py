"""Partial images of a generation that is running: kept, told of, gone with its end; they never end a call."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from rage_pg import generation
from rage_pg.callers import NOBODY
from rage_pg.database import Database
from rage_pg.errors import DatabaseUnavailable, NotFound, NotPossible, ProviderError, ProviderRefused
from rage_pg.generation import Event, partials
from rage_pg.generation.take_up import Task, give_back
from rage_pg.providers.local import LocalGenerator
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.ports import GeneratedImage
from rage_pg.types import Generation, GenerationRequest
from tests.generating import (
    COST,
    FakeGenerator,
    accept,
    ask,
    carry_out,
    make,
    names,
    only,
    paid,
    take_up,
    value,
)
from tests.image_api_stub import CUT, WAIT, completed, image_api_stub, partial, picture
from tests.store import add, png

KEPT = "SELECT count(*) FROM rage.generation_partials"
FIRST, SECOND = png(3), png(4)


@pytest.fixture
def generator() -> FakeGenerator:
    made = FakeGenerator()
    made.partials = [FIRST, SECOND]
    return made


@contextlib.asynccontextmanager
async def painting(database: Database, generator: FakeGenerator, **said: Any) -> AsyncIterator[Generation]:
    """A generation that waits for its picture; it ends with the block, and its end is awaited."""
    asked = await ask(database, generator, await add(database), **{"partial_images": 2, **said})
    generator.release.clear()
    running = asyncio.create_task(carry_out(database, generator, asked.id))
    await generator.shown.wait()
    try:
        yield asked
    finally:
        generator.release.set()
        await running


def of_pictures(happened: list[Event]) -> list[tuple[int, Any, Any]]:
    told = [each for each in happened if each.name == "partial_image"]
    return [(each.id, each.data["number"], each.data["url"]) for each in told]


async def test_they_are_told_of_and_can_be_fetched_until_the_picture_is_there(
    database: Database, generator: FakeGenerator
) -> None:
    async with painting(database, generator) as asked:
        address = f"/api/generations/{asked.id}/partials"
        happened = await generation.events(database, asked.id)
        assert [each.name for each in happened] == ["queued", "running", "partial_image", "partial_image"]
        assert of_pictures(happened) == [(3, 1, f"{address}/3"), (4, 2, f"{address}/4")]
        shown = [await generation.partial_image(database, asked.id, number) for number in (3, 4)]
        assert [each.data for each in shown] == [FIRST, SECOND]
        assert [each.media_type for each in shown] == ["image/png", "image/png"]
        followed = []
        async for event in generation.follow(database, asked.id, 3):
            followed.append(event.id)
            generator.release.set()
        assert followed == [4, 5]
    made = await generation.wait_for(database, asked.id, 0)
    assert (made.status, len(made.outputs), made.cost_usd) == ("succeeded", 1, Decimal(COST))
    assert made.parameters["partial_images"] == 2
    assert await value(database, KEPT) == 0
    # Who comes late is not sent where nothing is.
    assert [(each.id, each.name) for each in await generation.events(database, asked.id)] == [
        (1, "queued"),
        (2, "running"),
        (5, "succeeded"),
    ]
    with pytest.raises(NotFound, match="they go when it ends"):
        await generation.partial_image(database, asked.id, 3)


@pytest.mark.parametrize("error", [ProviderRefused("No."), ProviderError("Lost it."), RuntimeError("a bug")])
async def test_none_outlives_an_end_without_a_picture(
    database: Database, generator: FakeGenerator, error: Exception
) -> None:
    generator.error = error
    async with painting(database, generator) as asked:
        assert await value(database, KEPT) == 2
    assert await names(database, asked) == [
        "queued",
        "running",
        "refused" if isinstance(error, ProviderRefused) else "failed",
    ]
    assert await value(database, KEPT) == 0


async def test_a_worker_that_is_over_or_was_overtaken_shows_nothing_more(database: Database) -> None:
    generator = FakeGenerator("local", charges=False)
    generator.partials = [FIRST]
    async with painting(database, generator) as asked:
        # Another takes it up: what the first showed is gone, and what it shows now is not kept.
        second = await take_up(database, asked.id)
        assert isinstance(second, Task)
        assert generator.progress is not None
        await generator.progress(GeneratedImage(content=SECOND, media_type="image/png"))
        assert await value(database, KEPT) == 0
        await partials.Partials(database, second, 1)(GeneratedImage(content=SECOND, media_type="image/png"))
        assert of_pictures(await generation.events(database, asked.id))[0][:2] == (5, 1)
        await give_back(database, second)
        assert await value(database, KEPT) == 0
        await partials.Partials(database, second, 1)(GeneratedImage(content=SECOND, media_type="image/png"))
        assert await value(database, KEPT) == 0
    assert (await generation.cancel(database, asked.id)).status == "cancelled"


async def test_no_more_are_kept_than_were_asked_for_and_none_that_is_huge(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partials, "MAX_BYTES", len(FIRST))
    generator.partials = [b"x" * (len(FIRST) + 1), FIRST, FIRST, FIRST]
    async with painting(database, generator) as asked:
        assert [number for _, number, _ in of_pictures(await generation.events(database, asked.id))] == [1, 2]


@pytest.mark.parametrize("fault", [DatabaseUnavailable("gone"), RuntimeError("a bug"), TimeoutError()])
async def test_one_that_cannot_be_kept_never_loses_the_picture(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    async def fails(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(partials, "locked_task", fails)
    made = await make(database, generator, await add(database), partial_images=2)
    assert (made.status, made.cost_usd) == ("succeeded", Decimal(COST))
    assert await names(database, made) == ["queued", "running", "succeeded"]


async def test_one_that_takes_too_long_to_keep_does_not_hold_the_picture_up(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stalls(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(partials, "PATIENCE", 0.05)
    monkeypatch.setattr(partials, "locked_task", stalls)
    made = await make(database, generator, await add(database), partial_images=2)
    assert made.status == "succeeded"


async def test_a_worker_that_is_stopped_while_it_keeps_one_stops(
    database: Database, generator: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalled = asyncio.Event()

    async def stalls(*_: Any) -> None:
        stalled.set()
        await asyncio.Event().wait()

    asked = await ask(database, generator, await add(database), partial_images=2)
    monkeypatch.setattr(partials, "locked_task", stalls)
    running = asyncio.create_task(carry_out(database, generator, asked.id))
    await stalled.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await generation.wait_for(database, asked.id, 0)).status == "unknown"


async def test_they_are_only_for_who_may_see_the_generation(
    database: Database, generator: FakeGenerator
) -> None:
    async with painting(database, generator) as asked:
        assert (await generation.partial_image(database, asked.id, 3)).data == FIRST
        with pytest.raises(NotFound):
            await generation.partial_image(database.acting_for(NOBODY), asked.id, 3)


async def test_what_does_not_stream_refuses_them_and_none_is_a_request_as_before(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    with pytest.raises(NotPossible, match="rage-local-1 shows none") as refused:
        await ask(database, LocalGenerator(), image_id, partial_images=1)
    assert (refused.value.field, refused.value.allowed) == ("partial_images", (0,))
    first = await accept(database, generator, idempotency_key="one")
    again = await accept(database, generator, idempotency_key="one", partial_images=0)
    assert (first.id, first.parameters) == (again.id, {"count": 1})


async def test_a_preview_tells_what_they_cost(database: Database, generator: FakeGenerator) -> None:
    await make(database, generator)
    request = GenerationRequest(prompt="Lotion", partial_images=3)
    shown = await generation.preview(database, only(generator), request)
    assert shown.parameters == {"count": 1, "partial_images": 3}
    assert shown.estimate.tokens["image_output"] == 2_300


@pytest.mark.parametrize("broken", [False, True])
async def test_what_openai_streams_is_seen_while_it_paints(database: Database, broken: bool) -> None:
    with image_api_stub() as stub:
        generator = OpenAIGenerator("gpt-image-2", key=None, base_url=stub.url)
        asked = await ask(database, generator, await add(database), partial_images=1)
        stub.stream = [partial(edit=True), WAIT, CUT if broken else completed(edit=True)]
        running = asyncio.create_task(carry_out(database, generator, asked.id))
        async for event in generation.follow(database, asked.id):
            if event.name == "partial_image":
                shown = await generation.partial_image(database, asked.id, event.id)
                assert shown.data == base64.b64decode(picture(1))
                stub.stopped.set()
        made = await running
    (call,) = await paid(database)
    assert await value(database, "SELECT max(event_id) FROM rage.generation_events") == 4
    if broken:
        assert (made.status, made.cost_usd, call["status"]) == ("unknown", None, "unknown")
        assert call["provider_request_id"] == "req_stub_1"
    else:
        assert (made.status, call["status"]) == ("succeeded", "succeeded")
        assert made.cost_usd == Decimal("0.014530")
        assert made.parameters["details"]["partial_images"] == 1
