"""`rage duplicates`: images that show the same bytes or look alike, in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from rage_pg.cli.options import all_filters, filters_from, json_option
from rage_pg.cli.output import bars, note, show, show_json, show_table
from rage_pg.cli.session import with_runtime
from rage_pg.types import LIKENESS, MOST_UNLIKE, AlikeGroups, Filters, GroupedImage

if TYPE_CHECKING:
    from rage_pg.runtime import Runtime

COLUMNS = ("group", "images are", "id", "title", "brand", "state", "pixels", "bytes", "sha256", "")


@click.command("duplicates")
@click.option(
    "--threshold",
    type=click.IntRange(0, MOST_UNLIKE),
    default=LIKENESS,
    show_default=True,
    help="Bits of 64 in which the hashes of look-alikes may differ; 0: none.",
)
@click.option(
    "-n", "limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Groups at most."
)
@all_filters
@json_option
def duplicates(threshold: int, limit: int, as_json: bool, **filters: Any) -> None:
    """Tell which images show the same bytes, under two brands, and which look alike: resized or saved anew.

    A group holds all that pairs join; its largest image comes first. Nothing is changed or deleted.
    Drafts and retired images are among them unless --state is given.

    \b
    rage duplicates
    rage duplicates --brand northtrail --kind product --threshold 3 --json
    """
    wanted = filters_from(**filters)
    found = with_runtime(lambda runtime: _found(runtime, wanted, threshold, limit))
    if as_json:
        show_json(found)
    else:
        _show(found)


async def _found(runtime: Runtime, filters: Filters, threshold: int, limit: int) -> AlikeGroups:
    from rage_pg import index
    from rage_pg.catalogue import alike

    with bars() as shown:
        await index.hash_pictures(runtime.database, lambda count: shown.move("looking at pictures", by=count))
    return await alike.groups(runtime.database, filters, threshold=threshold, limit=limit)


def _show(found: AlikeGroups) -> None:
    if found.groups:
        rows = [
            _row(number, _kind(group.kind, group.distance), image)
            for number, group in enumerate(found.groups, start=1)
            for image in group.images
        ]
        show_table(COLUMNS, rows)
    more = f", {len(found.groups):,} shown (-n)" if found.found > len(found.groups) else ""
    show(f"{found.found:,} {'group' if found.found == 1 else 'groups'}{more}")
    if not found.complete:
        note("There are more pairs than are looked at together: ask by --brand or --tag.")


def _kind(kind: str, distance: int) -> str:
    return "the same bytes" if kind == "duplicate" else f"alike, within {distance} bits"


def _row(number: int, kind: str, image: GroupedImage) -> tuple[object, ...]:
    size = (f"{image.width} x {image.height}", f"{image.byte_size:,}", image.sha256[:12])
    named = (image.id, image.title or image.external_id, image.brand, image.state)
    return number, kind, *named, *size, "largest" if image.largest else ""


COMMANDS = (duplicates,)
