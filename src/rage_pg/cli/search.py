"""`rage search`: images for a prompt, and what follows them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import rich_click as click
from click import get_current_context
from click.core import ParameterSource

from rage_pg.cli.options import Ids, Weighted, all_filters, filters_from, json_option
from rage_pg.cli.output import note, show, show_json, show_table, spinner
from rage_pg.cli.session import with_runtime
from rage_pg.types import Candidate, SearchAnswer, SearchRequest

if TYPE_CHECKING:
    from rage_pg.runtime import Runtime

CONTINUING = {"following", "cursor", "as_json"}


@click.command("search")
@click.argument("prompt", required=False)
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
@click.option(
    "--imagine",
    is_flag=True,
    help="Make a draft of the prompt with RAGE_GENERATOR, which is paid for, and find what looks like it.",
)
@click.option(
    "--next",
    "following",
    type=click.UUID,
    metavar="SEARCH_ID",
    help="Instead of a prompt: the rows that follow those of this search, by the same request.",
)
@click.option("--cursor", help="With --next: after which rows; else after all that were given.")
@json_option
def search(
    prompt: str | None,
    k: int,
    among: tuple[int, ...] | None,
    min_relevance: float,
    legs: Sequence[tuple[str, float]],
    imagine: bool,
    following: UUID | None,
    cursor: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """Find images for a PROMPT, by meaning, words and look.

    Every leg ranks the images that pass the filters; the ranks are fused into one score, higher is better.

    \b
    rage search "lotion and soap for a spa" -k 6
    rage search "tent" --brand northtrail --tag outdoor --attribute season=summer
    rage search --next 01890a5d-ac96-774b-bcce-b302099a8057
    """
    if following is not None:
        _refuse_other_options(get_current_context())
        before, answer = with_runtime(lambda runtime: _next(runtime, following, cursor))
    elif prompt is None or cursor is not None:
        raise click.UsageError("Give a PROMPT, or --next with the id of a search and, if you like, --cursor.")
    else:
        request = SearchRequest(
            prompt=prompt,
            filters=filters_from(**filters),
            among=among,
            k=k,
            min_relevance=min_relevance,
            legs=dict(legs) or None,
            imagine=imagine,
        )
        # As with a generation: a second signal cuts nothing short that the first has begun.
        hurry = asyncio.Event() if imagine else None
        before, answer = 0, with_runtime(lambda runtime: _searched(runtime, request), hurry=hurry)
    if as_json:
        show_json(answer)
    else:
        _show(answer, before)


async def _searched(runtime: Runtime, request: SearchRequest) -> SearchAnswer:
    from rage_pg import jobs

    if not request.imagine:
        return await runtime.search(request)
    with spinner("Making a draft to search by …"):
        return await jobs.searched(runtime, request)


async def _next(runtime: Runtime, search_id: UUID, cursor: str | None) -> tuple[int, SearchAnswer]:
    if cursor is None:
        return await runtime.unseen_rows(search_id)
    answer = await runtime.next_rows(search_id, cursor)
    return int(cursor), answer


def _refuse_other_options(context: click.Context) -> None:
    """What a search was asked for stays; an option beside --next would be ignored."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in CONTINUING or context.get_parameter_source(name) is ParameterSource.DEFAULT:
            continue
        said = "PROMPT" if name == "prompt" else parameter.opts[0]
        raise click.UsageError(f"{said} cannot be given with --next: the search goes on as it was asked.")


def _show(answer: SearchAnswer, before: int) -> None:
    if answer.items:
        rows = [_row(rank, candidate) for rank, candidate in enumerate(answer.items, start=before + 1)]
        show_table(("#", "id", "title", "brand", "tags", "score", "ranks by leg"), rows)
    found = f"{len(answer.items)} of {answer.matched:,} matching{'' if answer.complete else ', incomplete'}"
    show(f"{found}; {answer.strategy}; {answer.took_ms:.0f} ms")
    if answer.imagined_id:
        note(f"Searched by a draft: rage history show {answer.imagined_id}")
    if answer.cursor is not None:
        note(f"More: rage search --next {answer.search_id}")


def _row(rank: int, candidate: Candidate) -> tuple[object, ...]:
    image = candidate.image
    legs = ", ".join(f"{leg} {hit.rank}" for leg, hit in sorted(candidate.legs.items()))
    return rank, image.id, image.title, image.brand, ", ".join(image.tags), f"{candidate.score:.4f}", legs


COMMANDS = (search,)
