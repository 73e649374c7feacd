"""Builds a space's HNSW index anew beside the one that serves, and swaps the two."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import psycopg
from msgspec import Struct
from psycopg import AsyncConnection, sql
from psycopg.errors import InsufficientPrivilege, LockNotAvailable
from psycopg.rows import class_row, dict_row

from rage_pg.database import translated
from rage_pg.errors import Forbidden, InvalidInput, NotFound
from rage_pg.resources import statements

SQL = statements("audit")

LOOK_EVERY = 0.5
"""Seconds between two looks at how far the building has come."""

MOST_MEMORY = 2_000_000_000
"""Bytes that a building takes unless told otherwise. A graph that does not fit takes many times as long."""

Building: TypeAlias = Callable[[int, int], None]
"""Called with how many vectors are in the new index, and of how many."""


class Rebuilt(Struct, frozen=True, kw_only=True):
    """`index`: what serves now. `dropped`: what was there, the remains of failed buildings among it."""

    space: str
    index: str
    dropped: tuple[str, ...]


class _Index(Struct, frozen=True, kw_only=True):
    partition: str
    dimensions: int
    vectors: int
    vector_schema: str
    name: str | None
    definition: str | None
    valid: bool


async def rebuild(
    url: str,
    space: str,
    *,
    brand: str | None = None,
    m: int = 24,
    ef_construction: int = 200,
    memory: int | None = None,
    building: Building | None = None,
) -> Rebuilt:
    """Build the index of a space concurrently and swap it in; searches go on meanwhile.

    With a `brand` an index of its images alone, which serves searches within that brand.

    `memory` in bytes: None takes what the graph needs, up to 2 GB, or what the server is set to.
    `m` 2 to 100 and `ef_construction` 4 to 1,000, at least twice `m`, as pgvector has them: larger find more,
    and take longer to build. `url` is that of the owner. Killed half-way, the old index serves on, and what
    was left is dropped next time. Raises NotFound, InvalidInput, Forbidden.
    """
    if not (2 <= m <= 100 and 2 * m <= ef_construction <= 1000):
        raise InvalidInput(
            "m must be from 2 to 100, ef_construction from twice m to 1000.", "ef_construction"
        )
    async with _as_owner(url) as connection:
        await _wait_for_turn(connection)
        found = await _indexes(connection, space)
        brand_id = None if brand is None else await _brand_id(connection, brand)
        await _give_memory(connection, memory or _graph_size(found[0], m))
        watching = asyncio.create_task(_watch(url, found[0].partition, building)) if building else None
        try:
            return await _rebuild(connection, found, space, brand_id, (m, ef_construction))
        finally:
            if watching:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching


async def _rebuild(
    connection: AsyncConnection[Any],
    found: Sequence[_Index],
    space: str,
    brand_id: int | None,
    parameters: tuple[int, int],
) -> Rebuilt:
    served = f"{found[0].partition}_hnsw" + ("" if brand_id is None else f"_brand_{brand_id}")
    fresh = f"{served}_new"
    remains = [one.name for one in found if one.name and _is_remains(one.name)]
    for name in remains:
        await _drop(connection, name)
    await connection.execute(_create(found[0], fresh, brand_id, *parameters))
    old = [one.name for one in found if one.name == served]
    await _swap(connection, served, fresh, existed=bool(old))
    return Rebuilt(space=space, index=served, dropped=tuple(name for name in [*old, *remains] if name))


def _graph_size(index: _Index, m: int) -> int:
    """Bytes that pgvector holds while it builds: vectors of two bytes a number, and their links."""
    return min(index.vectors * (2 * index.dimensions + 64 * m + 256), MOST_MEMORY)


async def _give_memory(connection: AsyncConnection[Any], needed: int) -> None:
    """The server's own setting, or more where the graph needs it."""
    await connection.execute(
        "SELECT set_config('maintenance_work_mem', greatest(%s / 1024, setting::bigint) || 'kB', false)"
        " FROM pg_settings WHERE name = 'maintenance_work_mem'",
        [needed],
    )


