"""The connection pool, transactions, rows as values, and Postgres errors as ours.

Everything that talks to Postgres while the service runs goes through `Database.transaction()`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from functools import partial
from typing import Any, LiteralString, TypeVar

import msgspec
import psycopg
from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection, AsyncTransaction, sql
from psycopg.errors import (
    DeadlockDetected,
    DiskFull,
    InsufficientPrivilege,
    QueryCanceled,
    SerializationFailure,
    UniqueViolation,
)
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from rage_pg.callers import NOBODY, Caller
from rage_pg.claims import Claims
from rage_pg.errors import (
    Conflict,
    DatabaseFull,
    DatabaseUnavailable,
    Forbidden,
    InvalidInput,
    RageError,
    SetupError,
)

Connection = AsyncConnection[DictRow]
Row = Mapping[str, Any]
T = TypeVar("T")

SEARCH_PATH = """
SELECT set_config(
    'search_path',
    concat_ws(', ', 'rage', nullif(extnamespace::regnamespace::text, 'rage'), 'pg_temp'), false)
FROM pg_extension WHERE extname = 'vector'
"""
"""Our schema, then the extension's, wherever the host put it; never `public` for its own sake."""

PREPARED_AFTER = 2**31
"""Only what says so is prepared: a plan that is made for any value is ruinous under a rare filter."""

READ_TIMEOUT = "30s"
"""A question that takes longer is given up: its asker has long gone, and others wait."""

ACT_FOR = "SELECT set_config('rage.caller', %s, true)"
ACT_BY_KEY_FOR = f"{ACT_FOR}, set_config('plan_cache_mode', 'force_generic_plan', true)"
ANSWER_FOR = f"""
{ACT_FOR}, set_config('synchronous_commit', 'off', true), set_config('statement_timeout', %s, true)
"""
READ_FOR = f"""
{ACT_FOR}, set_config('transaction_read_only', 'on', true), set_config('statement_timeout', %s, true)
"""
"""Each ends with its transaction: the connection goes back to the pool as nobody's."""

CONSTRAINTS: Mapping[str, Callable[[], RageError]] = {
    "brands_key_unique": partial(Conflict, "There is a brand of this name already."),
    "collections_brand_key_unique": partial(Conflict, "There is a collection of this name already."),
    "tags_brand_name_unique": partial(
        Conflict, "There is a tag of this name already; merge the two instead."
    ),
    "images_brand_content_unique": partial(Conflict, "Another image of this brand shows the same bytes."),
    "image_identifiers_unique": partial(Conflict, "Another image of this brand has this external id."),
    "embedding_spaces_name_unique": partial(Conflict, "There is a space of this name already."),
    "images_usable_in_order": partial(InvalidInput, "usable_from lies after usable_until.", "usable_from"),
    "generations_idempotency_key": partial(
        Conflict, "This Idempotency-Key is in use by a request under way."
    ),
}
"""What a violated constraint means to the caller, by the constraint's name."""


