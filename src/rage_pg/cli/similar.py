"""`rage similar`: images like an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from rage_pg.cli.options import all_filters, filters_from, json_option
from rage_pg.cli.output import show, show_json, show_table
from rage_pg.cli.session import with_runtime
from rage_pg.types import Filters, SimilarAnswer

if TYPE_CHECKING:
    from rage_pg.runtime import Runtime


@click.command("similar")
@click.argument("image_id", type=click.IntRange(1, 2**63 - 1))
@click.option(
    "--by",
    type=click.Choice(("caption", "image", "style")),
    default="caption",
    show_default=True,
    help="What is compared: what is said of it, the picture, or its look.",
)
@click.option(
    "-k", type=click.IntRange(1, 200), default=20, show_default=True, help="How many images at most."
)
@all_filters
@json_option
def similar(image_id: int, by: str, k: int, as_json: bool, **filters: Any) -> None:
    """Find the images that are most like the image IMAGE_ID, the nearest first.

    The image itself, and whatever shows the same bytes, is left out. Lower distance is nearer.

    \b
    rage similar 12 -k 6
    rage similar 12 --by style --brand northtrail --kind product
    """
    wanted = filters_from(**filters)
    answer = with_runtime(lambda runtime: _similar(runtime, image_id, by, k, wanted))
    if as_json:
        show_json(answer)
    else:
        _show(answer)


async def _similar(runtime: Runtime, image_id: int, by: str, k: int, filters: Filters) -> SimilarAnswer:
    from rage_pg import search
    from rage_pg.catalogue import images

    await images.get(runtime.database, image_id)
    return await search.similar(runtime.database, image_id, by, k, filters)


def _show(answer: SimilarAnswer) -> None:
    if answer.items:
        columns = ("#", "id", "title", "brand", "tags", "distance")
        rows = [
            (
                rank,
                one.image.id,
                one.image.title,
                one.image.brand,
                ", ".join(one.image.tags),
                f"{one.distance:.4f}",
            )
            for rank, one in enumerate(answer.items, start=1)
        ]
        show_table(columns, rows)
    found = f"{len(answer.items)} of {answer.matched:,} matching{'' if answer.complete else ', incomplete'}"
    show(f"{found}; {answer.strategy}")


COMMANDS = (similar,)
