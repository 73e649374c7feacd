"""`rage index`: which vectors there are, making those that are missing, and whether searches are right."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import rich_click as click

from rage_pg.cli import index_audit
from rage_pg.cli.groups import Commands
from rage_pg.cli.options import json_option
from rage_pg.cli.output import bars, complain, show, show_json, show_table
from rage_pg.cli.session import fail, with_runtime
from rage_pg.errors import Conflict, NotFound
from rage_pg.types import Space

if TYPE_CHECKING:
    from rage_pg.index import Filled
    from rage_pg.providers.ports import Encoder
    from rage_pg.runtime import Runtime


COLUMNS = (
    "space",
    "searched as",
    "state",
    "embedded",
    "missing",
    "failed",
    "pace",
    "index",
    "size",
    "recall",
)


@click.group("index", cls=Commands)
def index() -> None:
    """The embedding index: its state, filling it, auditing and rebuilding it."""


@index.command()
@click.option("--watch", is_flag=True, help="Show it every second until all is embedded; Ctrl-C ends it.")
@json_option
def status(watch: bool, as_json: bool) -> None:
    """How full and how sound each embedding space is; how fast it fills, and how long that will take.

    With --watch and --json one document a line.
    """
    spaces = with_runtime(lambda runtime: _watched(runtime, as_json) if watch else every_space(runtime))
    if not watch:
        _show_spaces(spaces, as_json)
    for space in spaces:
        if space.invalid_indexes:
            complain(
                f"Not valid, or still being built: {', '.join(space.invalid_indexes)}."
                f" Run: rage index rebuild --space {space.name}"
            )
        if space.trouble:
            complain(f"{space.name} does not fill up: {space.trouble}")


@index.command("fill")
@click.option("--space", help="Only this space; else those that are kept up.")
@json_option
def fill_command(space: str | None, as_json: bool) -> None:
    """Embed what is missing. Interrupted and run again, it goes on where it stopped."""
    filled = with_runtime(lambda runtime: fill(runtime, space))
    if as_json:
        show_json(filled)
    else:
        for one in filled:
            built = "; its index was built afterwards, which is faster" if one.index_built else ""
            show(f"{one.space}: {one.embedded:,} embedded, {one.failed:,} failed{built}")
    complain_of(filled)


@index.command()
@click.option("--space", help="Only this space; else all.")
@click.option("--image", "image_ids", type=int, multiple=True, metavar="ID", help="Only this image.")
@json_option
def retry(space: str | None, image_ids: Sequence[int], as_json: bool) -> None:
    """Try again to embed what failed before, held or not."""
    forgotten, filled = with_runtime(lambda runtime: _retry(runtime, space, image_ids))
    if as_json:
        show_json({"retried": forgotten, "filled": filled})
    else:
        show(f"{forgotten:,} tried again")
    complain_of(filled)


index.add_command(index_audit.audit)
index.add_command(index_audit.rebuild)
index.add_command(index_audit.drop)


async def every_space(runtime: Runtime) -> list[Space]:
    """Every embedding space with its counts."""
    from rage_pg import index as indexing

    return await indexing.spaces(runtime.database)


async def fill(runtime: Runtime, space: str | None = None) -> Sequence[Filled]:
    """Embed what is missing in one space, or in all that are kept up; shows bars. Raises NotFound."""
    from rage_pg import index as indexing

    spaces = await every_space(runtime)
    await indexing.hash_pictures(runtime.database)
    encoders = await runtime.kept_up() if space is None else [await _encoder_of(runtime, spaces, space)]
    filling = [encoder.identity for encoder in encoders]
    with bars() as shown:
        for one in spaces:
            if one.missing and indexing.identity_of(one) in filling:
                shown.move(one.name, to=0, total=one.missing)
        return await indexing.fill(runtime.database, encoders, lambda name, count: shown.move(name, by=count))


def complain_of(filled: Sequence[Filled]) -> None:
    """Say what could not be embedded, and why a space does not fill up; the command has failed then."""
    for one in filled:
        if one.trouble:
            complain(f"{one.space} does not fill up: {one.trouble}")
    if any(one.failed for one in filled):
        complain("Some images could not be embedded; rage_v1.failed_items says why.")
    if any(one.failed or one.trouble for one in filled):
        fail()


async def _retry(
    runtime: Runtime, space: str | None, image_ids: Sequence[int]
) -> tuple[int, Sequence[Filled]]:
    from rage_pg import index as indexing

    forgotten = await indexing.retry(runtime.database, space, image_ids or None)
    return forgotten, await fill(runtime, space)


async def _watched(runtime: Runtime, as_json: bool) -> list[Space]:
    """Show the spaces again and again, until nothing is missing that somebody fills."""
    while True:
        spaces = await every_space(runtime)
        if not as_json:
            click.clear()
        _show_spaces(spaces, as_json)
        if not any(space.missing for space in spaces if space.state in ("filling", "ready")):
            return spaces
        await asyncio.sleep(1)


async def _encoder_of(runtime: Runtime, spaces: Sequence[Space], name: str) -> Encoder:
    from rage_pg.index import identity_of

    found = next((space for space in spaces if space.name == name), None)
    if found is None:
        raise NotFound(f"There is no space {name!r}; there are {', '.join(space.name for space in spaces)}.")
    if found.state == "retired":
        raise Conflict(
            f"The space {name} was retired. Add it again: rage spaces add {found.encoder}:{found.model}"
        )
    return await runtime.encoders.encoder(identity_of(found))


def _show_spaces(spaces: Sequence[Space], as_json: bool) -> None:
    if as_json:
        show_json(spaces)
    else:
        show_table(COLUMNS, [_row(space) for space in spaces])


def _row(space: Space) -> tuple[object, ...]:
    states = {True: "valid", False: "INVALID", None: "none"}
    size = None if space.index_bytes is None else f"{space.index_bytes / 1e6:,.1f} MB"
    audited = f"{space.recall:.3f} ({space.audited_at:%Y-%m-%d})" if space.audited_at else None
    filled = (space.embedded, space.missing, space.failed, _pace(space))
    return space.name, ", ".join(space.legs), space.state, *filled, states[space.index_valid], size, audited


def _pace(space: Space) -> str | None:
    """How fast it fills, and for how long still."""
    if space.trouble:
        return "stopped"
    if not space.fillers or space.per_second is None:
        return None
    left = "" if space.seconds_left is None else f", {timedelta(seconds=space.seconds_left)} left"
    return f"{space.per_second:,.1f}/s{left}"


COMMANDS = (index,)
