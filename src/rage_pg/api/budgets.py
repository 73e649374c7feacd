"""Budgets over HTTP: how much may be spent, and how much of it is. The command line sets them."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from msgspec import Struct

from rage_pg import budgets
from rage_pg.api.problems import problems
from rage_pg.database import Database
from rage_pg.types import Budget


class Budgets(Struct, frozen=True, kw_only=True):
    items: tuple[Budget, ...]


@get("/budgets", tags=["costs"], summary="List budgets", responses=problems())
async def list_budgets(database: NamedDependency[Database]) -> Budgets:
    """US dollars a calendar month (UTC): of the brands that the key may see, and of all together where it is
    granted every brand. `calls_without_cost` are in no sum. `rage budgets set` changes them."""
    return Budgets(items=tuple(await budgets.listing(database)))


HANDLERS = (list_budgets,)
