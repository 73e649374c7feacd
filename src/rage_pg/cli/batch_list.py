"""`rage history batches`: the batches that were asked for, and how each stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import rich_click as click

from rage_pg.cli.batch import money
from rage_pg.cli.options import Pair, json_option
from rage_pg.cli.output import note, show_json, show_table
from rage_pg.cli.session import with_runtime

if TYPE_CHECKING:
    from rage_pg.generation.batches import Batch, BatchList
    from rage_pg.runtime import Runtime

COLUMNS = (
    "batch",
    "when",
    "status",
    "brand",
    "name",
    "items",
    "succeeded",
    "open",
    "not made",
    "cost",
    "budget",
    "asked by",
)


@click.command()
@click.option("--brand", help="Paid by this brand.")
@click.option("--label", "labels", multiple=True, type=Pair(), help="Has this label; repeated: all of them.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many at most.")
@click.option("--cursor", help="Where the list before this one ended.")
@json_option
def batches(labels: Sequence[tuple[str, str]], as_json: bool, **filters: Any) -> None:
    """Sets of pictures that were asked for at once, newest first, and how each stands.

    Of its items, open are those that are pending or under way, not made those that ended without a picture.
    """
    page = with_runtime(lambda runtime: _page(runtime, labels=dict(labels), **filters))
    if as_json:
        show_json(page)
        return
    show_table(COLUMNS, [_row(batch) for batch in page.items])
    if page.cursor:
        note(f"There are more: --cursor {page.cursor}")


async def _page(runtime: Runtime, **filters: Any) -> BatchList:
    from rage_pg.generation import batches as sets

    return await sets.listing(runtime.database, **filters)


def _row(batch: Batch) -> tuple[object, ...]:
    spent = money(batch)
    return (
        batch.id,
        f"{batch.created_at:%Y-%m-%d %H:%M}",
        batch.status,
        batch.brand,
        batch.name,
        batch.item_count,
        batch.succeeded,
        batch.pending + batch.under_way,
        batch.refused + batch.failed + batch.cancelled + batch.unknown + batch.rejected,
        spent["cost"],
        spent["budget"],
        batch.asked_by,
    )
