"""A report as one HTML file that needs nothing else: no network, no script; it prints."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rage_pg.reporting.chart import HEIGHT, WIDTH, chart
from rage_pg.reporting.figures import Report

NOTHING = "—"
LONGEST_TEXT = 160
"""Characters of a prompt or an error that are shown."""


def page(report: Report, pictures: Mapping[int, bytes]) -> bytes:
    """The report's HTML. `pictures` are WebP files by the id of their image; what is missing has a blank."""
    template = _environment().get_template("report.html")
    sources = {
        image_id: f"data:image/webp;base64,{b64encode(data).decode()}" for image_id, data in pictures.items()
    }
    drawn = chart(report.by_day, report.about)
    html = template.render(
        report=report, pictures=sources, chart=drawn, chart_width=WIDTH, chart_height=HEIGHT
    )
    # Half of a surrogate pair is in no text that Postgres gives; a file must be written all the same.
    return html.encode("utf-8", "replace")


def _dollars(cost: Decimal) -> str:
    """Cents, or as many digits as tell something of less."""
    if cost == 0 or cost >= Decimal("0.01"):
        return f"${cost:,.2f}"
    return f"${cost.normalize():f}"


def _short(text: str | None) -> str:
    line = " ".join((text or "").split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1].rstrip() + "…"


def _rating(mean: float | None) -> str:
    return NOTHING if mean is None else f"{mean:+.2f}" if mean else "0"


def _percent(part: int, whole: int) -> str:
    return NOTHING if not whole else f"{100 * part / whole:.0f} %"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(dollars=_dollars, short=_short, rating=_rating)
    environment.globals.update(percent=_percent)
    return environment
