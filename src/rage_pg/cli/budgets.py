"""`rage budgets`: what may be spent in a month, by all, by a brand or under a label."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import rich_click as click

from rage_pg.cli.groups import Commands
from rage_pg.cli.options import Pair, ParamType, json_option
from rage_pg.cli.output import show, show_json, show_table
from rage_pg.cli.prices import Dollars
from rage_pg.cli.session import with_runtime

if TYPE_CHECKING:
    from rage_pg.budgets import Target
    from rage_pg.runtime import Runtime
    from rage_pg.types import Budget


class Month(ParamType):
    """YYYY-MM → its first day."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", str(value), re.ASCII)
        if found is None:
            self.fail(f"{value!r} is not a month like 2026-11.", param, ctx)
        return date(int(found[1]), int(found[2]), 1)


def target_options(command: Callable[..., Any]) -> Any:
    """What a budget is for."""
    for option in (
        click.option("--month", type=Month(), help="For this month only, before the one for every month."),
        click.option("--label", type=Pair(), help="Counts generations with this label alone."),
        click.option("--brand", help="Counts what this brand pays; else what all brands pay together."),
    ):
        command = option(command)
    return command


@click.group("budgets", cls=Commands)
def budgets() -> None:
    """What may be spent in a calendar month (UTC): no call is made that would pass it."""


@budgets.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every budget with what is spent of it, and how many calls no sum counts."""
    found = with_runtime(_list)
    if as_json:
        show_json(found)
        return
    columns = (
        "brand",
        "label",
        "month",
        "limit",
        "spent",
        "reserved",
        "left",
        "calls",
        "without cost",
        "in force",
    )
    show_table(columns, [_row(one) for one in found])


@budgets.command("set")
@click.argument("usd", type=Dollars())
@target_options
@json_option
def set_(usd: Decimal, as_json: bool, **target: Any) -> None:
    """Allow USD a month, in place of what was allowed before. 0 allows nothing that costs.

    \b
    rage budgets set 200
    rage budgets set 50 --brand lumen
    rage budgets set 20 --brand lumen --label campaign=spring --month 2026-11
    """
    found = with_runtime(lambda runtime: _set(runtime, usd, target))
    if as_json:
        show_json(found)
    else:
        spent = f"${found.spent_usd.normalize():f} is spent"
        show(f"${usd.normalize():f} for {_whose(found)}, {_month(found)}; {spent}")


@budgets.command("remove")
@target_options
@json_option
def remove(as_json: bool, **target: Any) -> None:
    """Take a limit away; name it as it was set."""
    with_runtime(lambda runtime: _remove(runtime, target))
    if as_json:
        show_json({"removed": True})
    else:
        show("removed")


def _target(brand: str | None, label: tuple[str, str] | None, month: date | None) -> Target:
    from rage_pg.budgets import Target

    return Target(brand=brand, label=label, month=month)


async def _list(runtime: Runtime) -> list[Budget]:
    from rage_pg import budgets as stored

    return await stored.listing(runtime.database)


async def _set(runtime: Runtime, usd: Decimal, target: dict[str, Any]) -> Budget:
    from rage_pg import budgets as stored

    return await stored.put(runtime.database, _target(**target), usd)


async def _remove(runtime: Runtime, target: dict[str, Any]) -> None:
    from rage_pg import budgets as stored

    await stored.remove(runtime.database, _target(**target))


def _whose(budget: Budget) -> str:
    from rage_pg.budgets import described

    return described(budget.brand, _label(budget))


def _label(budget: Budget) -> str | None:
    return None if budget.label_name is None else f"{budget.label_name}={budget.label_value}"


def _month(budget: Budget) -> str:
    return "every month" if budget.month is None else f"{budget.month:%Y-%m}"


def _row(budget: Budget) -> tuple[object, ...]:
    money = (budget.limit_usd, budget.spent_usd, budget.reserved_usd, budget.left_usd)
    return (
        budget.brand or "all",
        _label(budget),
        _month(budget),
        *(f"{amount.normalize():f}" for amount in money),
        budget.calls,
        budget.calls_without_cost,
        "yes" if budget.is_in_force else "no",
    )


COMMANDS = (budgets,)
