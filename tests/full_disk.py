"""A full disk, without filling one: what is written goes to a device that takes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.store import operator_url

FULL = "/dev/full"


@contextmanager
def full(url: str, table: str, event: str = "INSERT") -> Iterator[None]:
    """The server finds its disk full when it writes to a table of `rage`, until the body ends."""
    names = {"table": sql.Identifier("rage", table), "event": sql.SQL(event)}
    with psycopg.connect(operator_url(url), autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION public.fill_the_disk() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
            f" $$ BEGIN COPY (SELECT 1) TO '{FULL}'; RETURN NULL; END $$"
        )
        connection.execute(
            sql.SQL(
                "CREATE TRIGGER fill_the_disk AFTER {event} ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION public.fill_the_disk()"
            ).format(**names)
        )
        try:
            yield
        finally:
            connection.execute("DROP FUNCTION public.fill_the_disk() CASCADE")
