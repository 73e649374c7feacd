"""`rage index audit` and `rage index rebuild`: whether searches are right, and what mends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import rich_click as click

from rage_pg.cli.options import json_option
from rage_pg.cli.output import bars, complain, show, show_json, show_table
from rage_pg.cli.session import read_settings, run, with_runtime
from rage_pg.errors import NotFound
from rage_pg.types import Space

if TYPE_CHECKING:
    from rage_pg.index import Audit, Calibration, Rebuilt
    from rage_pg.runtime import Runtime

COLUMNS = ("space", "leg", "filter", "matches", "strategy", "recall", "p50 ms", "p95 ms", "exact p50 ms")


@click.command()
@click.option("--space", help="Only this space; else all that are searched.")
@click.option("--queries", type=click.IntRange(2, 1000), default=20, show_default=True, help="Per filter.")
@click.option("--calibrate", is_flag=True, help="First measure how the index is best read here, and keep it.")
@json_option
def audit(space: str | None, queries: int, calibrate: bool, as_json: bool) -> None:
    """Compare searches with their exact answers, for each shape of filter, and keep the figures.

    Queries are stored prompts, or vectors of images where those are too few. `rage_v1.index_audits` has
    the history.
    """
    calibrated, found = with_runtime(lambda runtime: _audit(runtime, space, queries, calibrate))
    if as_json:
        show_json({"calibrated": calibrated, "audits": found})
        return
    for one in calibrated:
        show(
            f"{one.space}: ef_search {one.ef_search} (recall {one.recall:.3f}),"
            f" a candidate costs {one.candidate_cost:g} comparisons"
        )
    show_table(COLUMNS, [_row(one) for one in found])
    for advice in dict.fromkeys(one.advice for one in found if one.advice):
        complain(f"Advice: {advice}")


@click.command()
@click.option("--space", help="Only this space; else all that are searched.")
@click.option("--brand", help="Build an index of this brand's images alone, for searches within it.")
@click.option("--m", type=int, default=24, show_default=True, help="Neighbours of a vector in the graph.")
@click.option(
    "--ef-construction", type=int, default=200, show_default=True, help="Candidates for these neighbours."
)
@click.option(
    "--memory", type=click.IntRange(1), help="Megabytes for the building; else what it needs, up to 2,000."
)
@json_option
def rebuild(
    space: str | None, brand: str | None, m: int, ef_construction: int, memory: int | None, as_json: bool
) -> None:
    """Build the index anew beside the one that serves, then swap the two. Searches go on meanwhile.

    What a building that was killed has left is dropped. Takes the owner of the tables.
    """
    from rage_pg.cli.index import every_space
    from rage_pg.runtime import database_url

    spaces = _chosen(with_runtime(every_space), space)
    with database_url(read_settings()) as url:
        memory = None if memory is None else memory * 1_000_000
        rebuilt = run(_rebuild(url, spaces, brand=brand, m=m, ef_construction=ef_construction, memory=memory))
    if as_json:
        show_json(rebuilt)
        return
    for one in rebuilt:
        show(
            f"{one.space}: {one.index} built" + (f"; dropped {', '.join(one.dropped)}" if one.dropped else "")
        )


@click.command()
@click.option("--space", help="Only in this space; else in all that are searched.")
@click.option("--brand", required=True, help="Whose index goes.")
@json_option
def drop(space: str | None, brand: str, as_json: bool) -> None:
    """Drop the index of a brand's own images; searches use that of all images again."""
    from rage_pg.cli.index import every_space
    from rage_pg.runtime import database_url

    spaces = _chosen(with_runtime(every_space), space)
    with database_url(read_settings()) as url:
        dropped = run(_drop(url, spaces, brand))
    if as_json:
        show_json({"dropped": dropped})
    else:
        show(f"Dropped {', '.join(dropped)}")


async def _audit(
    runtime: Runtime, space: str | None, queries: int, calibrate: bool
) -> tuple[list[Calibration], list[Audit]]:
    from rage_pg import index as indexing
    from rage_pg.cli.index import every_space

    spaces = _chosen(await every_space(runtime), space)
    with bars() as shown:
        calibrated = []
        if calibrate:
            calibrated = await indexing.calibrate(
                runtime.database,
                spaces,
                queries=queries,
                progress=lambda name: shown.move("calibrating", by=1),
            )
        found = await indexing.audit(
            runtime.database, spaces, queries=queries, progress=lambda leg: shown.move(f"leg {leg}", by=1)
        )
    return calibrated, found


async def _rebuild(url: str, spaces: Sequence[Space], **how: Any) -> list[Rebuilt]:
    from rage_pg import index as indexing

    rebuilt = []
    with bars() as shown:
        for space in spaces:

            def building(done: int, total: int, name: str = space.name) -> None:
                shown.move(name, to=done, total=total)

            rebuilt.append(await indexing.rebuild(url, space.name, building=building, **how))
    return rebuilt


async def _drop(url: str, spaces: Sequence[Space], brand: str) -> list[str]:
    from rage_pg import index as indexing

    dropped = []
    missing: NotFound | None = None
    for space in spaces:
        try:
            dropped.append(await indexing.drop(url, space.name, brand))
        except NotFound as error:
            missing = error
    if missing and not dropped:
        raise missing
    return dropped


def _chosen(spaces: Sequence[Space], name: str | None) -> list[Space]:
    """The space of this name, or without one all that legs search. Raises NotFound."""
    if name is None:
        return [space for space in spaces if space.legs]
    found = [space for space in spaces if space.name == name]
    if not found:
        raise NotFound(f"There is no space {name!r}; there are {', '.join(one.name for one in spaces)}.")
    return found


def _row(one: Audit) -> tuple[object, ...]:
    times = (f"{one.p50_ms:.1f}", f"{one.p95_ms:.1f}", f"{one.exact_p50_ms:.1f}")
    return one.space, one.leg, one.shape, one.matched, one.strategy, f"{one.recall:.3f}", *times
