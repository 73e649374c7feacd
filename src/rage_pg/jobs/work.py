"""What the tasks of the queue do, handed to the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from msgspec import Struct

from rage_pg import generation, ingest
from rage_pg.config import Limits, Settings
from rage_pg.database import Connection, Database
from rage_pg.jobs.queue import defer_generation
from rage_pg.types import ImageMetadata, ImageRecord


class Work(Struct, frozen=True, kw_only=True):
    """What the tasks do. Each may be run again after it was cut short."""

    generate: Callable[[UUID], Awaitable[object]]
    """Gives the time at which the job is to be done again, where it must wait."""
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
) -> Callable[[UUID], Awaitable[object]]:
    """The `generate` of a Work."""
    images = OutputImages(limits)
    held_to = rules or generation.Rules()
    return lambda generation_id: generation.run(database, generators, images, generation_id, held_to)


def rules_of(settings: Settings) -> generation.Rules:
    """How a worker with these settings carries generations out."""
    return generation.Rules(
        tries=settings.generation_tries,
        limits=settings.provider_limits,
        retry_unknown=settings.retry_unknown,
        defer=defer_generation,
    )
