"""`rage captions review`: what models wrote and nobody has looked over."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import rich_click as click
from msgspec import Struct

from rage_pg.cli.options import Ids, json_option
from rage_pg.cli.output import show, show_json, show_table
from rage_pg.cli.session import with_runtime

if TYPE_CHECKING:
    from rage_pg.catalogue.captions import ToReview
    from rage_pg.runtime import Runtime

LONGEST_SHOWN = 100


class Reviewed(Struct, frozen=True, kw_only=True):
    """Image ids by what was decided."""

    accepted: tuple[int, ...]
    rejected: tuple[int, ...]
    edited: tuple[int, ...]


@click.command()
@click.option("--brand", help="Only images of this brand.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many are listed."
)
@click.option(
    "--accept", type=Ids(), multiple=True, help="Stand for the captions of these images, like 3,14."
)
@click.option(
    "--reject", type=Ids(), multiple=True, help="Take them back: what they replaced is current again."
)
@click.option(
    "--edit",
    "edits",
    type=(int, str),
    multiple=True,
    metavar="ID TEXT",
    help="Write another caption instead.",
)
@click.option("--interactive", "-i", is_flag=True, help="Ask for each, on a terminal.")
@json_option
def review(
    brand: str | None,
    limit: int,
    accept: Sequence[tuple[int, ...]],
    reject: Sequence[tuple[int, ...]],
    edits: Sequence[tuple[int, str]],
    interactive: bool,
    as_json: bool,
) -> None:
    """List current captions by a model that nobody has looked over, or decide on them.

    Accepted and edited captions count as a person's: no model replaces them.
    """
    accepted = [image_id for group in accept for image_id in group]
    rejected = [image_id for group in reject for image_id in group]
    _check_once(accepted, rejected, [image_id for image_id, _ in edits])
    if accepted or rejected or edits:
        decisions = with_runtime(lambda runtime: _decide(runtime, accepted, rejected, edits))
    elif interactive:
        if as_json or not is_terminal():
            raise click.UsageError("--interactive asks on a terminal, and prints no JSON.")
        found = with_runtime(lambda runtime: _listed(runtime, brand, limit))
        answers = _ask(found)
        decisions = with_runtime(lambda runtime: _decide(runtime, *answers))
    else:
        _list(with_runtime(lambda runtime: _listed(runtime, brand, limit)), as_json)
        return
    if as_json:
        show_json(decisions)
    else:
        counts = (len(decisions.accepted), len(decisions.rejected), len(decisions.edited))
        show("{:,} accepted, {:,} rejected, {:,} edited".format(*counts))


async def _listed(runtime: Runtime, brand: str | None, limit: int) -> list[ToReview]:
    from rage_pg.catalogue import captions

    return await captions.to_review(runtime.database, brand=brand, limit=limit)


async def _decide(
    runtime: Runtime, accepted: Sequence[int], rejected: Sequence[int], edits: Sequence[tuple[int, str]]
) -> Reviewed:
    from rage_pg import ingest, jobs
    from rage_pg.catalogue import captions
    from rage_pg.types import ImageMetadata

    await captions.review(runtime.database, accepted=accepted, rejected=rejected)
    for image_id, text in edits:
        await ingest.edit_images(runtime.database, [image_id], ImageMetadata(caption=text))
    if rejected or edits:
        await jobs.defer_fill_index(runtime.database)
    return Reviewed(
        accepted=tuple(accepted), rejected=tuple(rejected), edited=tuple(image_id for image_id, _ in edits)
    )


def _list(found: Sequence[ToReview], as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.image_id,
            one.title,
            one.caption if len(one.caption) <= LONGEST_SHOWN else one.caption[: LONGEST_SHOWN - 1] + "…",
            one.model,
        )
        for one in found
    ]
    if rows:
        show_table(("image", "title", "caption", "model"), rows)
    else:
        show("No caption by a model waits to be looked over.")


def _ask(found: Sequence[ToReview]) -> tuple[list[int], list[int], list[tuple[int, str]]]:
    accepted: list[int] = []
    rejected: list[int] = []
    edits: list[tuple[int, str]] = []
    for one in found:
        show(f"{one.image_id}  {one.title or ''}")
        show(one.caption, bold=True)
        answer = click.prompt(
            "accept, reject, edit, skip or quit", type=click.Choice([*"aresq"]), default="a"
        )
        if answer == "q":
            break
        if answer == "a":
            accepted.append(one.image_id)
        elif answer == "r":
            rejected.append(one.image_id)
        elif answer == "e":
            edits.append((one.image_id, click.prompt("caption")))
    return accepted, rejected, edits


def is_terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty()


def _check_once(*groups: Sequence[int]) -> None:
    ids = [image_id for group in groups for image_id in group]
    twice = next((image_id for image_id in ids if ids.count(image_id) > 1), None)
    if twice is not None:
        raise click.UsageError(f"Image {twice} is named twice.")
