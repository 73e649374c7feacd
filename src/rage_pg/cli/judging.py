"""`rage history keep|rate`: what people do with the pictures that a generation made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args
from uuid import UUID

import rich_click as click
from msgspec import UNSET

from rage_pg.cli.options import OutputOf, json_option
from rage_pg.cli.output import note, show, show_fields, show_json
from rage_pg.cli.session import with_runtime
from rage_pg.types import Image, KeptWords, Kind, Rating, Reason

if TYPE_CHECKING:
    from rage_pg.runtime import Runtime


@click.command("keep")
@click.argument("output", type=OutputOf())
@click.option("--title", help="Its title; else the prompt.")
@click.option("--caption", help="Its caption; else the prompt and what went into the picture.")
@click.option("--tag", "tags", multiple=True, help="A tag; else those of what it shows.")
@click.option("--no-tags", is_flag=True, help="No tag at all.")
@click.option(
    "--kind", type=click.Choice(get_args(Kind)), help="What it shows; else by what it was made from."
)
@json_option
def keep(
    output: tuple[UUID, int],
    title: str | None,
    caption: str | None,
    tags: tuple[str, ...],
    no_tags: bool,
    kind: Kind | None,
    as_json: bool,
) -> None:
    """Approve picture N of a generation (1 if left out) as an image of the catalogue.

    What is not said is drafted from the references. Keeping it again changes nothing.
    """
    if no_tags and tags:
        raise click.UsageError("--no-tags and --tag exclude each other.")
    said = KeptWords(
        title=UNSET if title is None else title,
        caption=UNSET if caption is None else caption,
        tags=tags if tags or no_tags else UNSET,
        kind=UNSET if kind is None else kind,
    )
    image = with_runtime(lambda runtime: _keep(runtime, *output, said))
    if as_json:
        show_json(image)
        return
    show(f"Image {image.id} is in the catalogue.", bold=True)
    words: dict[str, object] = {"title": image.title, "caption": image.caption, "tags": ", ".join(image.tags)}
    show_fields({**words, "shows": ", ".join(image.skus), "kind": image.kind})


@click.command("rate", context_settings={"ignore_unknown_options": True})
@click.argument("output", type=OutputOf())
@click.argument("rating", type=click.Choice(["-1", "0", "1"]))
@click.option(
    "--reason", "reasons", multiple=True, type=click.Choice(get_args(Reason)), help="What is wrong; repeated."
)
@click.option("--comment", help="In your words.")
@click.option("--by", metavar="NAME", help="Who says so; each has one rating of a picture.")
@json_option
def rate(
    output: tuple[UUID, int],
    rating: str,
    reasons: tuple[str, ...],
    comment: str | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Rate picture N of a generation (1 if left out): -1, 0 or 1. A later rating replaces the earlier."""
    verdict = Rating(rating=int(rating), reasons=cast("tuple[Reason, ...]", reasons), comment=comment)
    with_runtime(lambda runtime: _rate(runtime, *output, verdict, by))
    if as_json:
        generation, position = output
        answer: dict[str, Any] = {"generation": generation, "output": position, "rating": verdict.rating}
        show_json({**answer, "reasons": verdict.reasons, "comment": verdict.comment, "by": by})
        return
    note("Noted.")


async def _keep(runtime: Runtime, generation_id: UUID, position: int, said: KeptWords) -> Image:
    from rage_pg import generation, ingest, jobs
    from rage_pg.catalogue import images

    checked = ingest.checked_words(said)
    image_id = await generation.keep(runtime.database, generation_id, position, said=checked)
    await jobs.defer_fill_index(runtime.database)
    return await images.get(runtime.database, image_id)


async def _rate(runtime: Runtime, generation_id: UUID, position: int, rating: Rating, by: str | None) -> None:
    from rage_pg import generation

    await generation.rate(runtime.database, generation_id, position, rating, by=by)
