"""Carries one generation out within this process.

The ledger and the job are written as everywhere, but the job is held back from the workers: they would carry
it out again, and with their settings in place of ours. It is there for the case that this process is killed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from rage_pg.cli.output import spinner
from rage_pg.cli.search import answer_to
from rage_pg.errors import Conflict, RageError
from rage_pg.types import Generation, GenerationRequest, SearchAnswer, SearchRequest

if TYPE_CHECKING:
    from rage_pg.database import Connection
    from rage_pg.generation import DryRun
    from rage_pg.runtime import Runtime


class Order(Struct, frozen=True, kw_only=True):
    request: GenerationRequest
    file: Path


class Made(Struct, frozen=True, kw_only=True):
    """What became of an order, and the files that were written."""

    generation: Generation
    files: tuple[Path, ...]
    conditioned_on_prompt: bool


async def previewed(runtime: Runtime, request: GenerationRequest) -> DryRun:
    """What would be sent; nothing is written."""
    from rage_pg import generation

    found = await _found(runtime, request)
    return await generation.preview(runtime.database, runtime.generators, request, found=found)


async def made(runtime: Runtime, order: Order) -> Made:
    """Generate and write the pictures. Raises RageError where they are in the store but not in the file."""
    from rage_pg import generation

    found = await _found(runtime, order.request)
    accepted = await generation.accept(
        runtime.database, runtime.generators, order.request, defer=_defer, found=found
    )
    generator = runtime.generators(accepted.provider)
    with spinner(f"Generating with {accepted.provider} …"):
        await _carry_out(runtime, accepted.id)
    ended = await generation.wait_for(runtime.database, accepted.id, seconds=0)
    files = await _write(runtime, ended, order.file)
    return Made(generation=ended, files=files, conditioned_on_prompt=generator.conditioned_on_prompt)


async def _found(runtime: Runtime, request: GenerationRequest) -> SearchAnswer | None:
    """The search that `auto` asks for."""
    if request.auto is None:
        return None
    from rage_pg import generation

    k = generation.candidates_for(request.auto)
    search = SearchRequest(prompt=request.prompt, filters=request.auto.filters, k=k)
    return await answer_to(runtime, search)


async def _defer(connection: Connection, generation_id: UUID) -> int:
    from rage_pg import jobs
    from rage_pg.database import execute
    from rage_pg.resources import statements

    job_id = await jobs.defer_generation(connection, generation_id)
    await execute(connection, statements("cli")["hold_job"], {"job_id": job_id})
    return job_id


async def _carry_out(runtime: Runtime, generation_id: UUID) -> None:
    from rage_pg import generation, jobs
    from rage_pg.database import execute
    from rage_pg.resources import statements

    images = jobs.OutputImages(runtime.settings.limits)
    try:
        await generation.run(runtime.database, runtime.generators, images, generation_id)
    except asyncio.CancelledError:
        # Ctrl-C: what was not sent yet is called off, rather than left for a worker.
        with suppress(Conflict):
            await generation.cancel(runtime.database, generation_id)
        raise
    async with runtime.database.transaction() as connection:
        await execute(connection, statements("cli")["drop_job"], {"generation_id": generation_id})
    await jobs.defer_fill_index(runtime.database)


async def _write(runtime: Runtime, generation: Generation, file: Path) -> tuple[Path, ...]:
    from rage_pg import history

    files = []
    for output in generation.outputs:
        several = len(generation.outputs) > 1
        target = file.with_stem(f"{file.stem}-{output.position}") if several else file
        picture = await history.output(runtime.database, generation.id, output.position)
        try:
            target.write_bytes(picture.data)
        except OSError as error:
            raise RageError(
                f"The picture was made, but {target} cannot be written: {error.strerror}. "
                f"It is image {output.image_id} in the store."
            ) from error
        files.append(target)
    return tuple(files)
