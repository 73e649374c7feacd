"""`rage generate --batch FILE` and `--resume BATCH`: what they may be given, and what they say at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import rich_click as click
from click.core import ParameterSource

from rage_pg.cli.options import Command
from rage_pg.cli.output import note, show, show_fields, show_json, show_table
from rage_pg.cli.prices import Dollars
from rage_pg.cli.session import fail, with_runtime
from rage_pg.errors import RageError

if TYPE_CHECKING:
    from rage_pg.cli.batch_run import Ran
    from rage_pg.generation.batches import Batch, BatchDryRun
    from rage_pg.runtime import Runtime

AT_ONCE = 4
MOST_AT_ONCE = 32
BATCH_OPTIONS = ("batch", "resume", "budget", "retry", "at_once", "idempotency_key")
OUTCOMES = ("failed", "refused", "cancelled", "unknown", "rejected")
OF_A_BATCH = frozenset({*BATCH_OPTIONS, "brand", "dry_run", "file", "as_json"})
LISTED = 20
"""Items that were not made are named one by one, up to so many."""


def batch_options(command: Command) -> Command:
    """What `rage generate` takes for a set of pictures."""
    for option in reversed(
        (
            click.option(
                "--batch",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                metavar="FILE",
                help="A set: JSON, JSON Lines or CSV; -o is a folder. Killed and run again, it goes on.",
            ),
            click.option("--resume", type=click.UUID, metavar="BATCH", help="Go on with a batch by its id."),
            click.option(
                "--budget", type=Dollars(), metavar="USD", help="What a batch may cost in all, from now on."
            ),
            click.option(
                "--retry",
                multiple=True,
                type=click.Choice(OUTCOMES),
                help="Of a batch: make items that ended so once more.",
            ),
            click.option(
                "--at-once",
                type=click.IntRange(1, MOST_AT_ONCE),
                default=AT_ONCE,
                show_default=True,
                help="Items of a batch at a time.",
            ),
            click.option(
                "--idempotency-key", metavar="KEY", help="Of a batch; else the content of FILE stands for it."
            ),
        )
    ):
        command = option(command)
    return command


def check_batch_use(context: click.Context) -> bool:
    """Whether a batch is asked for. Raises UsageError for options that do not go together."""
    given = {
        name for name in context.params if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    is_batch = bool(given & {"batch", "resume"})
    if not is_batch:
        if wrong := sorted(given & {"budget", "retry", "at_once", "idempotency_key"}):
            raise click.UsageError(f"--{wrong[0].replace('_', '-')} goes with --batch or --resume.")
        return False
    if {"batch", "resume"} <= given:
        raise click.UsageError("Give --batch FILE or --resume BATCH, only one of them.")
    if wrong := sorted(given - OF_A_BATCH):
        raise click.UsageError(f"With a batch, {wrong[0].replace('_', '-')} belongs into the FILE.")
    if "resume" in given and (wrong := sorted(given & {"brand", "dry_run", "idempotency_key"})):
        raise click.UsageError(f"--{wrong[0].replace('_', '-')} goes with --batch.")
    if "batch" in given and not given & {"file", "dry_run"}:
        raise click.UsageError("Say where the pictures go with -o FOLDER, or give --dry-run.")
    return True


def generate_batch(
    *,
    batch: Path | None,
    resume: UUID | None,
    budget: Decimal | None,
    retry: Sequence[Any],
    at_once: int,
    idempotency_key: str | None,
    brand: str | None,
    dry_run: bool,
    file: Path | None,
    as_json: bool,
) -> None:
    """Carry a batch out, or show what it would be; ends the command with 1 where not every item succeeded."""
    from rage_pg.cli.batch_file import read_batch
    from rage_pg.cli.batch_run import Ask, ran

    read = None if batch is None else read_batch(batch, brand=brand)
    if dry_run and read is not None:
        request = read.request
        _show_preview(with_runtime(lambda runtime: _previewed(runtime, request)), as_json)
        return
    what = read or resume
    assert what is not None  # noqa: S101 - check_batch_use saw to it
    ask = Ask(
        what=what,
        idempotency_key=idempotency_key,
        budget=budget,
        retry=tuple(retry),
        folder=None if file is None else _folder(file),
        at_once=at_once,
    )
    hurry = asyncio.Event()
    done = with_runtime(
        lambda runtime: ran(runtime, ask, hurry), max_connections=at_once * 2 + 4, hurry=hurry
    )
    _show(done, as_json)


async def _previewed(runtime: Runtime, request: Any) -> BatchDryRun:
    from rage_pg.generation import batches

    return await batches.preview_batch(
        runtime.database, runtime.generators, request, look=runtime.look, propose=runtime.suggest
    )


def _folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RageError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    return folder


def _show_preview(plan: BatchDryRun, as_json: bool) -> None:
    if as_json:
        show_json(plan)
        return
    first = [(one.position, one.key, one.plan.provider, one.plan.model) for one in plan.first]
    show_table(("#", "item", "provider", "model"), first)
    cost = plan.estimate
    more = f", the first {len(first)} above" if len(first) < plan.item_count else ""
    show_fields(
        {
            "items": f"{plan.item_count:,}{more}",
            "rejected": plan.rejected_count or None,
            "estimated cost": f"${cost.cost_usd.normalize():f}",
            "without an estimate": cost.items_without_cost or None,
        }
    )
    for told in dict.fromkeys(told for shown in plan.first for told in shown.plan.notes):
        note(told)
    for one in plan.rejected[:LISTED]:
        note(f"{one.position} {one.key}: {one.reason}")


def _show(done: Ran, as_json: bool) -> None:
    from rage_pg.cli.batch_run import not_made

    left = not_made(done.items)
    if as_json:
        show_json({"batch": done.batch, "items": done.items, "files": done.files})
    else:
        batch = done.batch
        show(f"{batch.succeeded:,} of {batch.item_count:,} items succeeded", bold=True)
        names = ("refused", "failed", "cancelled", "unknown", "rejected", "pending", "under_way")
        counts = {name.replace("_", " "): getattr(batch, name) or None for name in names}
        show_fields({"batch": batch.id, "status": batch.status, **counts, **money(batch)})
        for one in left[:LISTED]:
            note(f"{one.position} {one.key}: {one.status}. {one.reason or ''}")
        if any(one.status == "unknown" for one in left):
            note("What is unknown may have been charged, and is not repeated: --retry unknown does.")
    if done.batch.status == "paused":
        raise RageError(f"The batch is paused. {done.batch.reason}")
    if left:
        fail()


def money(batch: Batch) -> dict[str, object]:
    """What a batch cost so far, with what that leaves out, and what it may."""
    unknown = batch.calls_without_cost
    cost = f"${batch.cost_usd.normalize():f}" if batch.calls else None
    return {
        "cost": cost and (f"{cost}, without {unknown:,} calls of unknown cost" if unknown else cost),
        "budget": None if batch.budget_usd is None else f"${batch.budget_usd.normalize():f}",
    }
