"""`rage history`: what was generated, from what, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

import msgspec
import rich_click as click

from rage_pg.cli.batch_list import batches
from rage_pg.cli.groups import Commands
from rage_pg.cli.judging import keep, rate
from rage_pg.cli.options import Pair, json_option
from rage_pg.cli.output import note, show_fields, show_json, show_table
from rage_pg.cli.output import show as show_line
from rage_pg.cli.refining import show_refinement
from rage_pg.cli.session import with_runtime
from rage_pg.types import Generation, Purpose, Status

if TYPE_CHECKING:
    from rage_pg.history import GenerationPage
    from rage_pg.runtime import Runtime

LONGEST_PROMPT = 60


@click.group("history", cls=Commands)
def history() -> None:
    """The ledger of generations."""


@history.command("list")
@click.option("--brand", help="Paid by this brand.")
@click.option("--tag", help="A reference or an output has this tag.")
@click.option("--label", "labels", multiple=True, type=Pair(), help="Has this label; repeated: all of them.")
@click.option("--provider", metavar="PROVIDER", help="Made by this provider.")
@click.option("--model", help="Made with this model.")
@click.option("--status", type=click.Choice(get_args(Status)))
@click.option("--purpose", type=click.Choice(get_args(Purpose)))
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many at most.")
@click.option("--cursor", help="Where the list before this one ended.")
@json_option
def list_(labels: Sequence[tuple[str, str]], as_json: bool, **filters: Any) -> None:
    """Generations that pass every filter given, newest first."""
    page = with_runtime(lambda runtime: _page(runtime, labels=dict(labels), **filters))
    if as_json:
        show_json(page)
        return
    columns = ("generation", "when", "status", "brand", "prompt", "model", "outputs", "cost")
    show_table(columns, [_row(generation) for generation in page.items])
    if page.cursor:
        note(f"There are more: --cursor {page.cursor}")


@history.command()
@click.argument("generation_id", metavar="ID", type=click.UUID)
@json_option
def show(generation_id: UUID, as_json: bool) -> None:
    """Everything that is known of one generation."""
    generation = with_runtime(lambda runtime: _get(runtime, generation_id))
    if as_json:
        show_json(generation)
        return
    show_fields(_fields(generation))
    references = [
        (one.position, one.image_id, one.role, one.title, one.sha256) for one in generation.references
    ]
    if references:
        show_table(("reference", "image", "role", "title", "sha256"), references)
    outputs = [
        (one.position, one.image_id, "yes" if one.kept else "no", one.sha256) for one in generation.outputs
    ]
    if outputs:
        show_table(("output", "image", "kept", "sha256"), outputs)
    if generation.refinement is not None:
        show_refinement(generation.refinement)


@history.command()
@click.argument("generation_id", metavar="ID", type=click.UUID)
@json_option
def cancel(generation_id: UUID, as_json: bool) -> None:
    """Call a generation off: at once while it is queued or waits, within a moment while it runs.

    With one that is refined go those that would follow it.

    What runs may be charged all the same: its provider does not hear of it.
    """
    generation = with_runtime(lambda runtime: _cancel(runtime, generation_id))
    if as_json:
        show_json(generation)
    elif generation.is_over:
        show_line(f"cancelled: {generation.id}")
    else:
        show_line(f"called off while it runs; see: rage history show {generation.id}")


@history.command()
@click.argument("generation_id", metavar="ID", type=click.UUID)
@json_option
def retry(generation_id: UUID, as_json: bool) -> None:
    """Make a generation again that was refused, has failed, was cancelled or is unknown.

    A new one is queued with the same request and references, for a worker to carry out. Of an unknown one the
    first may have been charged too.
    """
    generation = with_runtime(lambda runtime: _retry(runtime, generation_id))
    if as_json:
        show_json(generation)
    else:
        show_line(f"queued: {generation.id}")


async def _cancel(runtime: Runtime, generation_id: UUID) -> Generation:
    from rage_pg import generation

    return await generation.cancel(runtime.database, generation_id)


async def _retry(runtime: Runtime, generation_id: UUID) -> Generation:
    from rage_pg import generation, jobs

    return await generation.again(
        runtime.database, runtime.generators, generation_id, defer=jobs.defer_generation
    )


async def _page(runtime: Runtime, **filters: Any) -> GenerationPage:
    from rage_pg import history as ledger

    return await ledger.listing(runtime.database, **filters)


async def _get(runtime: Runtime, generation_id: UUID) -> Generation:
    from rage_pg import history as ledger

    return await ledger.get(runtime.database, generation_id)


def _row(generation: Generation) -> tuple[object, ...]:
    prompt = " ".join(generation.prompt.split())
    return (
        generation.id,
        f"{generation.created_at:%Y-%m-%d %H:%M}",
        generation.status,
        generation.brand,
        prompt if len(prompt) <= LONGEST_PROMPT else prompt[: LONGEST_PROMPT - 1] + "…",
        generation.model,
        len(generation.outputs),
        _cost(generation),
    )


def _fields(generation: Generation) -> dict[str, object]:
    return {
        "generation": generation.id,
        "status": generation.status,
        "error": (generation.error or {}).get("detail"),
        "brand": generation.brand,
        "purpose": generation.purpose,
        "prompt": generation.prompt,
        "prompt sent": generation.prompt_sent or "none: the provider reads no prompt",
        "provider": generation.provider,
        "model": generation.model,
        "parameters": _pairs(generation.parameters),
        "cost": _cost(generation),
        "usage": _pairs(generation.usage or {}),
        "labels": _pairs(generation.labels),
        "timings (ms)": _pairs(generation.timings_ms),
        "search": generation.search_id,
        "parent": generation.parent_id,
        "made again from": generation.retry_of,
        "called off": generation.cancel_requested_at
        and f"{generation.cancel_requested_at:%Y-%m-%d %H:%M:%S %Z}",
        "asked by": generation.asked_by,
        "created": f"{generation.created_at:%Y-%m-%d %H:%M:%S %Z}",
    }


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {msgspec.json.encode(value).decode()}" for name, value in values.items())


def _cost(generation: Generation) -> str:
    return "unknown" if generation.cost_usd is None else f"${generation.cost_usd.normalize():f}"


history.add_command(batches)
history.add_command(keep)
history.add_command(rate)

COMMANDS = (history,)
