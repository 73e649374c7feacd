"""What captions may cost, in a run and in a calendar month: checked before each call, which counts too."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from rage_pg.database import Connection, Database, execute, fetch_only, fetch_value
from rage_pg.errors import SetupError
from rage_pg.providers.ports import Captioner
from rage_pg.resources import statements
from rage_pg.spending import cost_of

SQL = statements("captions")

USUAL = {"text_input": 1_500, "text_output": 300}
"""Tokens that a call is taken to use while no call of the model has shown what it costs."""


class BudgetReached(Exception):
    """The next call would pass a budget; the message says which, and what is left of it."""


class Spent(Struct, frozen=True):
    """US dollars of calls whose cost is known, and how many calls have no known cost, those under way too."""

    known: Decimal = Decimal(0)
    unknown: int = 0


class Budget:
    """Two limits in US dollars, of which either may be missing.

    A call without a known cost counts as the dearest of its model: it may have been charged.
    """

    def __init__(self, captioner: Captioner, *, run: Decimal | None, month: Decimal | None) -> None:
        self._captioner = captioner
        self._run = run
        self._month = month

    @property
    def is_set(self) -> bool:
        return self._captioner.charges and (self._run is not None or self._month is not None)

    async def check_prices(self, database: Database) -> None:
        """Raise SetupError where no price is known: such a budget would never be reached."""
        if not self.is_set:
            return
        name, model = self._captioner.name, self._captioner.model
        async with database.transaction() as connection:
            if await cost_of(connection, name, model, USUAL, answers="text") is None:
                raise SetupError(
                    f"A budget for captions is set, and no prices are known for {name} {model}.",
                    f"Run: rage prices set {name} {model} text_input USD, and text_output.",
                )

    async def check(self, connection: Connection, run: Callable[[], Spent]) -> Decimal | None:
        """Raise BudgetReached where one more call could pass a limit; what it may cost, None: nobody asked.

        Until the transaction ends, no other is let through: it opens the call that it was asked for.
        """
        if not self.is_set:
            return None
        await execute(connection, SQL["lock_budget"], {})
        call = await self._dearest(connection) or Decimal(0)
        if self._run is not None:
            _check("The budget of this run", self._run, run(), call)
        if self._month is not None:
            month = await fetch_only(connection, SQL["month_spending"], {}, Spent)
            _check("The budget of the month, RAGE_CAPTION_BUDGET,", self._month, month, call)
        return call

    async def _dearest(self, connection: Connection) -> Decimal | None:
        values = {"provider": self._captioner.name, "model": self._captioner.model}
        known: Decimal | None = await fetch_value(connection, SQL["dearest_call"], values)
        if known:
            return known
        return await cost_of(connection, values["provider"], values["model"], USUAL, answers="text")


def _check(name: str, limit: Decimal, spent: Spent, call: Decimal) -> None:
    if spent.known + call * (spent.unknown + 1) <= limit:
        return
    left = max(limit - spent.known, Decimal(0))
    unknown = f" (calls without a known cost: {spent.unknown:,})" if spent.unknown else ""
    raise BudgetReached(
        f"{name} is ${limit.normalize():f}: ${spent.known.normalize():f} is spent{unknown},"
        f" ${left.normalize():f} is left, and the next call may cost ${call.normalize():f}."
    )
