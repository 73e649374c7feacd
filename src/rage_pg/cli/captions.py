"""`rage captions`: a vision model describes images, and a person looks its captions over."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import rich_click as click

from rage_pg.cli import captions_review
from rage_pg.cli.groups import Commands
from rage_pg.cli.options import Ids, json_option
from rage_pg.cli.output import bars, complain, show, show_json
from rage_pg.cli.prices import Dollars
from rage_pg.cli.session import fail, with_runtime

if TYPE_CHECKING:
    from rage_pg.index import Described
    from rage_pg.runtime import Runtime

brand_option = click.option("--brand", help="Only images of this brand.")
limit_option = click.option("--limit", type=click.IntRange(min=1), help="At most so many images.")
budget_option = click.option(
    "--budget",
    type=Dollars(),
    help="US dollars that this run may cost; stops before the call that could pass it.",
)


@click.group("captions", cls=Commands)
def captions() -> None:
    """Captions by a vision model, RAGE_CAPTIONER; a person's caption always wins."""


@captions.command("fill")
@brand_option
@limit_option
@budget_option
@json_option
def fill_command(brand: str | None, limit: int | None, budget: Decimal | None, as_json: bool) -> None:
    """Describe images that lack a description of what they show. Interrupted and run again, it goes on."""
    _run(as_json, brand=brand, limit=limit, budget=budget)


@captions.command()
@brand_option
@click.option("--image", "images", type=Ids(), multiple=True, help="Only these images, like 3,14,15.")
@click.option("--model", help="Ask this model of the provider instead of the one that is set.")
@limit_option
@budget_option
@json_option
def redo(
    brand: str | None,
    images: Sequence[tuple[int, ...]],
    model: str | None,
    limit: int | None,
    budget: Decimal | None,
    as_json: bool,
) -> None:
    """Describe images again, those too that were left alone after failures. A person's caption stays."""
    ids = [image_id for group in images for image_id in group] if images else None
    _run(as_json, model=model, brand=brand, images=ids, again=True, limit=limit, budget=budget)


captions.add_command(captions_review.review)


def _run(as_json: bool, *, model: str | None = None, **asked: Any) -> None:
    described = with_runtime(lambda runtime: _describe(runtime, model, asked))
    if as_json:
        show_json(described)
    else:
        _show(described)
    if described.stopped is not None:
        complain(described.stopped)
    elif described.failed:
        complain("Some images could not be described; rage_v1.failed_items says why.")
    if described.stopped is not None or described.failed:
        fail()


async def _describe(runtime: Runtime, model: str | None, asked: dict[str, Any]) -> Described:
    from rage_pg import index, jobs

    captioner = runtime.registry.captioner(model)
    with bars() as shown:

        def progress(done: int, total: int) -> None:
            shown.move("Describing", to=done, total=total)

        described = await index.describe(
            runtime.database, captioner, month=runtime.settings.caption_budget, progress=progress, **asked
        )
    if described.described:
        await index.count_words(runtime.database)
        await jobs.defer_fill_index(runtime.database)
    return described


def _show(done: Described) -> None:
    show(f"{done.described:,} described, {done.kept:,} kept a person's caption, {done.failed:,} failed")
    if done.calls:
        show(
            f"Paid calls: {done.calls:,}, for ${done.cost_usd:.4f}"
            f" (without a known cost: {done.calls_without_cost:,})"
        )
    if done.remaining:
        show(f"{done.remaining:,} images are left")
    if done.described:
        show("Vectors follow by a worker, or by: rage index fill")


COMMANDS = (captions,)
