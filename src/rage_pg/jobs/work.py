"""What the tasks of the queue do, handed to the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from rage_pg import generation, ingest
from rage_pg.config import Limits, Settings
from rage_pg.database import Connection, Database
from rage_pg.generation import batches, refining
from rage_pg.jobs.queue import defer_generation, defer_of_many
from rage_pg.runtime import Runtime
from rage_pg.types import ImageMetadata, ImageRecord


class Work(Struct, frozen=True, kw_only=True):
    """What the tasks do. Each may be run again after it was cut short."""

    generate: Callable[[UUID], Awaitable[object]]
    """Gives the time at which the job is to be done again, where it must wait."""
    accept_batch: Callable[[UUID], Awaitable[object]]
    """Begins items of a batch, as many as may be under way."""
    embed_prompt: Callable[[str, str | None], Awaitable[object]]
    """A prompt, and the id of the caller whose vector it is to be; None: the operator's."""
    fill_index: Callable[[], Awaitable[object]]
    call_in: Callable[[], Awaitable[object]] | None = None
    """Has whoever waits for a provider longest taken up; asked for again and again."""


class OutputImages:
    """Stores what generations make, by the one path that writes images."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def decode(self, content: bytes, metadata: ImageMetadata) -> ImageRecord:
        picture = await asyncio.to_thread(ingest.decode, content, self._limits)
        return ImageRecord(
            metadata=metadata,
            sha256=picture.sha256,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            content=picture.content,
            thumbnail=picture.thumbnail,
            frames=picture.frames,
            perceptual_hash=picture.perceptual_hash,
            origin="generated",
        )

    async def store(self, connection: Connection, records: Sequence[ImageRecord]) -> list[int]:
        items = await ingest.store(connection, records, caption_source="generation")
        return [item.image_id for item in items if item.image_id is not None]


def generation_work(
    database: Database,
    generators: generation.Generators,
    limits: Limits,
    rules: generation.Rules | None = None,
    searches: batches.Searches | None = None,
    proposes: batches.Proposes | None = None,
    means: refining.Means | None = None,
) -> Callable[[UUID], Awaitable[datetime | None]]:
    """The `generate` of a Work: the end of an item of a batch makes room for the next, that of one that is
    refined is judged by these `means`."""
    images = OutputImages(limits)
    held_to = rules or generation.Rules()
    begin = batch_work(database, generators, searches, proposes)

    async def generate(generation_id: UUID) -> datetime | None:
        if means is not None:
            later = await refining.prepare(database, means, generation_id)
            if later is not None:
                return later
        later = await generation.run(database, generators, images, generation_id, held_to)
        if later is None and (batch_id := await batches.conclude(database, generation_id)) is not None:
            await begin(batch_id)
        if later is None and means is not None:
            following = await refining.go_on(database, means, generation_id)
            return following if isinstance(following, datetime) else None
        return later

    return generate


def batch_work(
    database: Database,
    generators: generation.Generators,
    searches: batches.Searches | None = None,
    proposes: batches.Proposes | None = None,
) -> Callable[[UUID], Awaitable[None]]:
    """The `accept_batch` of a Work."""
    return lambda batch_id: batches.go_on(
        database, generators, batch_id, defer=defer_of_many, searches=searches, proposes=proposes
    )


def means_of(runtime: Runtime, defer: generation.Defer) -> refining.Means:
    """What refines pictures with the providers of a runtime."""
    return refining.Means(
        generators=runtime.generators,
        judges=runtime.registry.judge,
        proposes=lambda caller: runtime.acting_for(caller).propose,
        defer=defer,
    )


def rules_of(settings: Settings) -> generation.Rules:
    """How a worker with these settings carries generations out."""
    return generation.Rules(
        tries=settings.generation_tries,
        limits=settings.provider_limits,
        retry_unknown=settings.retry_unknown,
        defer=defer_generation,
    )