async def _indexes(connection: AsyncConnection[Any], space: str) -> Sequence[_Index]:
    async with connection.cursor(row_factory=class_row(_Index)) as cursor:
        await cursor.execute(SQL["space_index"].encode(), {"space": space})
        found = await cursor.fetchall()
    if not found:
        raise NotFound(f"There is no space {space!r}.")
    return found


def _is_remains(name: str) -> bool:
    """Whether a building that was killed left it: ours, or one of REINDEX CONCURRENTLY."""
    return re.search(r"_hnsw(_brand_\d+)?(_new|_ccnew\d*|_ccold\d*)$", name) is not None


def _create(index: _Index, name: str, brand_id: int | None, m: int, ef_construction: int) -> sql.Composed:
    return sql.SQL(
        "CREATE INDEX CONCURRENTLY {name} ON rage.{partition}"
        " USING hnsw ((embedding::{schema}.halfvec({dimensions})) {schema}.halfvec_cosine_ops)"
        " WITH (m = {m}, ef_construction = {ef_construction}){condition}"
    ).format(
        name=sql.Identifier(name),
        partition=sql.Identifier(index.partition),
        schema=sql.Identifier(index.vector_schema),
        dimensions=sql.Literal(index.dimensions),
        m=sql.Literal(m),
        ef_construction=sql.Literal(ef_construction),
        condition=sql.SQL("" if brand_id is None else " WHERE brand_id = {}").format(sql.Literal(brand_id)),
    )


async def drop(url: str, space: str, brand: str) -> str:
    """Drop the index of a brand's own images; its name. Raises NotFound where there is none."""
    async with _as_owner(url) as connection:
        found = await _indexes(connection, space)
        name = f"{found[0].partition}_hnsw_brand_{await _brand_id(connection, brand)}"
        if name not in [one.name for one in found]:
            raise NotFound(f"The brand {brand} has no index of its own in {space}.")
        await _drop(connection, name)
    return name


async def _wait_for_turn(connection: AsyncConnection[Any]) -> None:
    """Two at once would build the same twice, and drop each other's.

    Asked again and again: a statement that waits for the lock would be waited for by the building.
    """
    while True:
        cursor = await connection.execute("SELECT pg_try_advisory_lock(hashtextextended('rage.rebuild', 0))")
        row = await cursor.fetchone()
        if row and row[0]:
            return
        await asyncio.sleep(LOOK_EVERY)


@asynccontextmanager
async def _as_owner(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection of its own: what is built concurrently is built outside of transactions."""
    try:
        with translated():
            async with await AsyncConnection.connect(url, autocommit=True) as connection:
                yield connection
    except InsufficientPrivilege as error:
        raise Forbidden(
            "Indexes are built by the owner of the tables: a superuser, or a member of rage_owner."
        ) from error


async def _brand_id(connection: AsyncConnection[Any], brand: str) -> int:
    cursor = await connection.execute(SQL["brand_id"].encode(), {"brand": brand})
    row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"There is no brand {brand!r}.")
    return int(row[0])


async def _drop(connection: AsyncConnection[Any], name: str) -> None:
    await connection.execute(sql.SQL("DROP INDEX CONCURRENTLY rage.{}").format(sql.Identifier(name)))


async def _swap(connection: AsyncConnection[Any], served: str, fresh: str, *, existed: bool) -> None:
    """Dropping waits for the searches under way, and others for it: not for long, and then once more."""
    while True:
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '2s'")
                if existed:
                    await connection.execute(sql.SQL("DROP INDEX rage.{}").format(sql.Identifier(served)))
                await connection.execute(
                    sql.SQL("ALTER INDEX rage.{} RENAME TO {}").format(
                        sql.Identifier(fresh), sql.Identifier(served)
                    )
                )
        except LockNotAvailable:
            await asyncio.sleep(LOOK_EVERY)
        else:
            return


async def _watch(url: str, partition: str, building: Building) -> None:
    """Tell how far it has come until it is cancelled."""
    with suppress(psycopg.Error):
        async with await AsyncConnection.connect(url, autocommit=True, row_factory=dict_row) as connection:
            while True:
                cursor = await connection.execute(SQL["building"].encode(), {"partition": partition})
                if row := await cursor.fetchone():
                    building(int(row["done"]), int(row["total"] or 0))
                await asyncio.sleep(LOOK_EVERY)
