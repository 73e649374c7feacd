"""`rage report`: what was generated, as a page to read and hand on, or as figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from rage_pg.cli.options import Pair, json_option
from rage_pg.cli.output import note, show_json
from rage_pg.cli.session import with_runtime
from rage_pg.cli.whole_file import check_writable, write_whole
from rage_pg.errors import RageError

if TYPE_CHECKING:
    from rage_pg.reporting import Report
    from rage_pg.runtime import Runtime

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("report")
@click.option("-o", "--output", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--brand", help="Paid by this brand.")
@click.option("--label", "labels", multiple=True, type=Pair(), help="Has this label; repeated: all of them.")
@click.option("--since", type=DAY, metavar="DAY", help="Asked for on this day (UTC) or later.")
@click.option("--until", type=DAY, metavar="DAY", help="Asked for on this day (UTC) or before.")
@json_option
def report(
    file: Path | None,
    brand: str | None,
    labels: Sequence[tuple[str, str]],
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """What was generated, from what, at what cost, and what people think of it: one HTML file.

    It holds its pictures, small, needs no network, and prints. --json prints the figures.

    \b
    rage report -o november.html --brand lumen --since 2026-11-01 --until 2026-11-30
    rage report --label campaign=spring --json
    """
    if file is None and not as_json:
        raise click.UsageError("Say where the report goes with -o FILE, or give --json.")
    if since and until and since > until:
        raise click.UsageError("--since lies after --until.")
    if file is not None:
        check_writable(file)
    asked = {"brand": brand, "labels": dict(labels), "since": _day(since), "until": _day(until)}
    made, html = with_runtime(lambda runtime: _made(runtime, asked, with_page=file is not None))
    if file is not None:
        _write(file, html)
    if as_json:
        show_json(made)
    else:
        size = f"{len(html) / 1000:,.0f} kB"
        note(f"{made.totals.generations:,} generations are told of in {file} ({size}).")


async def _made(runtime: Runtime, asked: dict[str, Any], *, with_page: bool) -> tuple[Report, bytes]:
    from rage_pg import reporting

    made = await reporting.figures(runtime.database, reporting.About(**asked))
    if not with_page:
        return made, b""
    return made, reporting.page(made, await reporting.pictures(runtime.database, made))


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _write(file: Path, html: bytes) -> None:
    try:
        write_whole(file, html)
    except OSError as error:
        raise RageError(f"{file} cannot be written: {error.strerror}.") from error


COMMANDS = (report,)
