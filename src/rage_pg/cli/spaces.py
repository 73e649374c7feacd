"""`rage spaces`: embedding spaces, and which of them is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from rage_pg.cli.groups import Commands
from rage_pg.cli.index import every_space
from rage_pg.cli.options import json_option
from rage_pg.cli.output import show, show_json, show_table
from rage_pg.cli.session import with_runtime
from rage_pg.types import Space

if TYPE_CHECKING:
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
@click.argument("name")
@click.option("--force", is_flag=True, help="Also while images are missing from it.")
@json_option
def activate(name: str, force: bool, as_json: bool) -> None:
    """Search the space NAME from now on, for everybody at once."""
    space = with_runtime(lambda runtime: _activate(runtime, name, force))
    if as_json:
        show_json(space)
    else:
        show(f"{space.name} is searched as {', '.join(space.legs)}")


async def _activate(runtime: Runtime, name: str, force: bool) -> Space:
    from rage_pg import index

    return await index.activate(runtime.database, name, force=force)


def _row(space: Space) -> tuple[object, ...]:
    legs = ", ".join(space.legs)
    return space.name, space.encodes, space.encoder, space.model, space.dimensions, legs, space.state


COMMANDS = (spaces,)
