"""What tests of generations need: a provider that does as it is told, and short ways through the stage."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, get_args
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from rage_pg import generation, jobs
from rage_pg.config import Limits
from rage_pg.database import Database, translated
from rage_pg.errors import InvalidInput, NotPossible
from rage_pg.generation.take_up import Task, begin, due
from rage_pg.providers.capabilities import Capabilities
from rage_pg.providers.ports import GeneratedImage, GenerationCall, GenerationResult, ImageGenerator, Progress
from rage_pg.types import Generation, GenerationRequest, ReferenceRequest, Role
from tests.store import operator_url, png

IMAGES = jobs.OutputImages(Limits())
USAGE = {
    "input_tokens": 1_100,
    "input_tokens_details": {"text_tokens": 100, "image_tokens": 1_000},
    "output_tokens": 2_000,
}
"""At the prices of gpt-image-2: 100 x 5 + 1,000 x 8 + 2,000 x 30 dollars per million."""
COST = "0.068500"
_numbers = itertools.count(5_000_000)
COUNTS = """
SELECT (SELECT count(*) FROM rage.generations) AS generations,
       (SELECT count(*) FROM rage.generation_references) AS sent,
       (SELECT count(*) FROM rage.generation_events) AS events,
       (SELECT count(*) FROM rage.procrastinate_jobs) AS jobs
"""


class FakeGenerator:
    """Answers with new pictures, or with the error or the pictures that it was given."""

    default_model = "gpt-image-2"
    conditioned_on_prompt = True
    reference_limits: ClassVar[Mapping[Role, int]] = dict.fromkeys(get_args(Role), 16)

    def __init__(self, name: str = "openai", *, charges: bool = True) -> None:
        self.name = name
        self.charges = charges
        self.calls: list[GenerationCall] = []
        self.error: BaseException | None = None
        self.contents: list[bytes] | None = None
        self.partials: list[bytes] = []
        self.progress: Progress | None = None
        self.usage: dict[str, Any] | None = USAGE
        self.fit_ms = 0.0
        self.on_call: Callable[[], Any] | None = None
        self.called = asyncio.Event()
        self.shown = asyncio.Event()
        self.release = asyncio.Event()
        self.release.set()

    def able(self, _: str) -> Capabilities:
        return Capabilities(partial_images=3)

    def check(self, call: GenerationCall) -> None:
        if call.quality == "impossible":
            raise NotPossible("There is no such quality.")

    async def generate(self, call: GenerationCall, progress: Progress | None = None) -> GenerationResult:
        self.calls.append(call)
        self.progress = progress
        self.called.set()
        for content in self.partials:
            assert progress is not None
            await progress(GeneratedImage(content=content, media_type="image/png"))
        self.shown.set()
        if self.on_call is not None:
            await self.on_call()
        await self.release.wait()
        if self.error is not None:
            raise self.error
        contents = self.contents or [png(next(_numbers)) for _ in range(call.count)]
        return GenerationResult(
            images=tuple(GeneratedImage(content=content, media_type="image/png") for content in contents),
            model=call.model or self.default_model,
            request_id="req_1",
            usage=self.usage,
            details={"size": "64x48"},
            fit_ms=self.fit_ms,
        )


def only(*generators: ImageGenerator) -> generation.Generators:
    """A lookup of these; the first is the one of the settings."""
    known = {generator.name: generator for generator in generators}

    def find(name: str | None) -> ImageGenerator:
        if name is not None and name not in known:
            raise InvalidInput(f"There is no provider {name!r}.", field="provider")
        return known[name] if name else generators[0]

    return find


async def ask(
    database: Database,
    generator: ImageGenerator,
    *image_ids: int,
    prompt: str = "Lotion on a shelf",
    **said: Any,
) -> Generation:
    """Queue a generation from these images."""
    references = tuple(ReferenceRequest(image_id=image_id) for image_id in image_ids)
    request = GenerationRequest(prompt=prompt, references=references, **said)
    return await generation.accept(database, only(generator), request, defer=jobs.defer_generation)


async def take_up(database: Database, generation_id: UUID) -> Task | datetime | None:
    """Do what a worker does that is lost before its call."""
    async with database.transaction(by_key=True) as connection:
        task = await due(connection, generation_id)
        if isinstance(task, Task):
            await begin(connection, task, None)
        return task


async def carry_out(database: Database, generator: ImageGenerator, generation_id: UUID) -> Generation:
    """Do what a worker does, and read what came of it."""
    await asyncio.wait_for(generation.run(database, only(generator), IMAGES, generation_id), 20)
    return await generation.wait_for(database, generation_id, 0)


async def make(database: Database, generator: ImageGenerator, *image_ids: int, **said: Any) -> Generation:
    return await carry_out(database, generator, (await ask(database, generator, *image_ids, **said)).id)


async def rows(database: Database, statement: str, **values: Any) -> list[Mapping[str, Any]]:
    """Look into the database by the operator's own connection: it sees all that has been committed."""
    with translated():
        url = operator_url(database.url)
        async with await psycopg.AsyncConnection.connect(url, row_factory=dict_row) as connection:
            cursor = await connection.execute(statement, values)
            return list(await cursor.fetchall()) if cursor.description else []


async def value(database: Database, statement: str, **values: Any) -> Any:
    (row,) = await rows(database, statement, **values)
    return next(iter(row.values()))


async def names(database: Database, made: Generation) -> list[str]:
    return [event.name for event in await generation.events(database, made.id)]


async def paid(database: Database) -> list[dict[str, Any]]:
    return [dict(row) for row in await rows(database, "SELECT * FROM rage.paid_calls ORDER BY call_id")]


async def counts(database: Database) -> tuple[int, ...]:
    (row,) = await rows(database, COUNTS)
    return tuple(row.values())


async def accept(database: Database, generator: ImageGenerator, **said: Any) -> Any:
    outside = {
        name: said.pop(name)
        for name in ("search", "propose", "judges", "asked_by", "idempotency_key")
        if name in said
    }
    request = GenerationRequest(**{"prompt": "Lotion on a shelf", **said})
    return await generation.accept(database, only(generator), request, defer=jobs.defer_generation, **outside)
