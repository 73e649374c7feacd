"""Carries a generation out: take up, load, call the provider, settle. However it ends, the ledger is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import structlog
from msgspec import Struct
from msgspec.structs import replace

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_value
from rage_pg.errors import (
    BudgetBusy,
    BudgetReached,
    CalledOff,
    Conflict,
    DatabaseUnavailable,
    ProviderError,
    RageError,
)
from rage_pg.generation.again import again_if_unknown
from rage_pg.generation.call import Generators, build_call, prompt_sent
from rage_pg.generation.calling_off import NOTHING_SENT, called_off, unless_called_off
from rage_pg.generation.estimate import estimate
from rage_pg.generation.partials import Partials
from rage_pg.generation.rules import Rules
from rage_pg.generation.settle import ImageStore, Stopwatch, settle
from rage_pg.generation.take_up import STANDARD, Task, give_back, locked_task, stand_back, take_up
from rage_pg.generation.titles import title_for
from rage_pg.generation.trying_again import given_up, heed, try_later, wait_before_next
from rage_pg.providers.ports import GenerationCall, GenerationResult, ImageGenerator, InputImage, Progress
from rage_pg.resources import statements
from rage_pg.spending import Outcome, error_document, failed_call, open_paid_call, patiently, uncancelled
from rage_pg.types import ImageMetadata, Role

SQL = statements("generation")
log = structlog.get_logger(__name__)

MAX_CAPTION = 1_000


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


class _Overtaken(Exception):
    """This worker stalled, seemed lost, and another one has the generation by now: it must not call too."""


class _Work(Struct, kw_only=True):
    """An attempt under way; filled in as far as it got."""

    task: Task
    watch: Stopwatch
    caption: str | None = None
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
    taken = await take_up(database, generation_id, rules)
    if isinstance(taken, datetime):
        return taken
    later = None if taken is None else await _carry_out(database, generators, store, taken, rules)
    await again_if_unknown(database, generators, generation_id, rules)
    return later


async def _carry_out(
    database: Database, generators: Generators, store: ImageStore, task: Task, rules: Rules
) -> datetime | None:
    work = _Work(task=task, watch=Stopwatch())
    try:
        generator, call = await _prepare(database, generators, work)
        progress = Partials(database, task, call.partial_images)
        result = await _call(database, generator, call, work, progress)
    except _Overtaken:
        log.warning("generation was taken over by another worker", generation_id=str(task.generation_id))
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
        await uncancelled(_keep_result(database, store, work, result))
    return work.later


async def _try_later(database: Database, work: _Work, error: ProviderError, seconds: float) -> None:
    async def put_off() -> None:
        work.later = await try_later(database, work.task, error, seconds, work.watch)

    await patiently(put_off)


async def _stand_back(database: Database, work: _Work) -> None:
    async def put_off() -> None:
        work.later = await stand_back(database, work.task)

    await patiently(put_off)


async def _prepare(
    database: Database, generators: Generators, work: _Work
) -> tuple[ImageGenerator, GenerationCall]:
    """Load the references, and commit what is about to be sent, and to whom, before it is."""
    task = work.task
    generator = generators(task.provider)
    async with database.transaction(by_key=True) as connection:
        current = await locked_task(connection, task.generation_id)
        if current is None or current.started_at != task.started_at or current.status != "running":
            raise _Overtaken
        if current.called_off:
            raise CalledOff(NOTHING_SENT)
        asked = {"generation_id": task.generation_id}
        sent = await fetch_all(connection, SQL["get_references"], asked, _Sent)
        mask = await fetch_value(connection, SQL["get_mask"], asked)
        call = build_call(
            generator,
            prompt=task.prompt,
            purpose=task.purpose,
            model=task.model,
            parameters=task.parameters,
            images=[_input(image) for image in sent],
            guidelines=task.guidelines,
            mask=mask,
        )
        generator.check(call)
        values = {"generation_id": task.generation_id, "prompt_sent": prompt_sent(generator, call)}
        await execute(connection, SQL["set_prompt_sent"], values)
        call_id = await _open_call(connection, generator, call, task) if generator.charges else None
    task.call_id = call_id
    work.caption = _caption(generator, task.prompt, sent)
    work.watch.lap("load")
    return generator, call


async def _open_call(
    connection: Connection, generator: ImageGenerator, call: GenerationCall, task: Task
) -> int:
    may_cost = await estimate(connection, generator, call, task.model, task.parameters)
    return await open_paid_call(
        connection,
        brand_id=task.brand_id,
        purpose=task.call_purpose,
        provider=task.provider,
        model=task.model,
        generation_id=task.generation_id,
        labels=task.labels,
        batch_id=task.batch_id,
        expected=may_cost.cost_usd,
    )


async def _call(
    database: Database, generator: ImageGenerator, call: GenerationCall, work: _Work, progress: Progress
) -> GenerationResult:
    try:
        making = generator.generate(call, progress)
        result = await unless_called_off(database, work.task.generation_id, making)
    finally:
        work.watch.lap("call")
    work.watch.part("fit", "call", result.fit_ms)
    return result


async def _keep_result(database: Database, store: ImageStore, work: _Work, result: GenerationResult) -> None:
    """Store the pictures; where that cannot be done, what they cost is kept all the same."""
    task = work.task
    answered = Outcome(
        status="succeeded",
        model=result.model,
        request_id=result.request_id,
        usage=result.usage,
        details=result.details,
    )
    metadata = ImageMetadata(
        brand=task.brand, title=title_for(task.prompt), caption=work.caption, state="draft"
    )
    try:
        records = [await store.decode(image.content, metadata) for image in result.images]
        await patiently(lambda: settle(database, store, task, answered, watch=work.watch, records=records))
    except DatabaseUnavailable:
        raise
    except Exception as error:
        failed = replace(answered, status="failed", error=_failure(task, error).error)
        await patiently(lambda: settle(database, store, task, failed, watch=work.watch))


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
