"""`rage search`: images for a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rich_click as click

from rage_pg.cli.options import Ids, Weighted, all_filters, filters_from, json_option
from rage_pg.cli.output import show, show_json, show_table
from rage_pg.cli.session import with_runtime
from rage_pg.types import Candidate, SearchAnswer, SearchRequest


@click.command("search")
@click.argument("prompt")
@click.option(
    "-k", type=click.IntRange(1, 200), default=20, show_default=True, help="How many images at most."
)
@all_filters
@click.option("--among", type=Ids(), help="Only these images.")
@click.option(
    "--min-relevance",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Leave out what scores below this share of the best.",
)
@click.option(
    "--leg",
    "legs",
    multiple=True,
    type=Weighted(),
    metavar="NAME=WEIGHT",
    help="Weight of a leg: caption, image, text or style.",
)
@json_option
def search(
    prompt: str,
    k: int,
    among: tuple[int, ...] | None,
    min_relevance: float,
    legs: Sequence[tuple[str, float]],
    as_json: bool,
    **filters: Any,
) -> None:
    """Find images for a PROMPT, by meaning, words and look.

    Every leg ranks the images that pass the filters; the ranks are fused into one score, higher is better.

    \b
    rage search "lotion and soap for a spa" -k 6
    rage search "tent" --brand northtrail --tag outdoor --attribute season=summer
    """
    request = SearchRequest(
        prompt=prompt,
        filters=filters_from(**filters),
        among=among,
        k=k,
        min_relevance=min_relevance,
        legs=dict(legs) or None,
    )
    answer = with_runtime(lambda runtime: runtime.search(request))
    if as_json:
        show_json(answer)
    else:
        _show(answer)


def _show(answer: SearchAnswer) -> None:
    if answer.items:
        rows = [_row(rank, candidate) for rank, candidate in enumerate(answer.items, start=1)]
        show_table(("#", "id", "title", "brand", "tags", "score", "ranks by leg"), rows)
    found = f"{len(answer.items)} of {answer.matched:,} matching{'' if answer.complete else ', incomplete'}"
    show(f"{found}; {answer.strategy}; {answer.took_ms:.0f} ms")


def _row(rank: int, candidate: Candidate) -> tuple[object, ...]:
    image = candidate.image
    legs = ", ".join(f"{leg} {hit.rank}" for leg, hit in sorted(candidate.legs.items()))
    return rank, image.id, image.title, image.brand, ", ".join(image.tags), f"{candidate.score:.4f}", legs


COMMANDS = (search,)
