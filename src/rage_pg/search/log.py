"""What was searched for and what was answered, written down."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Row, execute
from rage_pg.resources import statements
from rage_pg.types import SearchRequest, is_counted

SQL = statements("search")


class Report(Struct, frozen=True):
    """How a search was answered."""

    strategy: str
    matched: int
    complete: bool

    @property
    def counted(self) -> bool:
        """Whether `matched` is neither an estimate nor a bound."""
        return is_counted(self.strategy)


async def log_search(
    connection: Connection,
    request: SearchRequest,
    values: Row,
    rows: Sequence[Row],
    report: Report,
    took_ms: float,
    asked_by: str | None,
) -> UUID:
    search_id = uuid4()
    asked = {
        **values,
        "search_id": search_id,
        "filters": Jsonb(
            {name: value for name, value in msgspec.to_builtins(request.filters).items() if value}
        ),
        **msgspec.structs.asdict(report),
        "took_ms": took_ms,
        "asked_by": asked_by,
    }
    # One round trip for both.
    async with connection.pipeline():
        await execute(connection, SQL["log_search"], asked)
        await log_rows(connection, search_id, 0, rows)
    return search_id


async def log_rows(connection: Connection, search_id: UUID, after: int, rows: Sequence[Row]) -> None:
    values = {
        "search_id": search_id,
        "after": after,
        "image_ids": [row["image"]["id"] for row in rows],
        "scores": [row["score"] for row in rows],
        "hits": [Jsonb(row["legs"]) for row in rows],
    }
    await execute(connection, SQL["log_results"], values)
