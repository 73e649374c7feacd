"""Who somebody is: by their key, or by the session of the page that they began with it.

All of it is asked on the operator's behalf: who it is for is not known yet.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import structlog
from msgspec import Struct

from rage_pg.access import keys
from rage_pg.callers import SYSTEM, Caller, Scope
from rage_pg.database import Connection, Database, execute, fetch_one, fetch_value
from rage_pg.resources import statements

log = structlog.get_logger(__name__)

SQL = statements("sessions")
SESSION = timedelta(hours=12)
TOKEN_BYTES = 32
NO_DIGEST = bytes(32)
"""Compared with where no key has this prefix: that takes as long, and nothing is known to have this hash."""


class _Holder(Struct, frozen=True, kw_only=True):
    """Whose key it is. `idle`: its use has not been noted for a minute."""

    setting: str
    name: str
    scopes: frozenset[Scope]
    every_brand: bool
    idle: bool

    @property
    def caller(self) -> Caller:
        return Caller(setting=self.setting, name=self.name, scopes=self.scopes, every_brand=self.every_brand)


class _Key(_Holder, frozen=True, kw_only=True):
    secret_sha256: bytes
    good: bool


async def any_key(database: Database) -> bool:
    """Whether there ever was a key, revoked ones included: who once asked for keys goes on asking."""
    async with database.acting_for(SYSTEM).reading() as connection:
        return bool(await fetch_value(connection, SQL["any_key"], {}))


async def authenticate(database: Database, key_text: str, *, client: str | None = None) -> Caller | None:
    """Who has this key; None where it is no key, unknown, expired or revoked.

    That is logged with `client`, the address that it came from, and never with the key.
    """
    key = None
    if (prefix := keys.parse(key_text)) is not None:
        async with database.acting_for(SYSTEM).transaction() as connection:
            key = await fetch_one(connection, SQL["get_key"], {"prefix": prefix}, _Key)
            secret = NO_DIGEST if key is None else key.secret_sha256
            if hmac.compare_digest(secret, keys.digest(key_text)) and key is not None and key.good:
                return await _noted(connection, key)
    log.warning("a key was refused", client=client, name=key and key.name)
    return None


async def log_in(
    database: Database, key_text: str, *, client: str | None = None
) -> tuple[str, datetime] | None:
    """Begin a session: the token that stands for it, and when it ends; None where the key is not good."""
    caller = await authenticate(database, key_text, client=client)
    if caller is None:
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {
        "token_sha256": _digest(token),
        "setting": caller.setting,
        "seconds": SESSION.total_seconds(),
    }
    async with database.acting_for(SYSTEM).transaction() as connection:
        await execute(connection, SQL["remove_expired_sessions"], {})
        expires_at: datetime | None = await fetch_value(connection, SQL["add_session"], values)
    return None if expires_at is None else (token, expires_at)


async def caller_of_session(database: Database, token: str) -> Caller | None:
    """Who is logged in with this token; None once the session has ended or its key is no longer good."""
    values = {"token_sha256": _digest(token)}
    async with database.acting_for(SYSTEM).transaction() as connection:
        holder = await fetch_one(connection, SQL["get_session"], values, _Holder)
        return None if holder is None else await _noted(connection, holder)


async def log_out(database: Database, token: str) -> None:
    """End the session of this token, if there is one."""
    async with database.acting_for(SYSTEM).transaction() as connection:
        await execute(connection, SQL["remove_session"], {"token_sha256": _digest(token)})


async def _noted(connection: Connection, holder: _Holder) -> Caller:
    if holder.idle:
        await execute(connection, SQL["note_use"], {"setting": holder.setting})
    return holder.caller


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
