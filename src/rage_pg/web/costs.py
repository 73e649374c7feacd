"""What a month's paid calls cost, by brand, model and day, and the budgets that they count into."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Template
from msgspec import Struct

from rage_pg import budgets, history
from rage_pg.database import Database
from rage_pg.errors import InvalidInput
from rage_pg.history import Spent
from rage_pg.types import Budget
from rage_pg.web.fields import text_of

PageRequest = Request[Any, Any, Any]
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class Sum(Struct, frozen=True, kw_only=True):
    """Calls that have something in common. `share`: of the largest sum beside it, 0 to 100."""

    name: str
    cost_usd: Decimal
    calls: int
    calls_without_cost: int
    share: float = 0.0


class Bar(Struct, frozen=True, kw_only=True):
    """A budget as a bar: how much of 100 is spent, and how much more is set aside."""

    budget: Budget
    name: str
    spent: float
    reserved: float


@get("/costs")
async def costs_page(request: PageRequest, database: NamedDependency[Database]) -> Template:
    month = _month(text_of(request.query_params, "month"))
    spent = await history.spending(database, month)
    this_month = _month("")
    following = (month + timedelta(days=31)).replace(day=1)
    return Template(
        "costs.html",
        context={
            "month": month,
            "earlier": (month - timedelta(days=1)).replace(day=1),
            "later": following if following <= this_month else None,
            "whole": _sums(spent, lambda _: "")[0] if spent else None,
            "groups": {
                "By brand": _sums(spent, lambda one: one.brand),
                "By model": _sums(spent, lambda one: f"{one.provider} {one.model or ''}".strip()),
            },
            "days": _days(spent, month),
            "budgets": [_bar(one) for one in await budgets.listing(database) if _is_of(one, month)],
        },
    )


def _month(text: str) -> date:
    """The first day of "2026-11"; of this month for "". Raises InvalidInput."""
    if not text:
        return datetime.now(UTC).date().replace(day=1)
    if not MONTH.fullmatch(text) or not "1000" <= text < "9999":
        raise InvalidInput("A month is written YEAR-MONTH, as in 2026-11.", field="month")
    return date(int(text[:4]), int(text[5:]), 1)


def _sums(spent: Sequence[Spent], name: Callable[[Spent], str]) -> list[Sum]:
    """The dearest first."""
    groups: dict[str, list[Spent]] = {}
    for one in spent:
        groups.setdefault(name(one), []).append(one)
    sums = [_sum(name, of_group) for name, of_group in groups.items()]
    return _shared(sorted(sums, key=lambda one: (-one.cost_usd, one.name)))


def _days(spent: Sequence[Spent], month: date) -> list[Sum]:
    """Every day of the month, also those without a call."""
    days = [month.replace(day=day + 1) for day in range(calendar.monthrange(month.year, month.month)[1])]
    return _shared([_sum(str(day.day), [one for one in spent if one.day == day]) for day in days])


def _sum(name: str, spent: Sequence[Spent]) -> Sum:
    return Sum(
        name=name,
        cost_usd=sum((one.cost_usd or Decimal(0) for one in spent), Decimal(0)),
        calls=sum(one.calls for one in spent),
        calls_without_cost=sum(one.calls_without_cost for one in spent),
    )


def _shared(sums: Sequence[Sum]) -> list[Sum]:
    most = max((one.cost_usd for one in sums), default=Decimal(0)) or Decimal(1)
    return [
        Sum(
            name=one.name,
            cost_usd=one.cost_usd,
            calls=one.calls,
            calls_without_cost=one.calls_without_cost,
            share=float(100 * one.cost_usd / most),
        )
        for one in sums
    ]


def _is_of(budget: Budget, month: date) -> bool:
    """Sums of a budget are those of its own month, or of this one."""
    return budget.month == month if budget.month else month == _month("")


def _bar(budget: Budget) -> Bar:
    label = None if budget.label_name is None else f"{budget.label_name}={budget.label_value}"
    limit = budget.limit_usd or Decimal(1)
    spent = min(100.0, float(100 * budget.spent_usd / limit)) if budget.limit_usd else 100.0
    reserved = min(100.0 - spent, float(100 * budget.reserved_usd / limit))
    return Bar(budget=budget, name=budgets.described(budget.brand, label), spent=spent, reserved=reserved)


HANDLERS = (costs_page,)
