"""The template engine: everything is escaped, and a name that a template lacks is an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig

from rage_pg.types import Candidate
from rage_pg.web.forms import labels_text

SECOND = 1000
"""Milliseconds."""
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def ago(moment: datetime) -> str:
    """How long ago, in words; a date after a week."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return _count(seconds / MINUTE, "minute")
    if seconds < DAY:
        return _count(seconds / HOUR, "hour")
    if seconds < 7 * DAY:
        return _count(seconds / DAY, "day")
    return f"{moment.day} {moment:%B %Y}"


def ranks(candidate: Candidate) -> str:
    """Where each leg of the search ranked an image: "caption 1 · text 3"."""
    return " · ".join(f"{leg} {hit.rank}" for leg, hit in candidate.legs.items())


def usd(amount: Decimal | None) -> str:
    """Dollars, to the cent where that says enough: "$12.40", "$0.0685"; in words where it is not known."""
    if amount is None:
        return "not known"
    return f"${amount:,.2f}" if amount == 0 or amount >= 1 else f"${amount.quantize(Decimal('0.0001'))}"


def took(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds < SECOND else f"{milliseconds / SECOND:,.1f} s"


def said(value: object) -> str:
    """A value of the ledger's parameters in words: "background opaque, size 1024x1024"."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {said(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(said, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _count(number: float, unit: str) -> str:
    whole = int(number)
    return f"{whole} {unit}{'s' if whole != 1 else ''} ago"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The order in which a form's fields stand is that of the references.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    environment.filters.update(ago=ago, ranks=ranks, usd=usd, took=took, said=said, labels_text=labels_text)
    return environment


template_config = TemplateConfig(instance=JinjaTemplateEngine.from_environment(_environment()))
