"""The paid calls of a run: each a committed row before it is made, closed with what became of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from rage_pg import budgets
from rage_pg.database import Connection, Database, execute
from rage_pg.errors import BudgetReached as StoreBudgetReached
from rage_pg.index.captions.budget import Budget, BudgetReached, Spent
from rage_pg.index.captions.claims import Claimed, Scope
from rage_pg.index.captions.pace import Stopped
from rage_pg.providers.ports import Captioner
from rage_pg.resources import statements
from rage_pg.spending import Outcome, close_paid_call, open_paid_call

SQL = statements("captions")


class Calls:
    """Opens and closes calls, and counts them. Of a captioner that charges nothing there are none."""

    def __init__(self, captioner: Captioner, scope: Scope, budget: Budget) -> None:
        self.made = 0
        self.without_cost = 0
        self.cost = Decimal(0)
        self._in_flight = 0
        self._ended = asyncio.Event()
        self._captioner = captioner
        self._scope = scope
        self._budget = budget

    async def open(self, database: Database, image: Claimed) -> int | None:
        """Commit what is about to be sent before it is. Raise BudgetReached or Stopped where it may not.

        Where calls under way could pass a budget, they are waited for: they may cost less than is feared.
        """
        if not self._captioner.charges:
            return None
        while True:
            try:
                return await budgets.in_turn(lambda: self._open(database, image))
            except (BudgetReached, StoreBudgetReached) as reached:
                if self._in_flight == 0:
                    raise BudgetReached(str(reached)) from reached
                self._ended.clear()
            await self._ended.wait()

    async def _open(self, database: Database, image: Claimed) -> int:
        async with database.transaction() as connection:
            expected = await self._budget.check(connection, self._spent)
            call_id = await open_paid_call(
                connection,
                brand_id=image.brand_id,
                purpose="caption",
                provider=self._captioner.name,
                model=self._captioner.model,
                expected=expected,
            )
            values = {**self._scope.values, "image_id": image.image_id, "call_id": call_id}
            if not await execute(connection, SQL["set_call"], values):
                raise Stopped("Another run took this one for lost; run it again.")
            # Before the commit, and so before another call is let past the budget.
            self._in_flight += 1
        self.made += 1
        return call_id

    async def close(self, connection: Connection, call_id: int | None, outcome: Outcome) -> Decimal | None:
        """Write the end of a call down and give its cost; `count` it once that is committed."""
        if call_id is None:
            return None
        return await close_paid_call(connection, call_id, "caption", outcome)

    def _spent(self) -> Spent:
        return Spent(self.cost, self.without_cost + self._in_flight)

    def count(self, call_id: int | None, cost: Decimal | None) -> None:
        if call_id is None:
            return
        self._in_flight -= 1
        self._ended.set()
        self.without_cost += cost is None
        self.cost += cost or 0
