"""Callers for tests: rows as `rage keys create` and `rage db grant-sql` make them, without their ceremony."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from rage_pg.callers import SCOPES, Caller, Scope

GRANT = """
WITH caller AS (
    INSERT INTO rage.callers (kind, name, scopes, every_brand)
    VALUES (%(kind)s, %(name)s, %(scopes)s, %(every_brand)s)
    RETURNING caller_id
),
granted AS (
    INSERT INTO rage.caller_brands (caller_id, brand_id)
    SELECT c.caller_id, b.brand_id FROM caller AS c, rage.brands AS b WHERE b.name = ANY (%(brands)s)
)
SELECT caller_id::text FROM caller
"""


def caller(
    url: str, name: str, *brands: str, scopes: tuple[Scope, ...] = SCOPES, every_brand: bool = False
) -> Caller:
    """A key's caller that is granted these brands, made by the operator of `url`."""
    return Caller(
        setting=_granted(url, "key", name, brands, scopes, every_brand),
        name=name,
        scopes=frozenset(scopes),
        every_brand=every_brand,
    )


@contextmanager
def login(
    url: str, name: str, *brands: str, scopes: tuple[Scope, ...] = ("read",), role: str = "rage_reader"
) -> Iterator[str]:
    """The URL of a login role that is granted these brands; roles are the server's, so it goes in the end."""
    _granted(url, "login", name, brands, scopes, False)
    role_name, member = sql.Identifier(name), sql.Identifier(role)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN IN ROLE {}").format(role_name, member))
    try:
        yield url.replace("//postgres@", f"//{name}@", 1)
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP OWNED BY {}").format(role_name))
            connection.execute(sql.SQL("DROP ROLE {}").format(role_name))


def _granted(
    url: str, kind: str, name: str, brands: tuple[str, ...], scopes: tuple[Scope, ...], every_brand: bool
) -> str:
    values = {
        "kind": kind,
        "name": name,
        "scopes": list(scopes),
        "every_brand": every_brand,
        "brands": list(brands),
    }
    with psycopg.connect(url) as connection:
        row = connection.execute(GRANT, values).fetchone()
    assert row is not None
    caller_id: str = row[0]
    return caller_id
