"""Figures by day as the bars of a chart: by day, week or month, whichever can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct

from rage_pg.reporting.figures import About, OfDay

MOST_BARS = 62
WIDTH, HEIGHT = 800.0, 150.0


class Bar(Struct, frozen=True, kw_only=True):
    """A bar in a chart of WIDTH x HEIGHT. The part from `kept_y` down stands for what was kept."""

    first: date
    x: float
    width: float
    outputs: int
    kept: int
    generations: int
    y: float
    height: float
    kept_y: float
    kept_height: float


class Chart(Struct, frozen=True, kw_only=True):
    unit: str
    """day, week or month"""
    highest: int
    bars: tuple[Bar, ...]


def chart(days: Sequence[OfDay], about: About) -> Chart | None:
    """Outputs over time, and how many of them were kept; None where there is nothing to see."""
    if not days:
        return None
    first, last = about.since or days[0].day, about.until or days[-1].day
    first, last = max(first, days[0].day - timedelta(days=31)), min(last, days[-1].day + timedelta(days=31))
    unit = _unit((last - first).days + 1)
    places = _places(first, last, unit)
    sums: dict[date, list[int]] = {place: [0, 0, 0] for place in places}
    for one in days:
        sums[_place(one.day, unit)][0] += one.outputs
        sums[_place(one.day, unit)][1] += one.kept
        sums[_place(one.day, unit)][2] += one.generations
    highest = max(1, *(outputs for outputs, _, _ in sums.values()))
    step = WIDTH / len(places)
    bars = [_bar(place, number * step, step, sums[place], highest) for number, place in enumerate(places)]
    return Chart(unit=unit, highest=highest, bars=tuple(bars))


def _bar(first: date, x: float, step: float, counts: Sequence[int], highest: int) -> Bar:
    outputs, kept, generations = counts
    height, kept_height = HEIGHT * outputs / highest, HEIGHT * min(kept, outputs) / highest
    return Bar(
        first=first,
        x=round(x + step * 0.12, 2),
        width=round(min(step * 0.76, 40), 2),
        outputs=outputs,
        kept=kept,
        generations=generations,
        y=round(HEIGHT - height, 2),
        height=round(height, 2),
        kept_y=round(HEIGHT - kept_height, 2),
        kept_height=round(kept_height, 2),
    )


def _unit(days: int) -> str:
    if days <= MOST_BARS:
        return "day"
    return "week" if days <= 7 * MOST_BARS else "month"


def _place(day: date, unit: str) -> date:
    """The first day of the day's week or month, or the day."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _places(first: date, last: date, unit: str) -> list[date]:
    places = dict.fromkeys(
        _place(first + timedelta(days=number), unit) for number in range((last - first).days + 1)
    )
    return list(places)
