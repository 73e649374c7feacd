"""Carries a generation out: take up, load, call the provider, settle. However it ends, the ledger is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import structlog
from msgspec import Struct
from msgspec.structs import replace

from rage_pg.database import Connection, Database, fetch_all
from rage_pg.errors import (
    BudgetBusy,
    BudgetReached,
    CalledOff,
    Conflict,
    DatabaseUnavailable,
    ImageRejected,
    ProviderError,
    RageError,
)
from rage_pg.generation.again import again_if_unknown
from rage_pg.generation.call import Generators, build_call, prompt_sent
from rage_pg.generation.calling_off import called_off, unless_called_off
from rage_pg.generation.estimate import estimate
from rage_pg.generation.partials import Partials
from rage_pg.generation.rules import Rules
from rage_pg.generation.settle import ImageStore, Stopwatch, settle
from rage_pg.generation.take_up import STANDARD, Task, begin, due, give_back, stand_back
from rage_pg.generation.titles import title_for
from rage_pg.generation.trying_again import given_up, heed, try_later, wait_before_next
from rage_pg.providers.ports import GenerationCall, GenerationResult, ImageGenerator, InputImage, Progress
from rage_pg.resources import statements
from rage_pg.spending import (
    Outcome,
    error_document,
    failed_call,
    members,
    open_paid_call,
    patiently,
    uncancelled,
)
from rage_pg.types import ImageMetadata, ImageRecord, Role

SQL = statements("generation")
log = structlog.get_logger(__name__)

MAX_CAPTION = 1_000
UNUSABLE = "unusable_images"
"""Where the details tell why pictures that were paid for cannot be kept."""


class _Sent(Struct, frozen=True):
    """A reference with the bytes of the version that was chosen."""

    image_id: int
    role: Role
    note: str | None
    title: str | None
    caption: str | None
    may_be_named: bool
    """Whether everybody who may see the generation may know the title."""
    media_type: str
    content: bytes | None
    mask: bytes | None
    """What may change in the first."""


class _Ready(Struct, frozen=True, kw_only=True):
    """What is about to be sent, and the caption of what comes of it."""

    generator: ImageGenerator
    call: GenerationCall
    caption: str | None


class _Work(Struct, kw_only=True):
    """An attempt under way."""

    task: Task
    watch: Stopwatch
    ready: _Ready | Exception
    """What is about to be sent, or why nothing can be."""
    later: datetime | None = None
    """When it is to be carried out again."""


async def run(
    database: Database,
    generators: Generators,
    store: ImageStore,
    generation_id: UUID,
    rules: Rules = STANDARD,
) -> datetime | None:
    """Make the pictures of a queued generation; where it must wait, when it is to be carried out again.

    Does nothing where the generation has ended or was cancelled. Raises DatabaseUnavailable, after which the
    job may run again: it will not repeat a call that may have been charged.
    """
    taken = await _take_up(database, generators, generation_id, rules)
    if isinstance(taken, datetime):
        return taken
    later = None if taken is None else await _carry_out(database, store, taken, rules)
    await again_if_unknown(database, generators, generation_id, rules)
    return later


async def _take_up(
    database: Database, generators: Generators, generation_id: UUID, rules: Rules
) -> _Work | datetime | None:
    """Take a generation up, and commit what is about to be sent, and to whom, before it is.

    What cannot be sent is taken up all the same, and the work tells why.
    """
    watch = Stopwatch()
    async with database.transaction(by_key=True) as connection:
        task = await due(connection, generation_id, rules)
        if not isinstance(task, Task):
            return task
        ready: _Ready | Exception
        try:
            ready = await _prepare(connection, generators, task)
            prompt = prompt_sent(ready.generator, ready.call)
        except psycopg.Error:
            raise
        except Exception as error:
            ready, prompt = error, None
        await begin(connection, task, prompt)
    watch.lap("load")
    return _Work(task=task, watch=watch, ready=ready)


async def _prepare(connection: Connection, generators: Generators, task: Task) -> _Ready:
    """Load the references, check the call, and last of all note that it is about to be made."""
    generator = generators(task.provider)
    asked = {"generation_id": task.generation_id}
    sent = await fetch_all(connection, SQL["get_references"], asked, _Sent, binary=True)
    call = build_call(
        generator,
        prompt=task.prompt,
        purpose=task.purpose,
        model=task.model,
        parameters=task.parameters,
        images=[_input(image) for image in sent],
        guidelines=task.guidelines,
        mask=sent[0].mask if sent else None,
    )
    generator.check(call)
    ready = _Ready(generator=generator, call=call, caption=_caption(generator, task.prompt, sent))
    if generator.charges:
        task.call_id = await _open_call(connection, generator, call, task)
    return ready


async def _open_call(
    connection: Connection, generator: ImageGenerator, call: GenerationCall, task: Task
) -> int:
    may_cost = task.expected_usd
    if may_cost is None:
        may_cost = (await estimate(connection, generator, call, task.model, task.parameters)).cost_usd
    return await open_paid_call(
        connection,
        brand_id=task.brand_id,
        purpose=task.call_purpose,
        provider=task.provider,
        model=task.model,
        generation_id=task.generation_id,
        labels=task.labels,
        batch_id=task.batch_id,
        expected=may_cost,
    )


async def _carry_out(database: Database, store: ImageStore, work: _Work, rules: Rules) -> datetime | None:
    task = work.task
    try:
        ready = _ready(work)
        progress = Partials(database, task, ready.call.partial_images)
        result = await _call(database, ready, work, progress)
    except DatabaseUnavailable:
        raise
    except asyncio.CancelledError:
        await uncancelled(patiently(lambda: give_back(database, task)))
        raise
    except BudgetBusy:
        await uncancelled(_stand_back(database, work))
    except Exception as error:
        seconds = wait_before_next(error, task, rules)
        if seconds is not None and isinstance(error, ProviderError):
            await uncancelled(_try_later(database, work, error, seconds))
        else:
            failure = given_up(_failure(task, error), error, task)
            await uncancelled(patiently(lambda: settle(database, store, task, failure, watch=work.watch)))
            await heed(database, task, error)
    else:
        await uncancelled(_keep_result(database, store, work, ready.caption, result))
    return work.later


async def _try_later(database: Database, work: _Work, error: ProviderError, seconds: float) -> None:
    async def put_off() -> None:
        work.later = await try_later(database, work.task, error, seconds, work.watch)

    await patiently(put_off)


async def _stand_back(database: Database, work: _Work) -> None:
    async def put_off() -> None:
        work.later = await stand_back(database, work.task)

    await patiently(put_off)


def _ready(work: _Work) -> _Ready:
    """Raise why nothing can be sent."""
    if isinstance(work.ready, Exception):
        raise work.ready
    return work.ready


async def _call(database: Database, ready: _Ready, work: _Work, progress: Progress) -> GenerationResult:
    try:
        making = ready.generator.generate(ready.call, progress)
        result = await unless_called_off(database, work.task.generation_id, making)
    finally:
        work.watch.lap("call")
    work.watch.part("fit", "call", result.fit_ms)
    return result


async def _keep_result(
    database: Database, store: ImageStore, work: _Work, caption: str | None, result: GenerationResult
) -> None:
    """Store the pictures; where that cannot be done, what they cost is kept all the same."""
    task = work.task
    answered = Outcome(
        status="succeeded", model=result.model, request_id=result.request_id, usage=result.usage
    )
    metadata = ImageMetadata(brand=task.brand, title=title_for(task.prompt), caption=caption, state="draft")
    try:
        records, details = await _decoded(store, result, metadata)
        answered = replace(answered, details=details)
        await patiently(lambda: settle(database, store, task, answered, watch=work.watch, records=records))
    except DatabaseUnavailable:
        raise
    except Exception as error:
        failed = replace(answered, status="failed", error=_failure(task, error).error)
        await patiently(lambda: settle(database, store, task, failed, watch=work.watch))


async def _decoded(
    store: ImageStore, result: GenerationResult, metadata: ImageMetadata
) -> tuple[list[ImageRecord], dict[str, Any]]:
    """The pictures that can be kept; what the provider did, with the reasons against the others.

    Raise ProviderError where none can.
    """
    records, faults = [], []
    for image in result.images:
        try:
            records.append(await store.decode(image.content, metadata))
        except ImageRejected as error:
            faults.append(f"holds a picture that cannot be kept: {error}")
    if not records:
        raise ProviderError(f"The image model's answer {faults[0]}", code="not_an_image")
    if not faults:
        return records, result.details
    said = members(result.details)
    return records, said | {UNUSABLE: [*said.get(UNUSABLE, ()), *faults]}


def _input(image: _Sent) -> InputImage:
    if image.content is None:
        raise Conflict(f"The bytes of image {image.image_id} were erased after it was chosen.")
    return InputImage(
        content=image.content,
        media_type=image.media_type,
        role=image.role,
        note=image.note,
        title=image.title,
        caption=image.caption,
        intact=True,
    )


def _failure(task: Task, error: Exception) -> Outcome:
    """An error of ours as it is; of any other only that it was one: the log has the rest."""
    if isinstance(error, CalledOff):
        return called_off(sent=task.call_id is not None)
    if isinstance(error, BudgetReached):
        error = BudgetReached(error.kept)
    if not isinstance(error, RageError):
        log.error("generation failed", generation_id=str(task.generation_id), exc_info=error)
        return Outcome(status="failed", error=error_document(RageError("Internal error; the log says more.")))
    if not isinstance(error, ProviderError):
        # Ours alone are raised before anything is sent.
        return Outcome(status="failed", error=error_document(error), cost_usd=Decimal(0))
    return failed_call(error)


def _caption(generator: ImageGenerator, prompt: str, sent: Sequence[_Sent]) -> str | None:
    """A first caption. What no prompt shaped is described by what it was made from."""
    if generator.conditioned_on_prompt:
        return " ".join(prompt.split())[:MAX_CAPTION]
    titles = [image.title for image in sent if image.title and image.may_be_named]
    return f"Made from {', '.join(titles)}."[:MAX_CAPTION] if titles else None