class Database:
    """A pool of connections to one database. Open it before use, close it after.

    Each transaction tells Postgres on whose behalf it asks; row-level security does the rest. Who says
    nothing asks for nobody, and sees nothing.
    """

    def __init__(self, url: str, *, caller: Caller = NOBODY, max_connections: int = 10) -> None:
        self.url = url
        self.caller = caller
        self._within: Connection | None = None
        self._claims = Claims(url)
        self._pool = AsyncConnectionPool[Connection](
            url,
            connection_class=AsyncConnection[DictRow],
            kwargs={
                "row_factory": dict_row,
                "autocommit": True,
                "application_name": "rage-pg",
                "prepare_threshold": PREPARED_AFTER,
            },
            min_size=1,
            max_size=max_connections,
            timeout=10,
            configure=_configure,
            open=False,
        )

    def acting_for(self, caller: Caller) -> Database:
        """The same pool on another's behalf; whoever opened it closes it."""
        bound = copy(self)
        bound.caller = caller
        return bound

    def within(self, connection: Connection) -> Database:
        """The same database, whose transactions are parts of the one under way on this connection."""
        bound = copy(self)
        bound._within = connection
        return bound

    async def open(self) -> None:
        """Raises DatabaseUnavailable after 10 seconds without a connection."""
        with translated():
            await self._pool.open(wait=True, timeout=10)

    async def close(self) -> None:
        await self._claims.close()
        await self._pool.close()

    async def __aenter__(self) -> Database:
        try:
            await self.open()
        except BaseException:
            # A cancellation half-way would leave the pool's own tasks running, and the loop waiting for them.
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self, *, by_key: bool = False) -> AsyncIterator[Connection]:
        """One transaction: committed at the end, rolled back on any error, which comes out as ours.

        `by_key`: its statements find a few rows by their keys, so one plan does for all values: they are
        prepared and planned once a connection, and take a third of the time.
        """
        beginning, prepared_after = (ACT_BY_KEY_FOR, 0) if by_key else (ACT_FOR, PREPARED_AFTER)
        async with self._transaction(beginning, [self.caller.setting], prepared_after) as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A transaction that changes nothing, and in which no statement runs for longer than READ_TIMEOUT."""
        async with self._transaction(READ_FOR, [self.caller.setting, READ_TIMEOUT]) as connection:
            yield connection

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[Connection]:
        """A transaction that answers a question and notes that it did, under the time limit of `reading`.

        Its end does not wait for the disk: a crash of the server within the next moments loses the note.
        """
        async with self._transaction(ANSWER_FOR, [self.caller.setting, READ_TIMEOUT]) as connection:
            yield connection

    @asynccontextmanager
    async def claimed(self, name: str, *, wait: bool = True) -> AsyncIterator[bool]:
        """One at a time does what goes under this name, in all processes; it holds no connection of the pool.

        False where another is at it and there is to be no `wait`. Raises Conflict after too long a wait.
        """
        with translated():
            async with self._claims.held(name, wait=wait) as mine:
                yield mine

    @asynccontextmanager
    async def _transaction(
        self, beginning: LiteralString, values: list[str], prepared_after: int = PREPARED_AFTER
    ) -> AsyncIterator[Connection]:
        if self._within is not None:
            async with self._within.transaction():
                yield self._within
            return
        with translated():
            async with AsyncExitStack() as ending:
                yield await self._begun(ending, beginning, values, prepared_after)

    async def _begun(
        self, ending: AsyncExitStack, beginning: LiteralString, values: list[str], prepared_after: int
    ) -> Connection:
        """A connection with a transaction that `ending` ends. Its first words show whether it still lives."""
        for is_last in (*[False] * self._pool.max_size, True):
            connection = await ending.enter_async_context(self._pool.connection())
            connection.prepare_threshold = prepared_after
            try:
                # One round trip for both. connection.transaction() would stay in the pipeline to its end.
                async with connection.pipeline():
                    await ending.enter_async_context(AsyncTransaction(connection))
                    await connection.execute(beginning, values)
                return connection
            except psycopg.OperationalError:
                if is_last:
                    raise
                # Lost while it lay in the pool: nothing was asked on it yet, so another one will do.
                await connection.close()
                await ending.aclose()
        raise AssertionError


class translated:  # noqa: N801 - reads as a statement: `with translated():`
    """Turns errors of psycopg and its pool into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, PoolTimeout | psycopg.Error):
            raise translate(error) from error


