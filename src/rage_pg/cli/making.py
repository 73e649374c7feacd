"""Carries one generation out within this process, and writes its pictures to files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from rage_pg.cli.output import note, spinner
from rage_pg.cli.refining import carried_on, result_of
from rage_pg.cli.whole_file import write_whole
from rage_pg.errors import RageError
from rage_pg.types import Generation, GenerationRequest

if TYPE_CHECKING:
    from rage_pg.generation import DryRun
    from rage_pg.jobs import Hold
    from rage_pg.runtime import Runtime

LOOK = 1.0
"""Seconds between two looks whether it may go on."""
WAITING = {
    "retry": "The provider turned it away; nothing was charged.",
    "pause": "The provider asked to be left alone.",
    "concurrency": "As many calls to the provider are under way as may be (RAGE_PROVIDER_LIMITS).",
    "budget": "Nobody can tell what it will cost before another call under the same budget has ended.",
    "rate": "As many calls to the provider were made in a minute as may be (RAGE_PROVIDER_LIMITS).",
}
PATIENCE = 600.0
"""Seconds to wait for a worker that took the generation over while this process stood still."""


class Order(Struct, frozen=True, kw_only=True):
    request: GenerationRequest
    file: Path


class Made(Struct, frozen=True, kw_only=True):
    """What became of an order, and the files that were written."""

    generation: Generation
    files: tuple[Path, ...]
    conditioned_on_prompt: bool


def files_for(file: Path, count: int) -> list[Path]:
    """Where each of `count` pictures goes: several are numbered."""
    if count == 1:
        return [file]
    return [file.with_stem(f"{file.stem}-{position}") for position in range(1, count + 1)]


async def previewed(runtime: Runtime, request: GenerationRequest) -> DryRun:
    """What would be sent; nothing is written."""
    from rage_pg import generation

    return await generation.preview(
        runtime.database,
        runtime.generators,
        request,
        look=runtime.look,
        propose=runtime.suggest,
        judges=runtime.registry.judge,
    )


async def made(runtime: Runtime, order: Order) -> Made:
    """Generate and write the pictures. Raises RageError where they are in the store but not in the file."""
    from rage_pg import generation, jobs

    async with jobs.holding(runtime.database) as hold:
        accepted = await generation.accept(
            runtime.database,
            runtime.generators,
            order.request,
            defer=hold.defer,
            search=runtime.search,
            propose=runtime.propose,
            judges=runtime.registry.judge,
        )
        generator = runtime.generators(accepted.provider)
        with spinner(f"Generating with {accepted.provider} …") as say:
            async with _telling(runtime, accepted, order.request.partial_images, say):
                if order.request.refine is None:
                    await carry_out(runtime, hold, accepted.id)
                else:
                    await carried_on(
                        runtime, hold, accepted.id, lambda one: carry_out(runtime, hold, one), say
                    )
            ended = await generation.wait_for(runtime.database, accepted.id, PATIENCE)
    ended = await result_of(runtime, ended)
    await jobs.defer_fill_index(runtime.database)
    files = await _write(runtime, ended, order)
    return Made(generation=ended, files=files, conditioned_on_prompt=generator.conditioned_on_prompt)


@asynccontextmanager
async def _telling(
    runtime: Runtime, accepted: Generation, most: int, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Says, while the body runs, how many partial images there are."""
    from rage_pg import generation

    async def tell() -> None:
        async for event in generation.follow(runtime.database, accepted.id):
            if event.name == "partial_image":
                number = event.data["number"]
                say(f"Generating with {accepted.provider}: partial image {number} of {most} is there …")

    telling = asyncio.create_task(tell()) if most else None
    try:
        yield
    finally:
        if telling is not None:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)


async def carry_out(
    runtime: Runtime,
    hold: Hold,
    generation_id: UUID,
    *,
    tell: bool = True,
    leave: asyncio.Event | None = None,
) -> bool:
    """Carry a generation out, again where it has to wait, saying for what; False where a worker has it by
    now, had this process stood still for as long as the hold lasts.

    Once `leave` is set it is not waited for any more, and called off.
    """
    from rage_pg import generation, jobs

    images = jobs.OutputImages(runtime.settings.limits)
    # No worker need run: those that wait longer are not waited for.
    rules = replace(jobs.rules_of(runtime.settings), in_line=False, defer=None)
    told = 0
    while await hold.renew():
        later = await generation.run(runtime.database, runtime.generators, images, generation_id, rules)
        if later is None:
            return True
        if tell:
            told = await _tell(runtime, generation_id, told)
        seconds = min(LOOK, max(0.0, (later - datetime.now(UTC)).total_seconds()))
        if await _told_to_leave(leave, seconds):
            await hold.call_off()
            return True
    return False


async def _told_to_leave(leave: asyncio.Event | None, seconds: float) -> bool:
    if leave is None or not leave.is_set():
        await asyncio.sleep(seconds)
    return leave is not None and leave.is_set()


async def _tell(runtime: Runtime, generation_id: UUID, after: int) -> int:
    """Say what is waited for, once; the number of the last event that was looked at."""
    from rage_pg import generation

    for event in await generation.events(runtime.database, generation_id, after):
        after = event.id
        if event.name == "waiting":
            note(_waiting(event.data))
    return after


def _waiting(told: dict[str, Any]) -> str:
    seconds = told.get("retry_in")
    when = "" if seconds is None else f" Going on in {max(1, round(seconds))} seconds."
    why = WAITING.get(told.get("reason", ""), "It must wait.")
    code = f" ({told['code']})" if told.get("code") else ""
    return f"{why}{code}{when} Ctrl-C calls it off."


async def _write(runtime: Runtime, generation: Generation, order: Order) -> tuple[Path, ...]:
    from rage_pg import history

    targets = files_for(order.file, max(order.request.count, len(generation.outputs)))
    files = targets[: len(generation.outputs)]
    for output, target in zip(generation.outputs, files, strict=True):
        picture = await history.output(runtime.database, generation.id, output.position)
        try:
            await asyncio.to_thread(write_whole, target, picture.data)
        except OSError as error:
            raise RageError(
                f"The picture was made, but {target} cannot be written: {error.strerror}. "
                f"It is image {output.image_id} in the store."
            ) from error
    return tuple(files)
