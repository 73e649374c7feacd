"""`rage index`: which vectors there are, making those that are missing, and whether searches are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import rich_click as click

from rage_pg.cli import index_audit
from rage_pg.cli.groups import Commands
from rage_pg.cli.options import json_option
from rage_pg.cli.output import bars, complain, show, show_json, show_table
from rage_pg.cli.session import fail, with_runtime
from rage_pg.errors import NotFound
from rage_pg.types import Space

if TYPE_CHECKING:
    from rage_pg.index import Encoder, Filled
    from rage_pg.runtime import Runtime


@click.group("index", cls=Commands)
def index() -> None:
    """The embedding index: its state, filling it, auditing and rebuilding it."""


@index.command()
@json_option
def status(as_json: bool) -> None:
    """How full and how sound each embedding space is."""
    spaces = with_runtime(every_space)
    if as_json:
        show_json(spaces)
    else:
        columns = (
            "space",
            "searched as",
            "state",
            "embedded",
            "missing",
            "failed",
            "index",
            "size",
            "recall",
        )
        show_table(columns, [_row(space) for space in spaces])
    for space in spaces:
        if space.invalid_indexes:
            complain(
                f"Not valid, or still being built: {', '.join(space.invalid_indexes)}."
                f" Run: rage index rebuild --space {space.name}"
            )


@index.command("fill")
@click.option("--space", help="Only this space; else those that are searched.")
@json_option
def fill_command(space: str | None, as_json: bool) -> None:
    """Embed what is missing. Interrupted and run again, it goes on where it stopped."""
    filled = with_runtime(lambda runtime: fill(runtime, space))
    if as_json:
        show_json(filled)
    else:
        for one in filled:
            show(f"{one.space}: {one.embedded:,} embedded, {one.failed:,} failed")
    if any(one.failed for one in filled):
        complain("Some images could not be embedded; rage_v1.failed_items says why.")
        fail()


index.add_command(index_audit.audit)
index.add_command(index_audit.rebuild)
index.add_command(index_audit.drop)


async def every_space(runtime: Runtime) -> list[Space]:
    """Every embedding space with its counts."""
    from rage_pg import index as indexing

    return await indexing.spaces(runtime.database)


async def fill(runtime: Runtime, space: str | None = None) -> Sequence[Filled]:
    """Embed what is missing in one space, or in all that are searched; shows bars. Raises NotFound."""
    from rage_pg import index as indexing

    spaces = await every_space(runtime)
    encoders = await runtime.encoders() if space is None else [_encoder_of(runtime, spaces, space)]
    filling = {encoder.identity.encoder for encoder in encoders}
    with bars() as shown:
        for one in spaces:
            if one.encoder in filling and one.missing:
                shown.move(one.name, to=0, total=one.missing)
        return await indexing.fill(runtime.database, encoders, lambda name, count: shown.move(name, by=count))


def _encoder_of(runtime: Runtime, spaces: Sequence[Space], name: str) -> Encoder:
    found = next((space for space in spaces if space.name == name), None)
    if found is None:
        raise NotFound(f"There is no space {name!r}; there are {', '.join(space.name for space in spaces)}.")
    return runtime.registry.encoder(found.encoder)


def _row(space: Space) -> tuple[object, ...]:
    states = {True: "valid", False: "INVALID", None: "none"}
    size = None if space.index_bytes is None else f"{space.index_bytes / 1e6:,.1f} MB"
    audited = f"{space.recall:.3f} ({space.audited_at:%Y-%m-%d})" if space.audited_at else None
    filled = (space.embedded, space.missing, space.failed)
    return space.name, ", ".join(space.legs), space.state, *filled, states[space.index_valid], size, audited


COMMANDS = (index,)
