"""What follows the rows that a search has given."""

from __future__ import annotations

import time
from uuid import UUID

from msgspec import UNSET, Struct
from pgvector import HalfVector

from rage_pg.database import Database, execute, fetch_all, fetch_one, fetch_value
from rage_pg.errors import Conflict, InvalidInput, NotFound
from rage_pg.providers.ports import PromptEncoders
from rage_pg.resources import statements
from rage_pg.search.asking import arguments, by_picture, cursor_after, report_of, rows_of
from rage_pg.search.log import Report, log_rows
from rage_pg.search.prompts import embed_if_possible
from rage_pg.types import Candidate, Filters, SearchAnswer, SearchRequest

SQL = statements("search")


class _Logged(Struct, frozen=True):
    """A search as it was asked, and what it has answered so far."""

    prompt: str
    filters: Filters
    among: tuple[int, ...] | None
    legs: dict[str, float] | None
    k: int
    min_relevance: float
    imagined_id: UUID | None
    imagined: str | None
    strategy: str
    matched: int
    complete: bool
    same_view: bool
    answered: tuple[int, ...]
    last_rank: int

    @property
    def request(self) -> SearchRequest:
        return SearchRequest(
            prompt=self.prompt,
            filters=self.filters,
            among=self.among,
            legs=self.legs,
            k=self.k,
            min_relevance=self.min_relevance,
        )


async def next_rows(
    database: Database, encoders: PromptEncoders, search_id: UUID, cursor: str | None
) -> SearchAnswer:
    """The `k` rows of a search after `cursor`, from its first one without; no image comes twice.

    Rows that were answered before are read from the log. Others are searched for by the same request, and
    logged. Raises NotFound, InvalidInput for a cursor that the search never gave, and Conflict where the
    caller sees other brands than the search did.
    """
    started = time.perf_counter()
    logged = await _logged(database, search_id)
    after = _place(cursor, logged)
    report = Report(logged.strategy, logged.matched, logged.complete)
    if after == logged.last_rank:
        report = await _answer_further(database, encoders, search_id, logged)
    values = {"search_id": search_id, "after": after, "k": logged.k}
    async with database.reading() as connection:
        items = await fetch_all(connection, SQL["logged_results"], values, Candidate)
        last_rank: int = await fetch_value(connection, SQL["last_rank"], values)
    return SearchAnswer(
        search_id=search_id,
        items=tuple(items),
        strategy=report.strategy,
        matched=report.matched,
        complete=report.complete,
        took_ms=round((time.perf_counter() - started) * 1000, 2),
        cursor=cursor_after(after + logged.k, logged.k, last_rank - after, report),
        imagined_id=logged.imagined_id or UNSET,
    )


async def unseen_rows(
    database: Database, encoders: PromptEncoders, search_id: UUID
) -> tuple[int, SearchAnswer]:
    """The `k` rows after all that a search has given so far, and how many that were; none once it has ended.

    Raises NotFound and Conflict.
    """
    logged = await _logged(database, search_id)
    after = logged.last_rank
    if after % logged.k:
        answer = SearchAnswer(
            search_id=search_id,
            items=(),
            strategy=logged.strategy,
            matched=logged.matched,
            complete=logged.complete,
            took_ms=0.0,
        )
    else:
        answer = await next_rows(database, encoders, search_id, str(after) if after else None)
    return after, answer


async def _logged(database: Database, search_id: UUID) -> _Logged:
    async with database.reading() as connection:
        logged = await fetch_one(connection, SQL["logged_search"], {"search_id": search_id}, _Logged)
    if logged is None:
        raise NotFound(f"There is no search {search_id}.")
    # What it has answered was chosen, ranked and counted among the brands that were seen then.
    if not logged.same_view:
        raise Conflict("This search was made with other brands in sight. Search again.")
    return logged


async def _answer_further(
    database: Database, encoders: PromptEncoders, search_id: UUID, logged: _Logged
) -> Report:
    await embed_if_possible(database, encoders, logged.prompt)
    values = arguments(logged.request, logged.prompt, without=logged.answered)
    if logged.imagined is not None:
        vector = HalfVector.from_text(logged.imagined)
        values |= by_picture(vector, without=[*logged.answered, *await _pictures(database, logged)])
    async with database.answering() as connection:
        rows = await rows_of(connection, values)
        report = await report_of(connection, values, rows)
        await execute(connection, SQL["lock_results"], {"search_id": search_id})
        await log_rows(connection, search_id, logged.last_rank, rows)
    return report


async def _pictures(database: Database, logged: _Logged) -> list[int]:
    """The picture that was searched by."""
    async with database.reading() as connection:
        values = {"generation_id": logged.imagined_id}
        found: list[int] = await fetch_value(connection, SQL["pictures_of"], values)
        return found


def _place(cursor: str | None, logged: _Logged) -> int:
    """The rank after which a page begins: pages are whole, so that each row is on one of them."""
    after = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() and len(cursor) < 10 else 0
    if (cursor is not None and str(after) != cursor) or after % logged.k or after > logged.last_rank:
        raise InvalidInput("This cursor is not one of this search.", field="cursor")
    return after