def translate(error: PoolTimeout | psycopg.Error) -> BaseException:
    """The domain's error for a database error; the error itself where it can only be a fault of ours."""
    if isinstance(error, DeadlockDetected | SerializationFailure):
        return Conflict("Another change to the same rows got in the way; try again.")
    if isinstance(error, PoolTimeout) or _is_gone(error):
        return DatabaseUnavailable("The database cannot be reached; try again when it is back.")
    if isinstance(error, QueryCanceled):
        return DatabaseUnavailable("This took the database too long and was given up; narrow it down.")
    if isinstance(error, psycopg.OperationalError):
        return _unable(error)
    constraint = error.diag.constraint_name or ""
    if constraint in CONSTRAINTS:
        return CONSTRAINTS[constraint]()
    message = _message(error)
    if isinstance(error, psycopg.DataError):
        # psycopg itself refuses NUL in a text, and then there is no SQLSTATE; in JSON Postgres does.
        if _is_sql_state(error, "22P05") or "NUL (0x00)" in message:
            message = "A text holds a NUL character, which Postgres cannot store."
        return InvalidInput(message, field=error.diag.column_name)
    if _is_sql_state(error, "P0002"):
        return Conflict(f"{message} {error.diag.message_hint or ''}".strip())
    if isinstance(error, UniqueViolation):
        return Conflict(message)
    # Known by the place in the server that says so: the message is in the server's language.
    if isinstance(error, InsufficientPrivilege) and error.diag.source_function == "ExecWithCheckOptions":
        return Forbidden("This belongs to a brand that you may not change.")
    if isinstance(error, InsufficientPrivilege) and error.diag.source_function == "exec_stmt_raise":
        return Forbidden(f"{message[:1].upper()}{message[1:].rstrip('.')}.")
    if _is_sql_state(error, "42P01") or _is_sql_state(error, "3F000") or _is_sql_state(error, "42883"):
        return SetupError("The database lacks the schema of this version.", "Run: rage db upgrade")
    return error


def _unable(error: psycopg.OperationalError) -> DatabaseUnavailable:
    """It answered, and could not: its disk is full, a lock was not to be had, a row is too large."""
    if isinstance(error, DiskFull):
        return DatabaseFull("The disk of the database is full.", "Make room on it, and try again.")
    return DatabaseUnavailable(f"The database could not do this: {_message(error)}")


async def fetch_all(
    connection: Connection, statement: str, values: Row, kind: type[T], *, binary: bool = False
) -> list[T]:
    """Every row as a value of `kind`. `binary`: for rows with bytes in them, twice as many as text."""
    cursor = await connection.execute(_literal(statement), values, binary=binary)
    return [msgspec.convert(row, kind, strict=False) for row in await cursor.fetchall()]


async def fetch_one(connection: Connection, statement: str, values: Row, kind: type[T]) -> T | None:
    """The first row as a value of `kind`, or None where there is none."""
    cursor = await connection.execute(_literal(statement), values)
    row = await cursor.fetchone()
    return None if row is None else msgspec.convert(row, kind, strict=False)


async def fetch_only(connection: Connection, statement: str, values: Row, kind: type[T]) -> T:
    """The row of a statement that always gives one."""
    found = await fetch_one(connection, statement, values, kind)
    if found is None:
        raise LookupError("A statement that always gives a row gave none.")
    return found


async def fetch_value(connection: Connection, statement: str, values: Row) -> Any:
    """The first column of the first row, or None where there is none."""
    cursor = await connection.execute(_literal(statement), values)
    row = await cursor.fetchone()
    return None if row is None else next(iter(row.values()))


async def execute(connection: Connection, statement: str, values: Row) -> int:
    """Run a statement for its effect; the number of rows that it touched."""
    cursor = await connection.execute(_literal(statement), values)
    return cursor.rowcount


def _literal(statement: str) -> sql.SQL:
    """Our statements come from files, which a type checker cannot see to be literal."""
    return sql.SQL(statement)


async def _configure(connection: Connection) -> None:
    await connection.execute(SEARCH_PATH)
    # Small queries do not repay compiling.
    await connection.execute("SELECT set_config('jit', 'off', false)")
    if await _has_vector(connection):
        await register_vector_async(connection)


async def _has_vector(connection: Connection) -> bool:
    cursor = await connection.execute("SELECT FROM pg_extension WHERE extname = 'vector'")
    return await cursor.fetchone() is not None


def _is_gone(error: psycopg.Error) -> bool:
    """No connection, or one that the server or an administrator ended."""
    if isinstance(error, psycopg.InterfaceError):
        return True
    state = error.sqlstate or "08"
    return isinstance(error, psycopg.OperationalError) and state[:2] in ("08", "57") and state != "57014"


def _message(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).strip().rstrip(".") + "."


def _is_sql_state(error: BaseException, state: str) -> bool:
    return isinstance(error, psycopg.Error) and error.sqlstate == state
