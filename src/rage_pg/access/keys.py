"""API keys: made, listed, revoked.

A key is `rage_<prefix>_<secret>`. The prefix finds its row and may be shown; the whole text is shown once,
and only its hash is stored.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from rage_pg.access.grants import SQL, check_brands, grant_brands, known_scopes
from rage_pg.callers import Scope
from rage_pg.config import Secret
from rage_pg.database import Connection, Database, execute, fetch_all, fetch_only, fetch_value
from rage_pg.errors import Conflict, InvalidInput, NotFound

FORM = re.compile(r"rage_([0-9a-z]{8})_[A-Za-z0-9_-]{43}")
PREFIX_LENGTH, SECRET_BYTES = 8, 32
LONGEST_NAME = 100

Status: TypeAlias = Literal["active", "expired", "revoked"]


class Key(Struct, frozen=True, kw_only=True):
    """What may be known of a key: all but its text. A key that is revoked and expired is revoked."""

    name: str
    prefix: str
    brands: tuple[str, ...]
    every_brand: bool
    scopes: tuple[Scope, ...]
    status: Status
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKey(Struct, frozen=True, kw_only=True):
    """A key that was just made, with its text: there is no other way to get it, now or later."""

    text: Secret
    key: Key


def parse(text: str) -> str | None:
    """The prefix of a text that has the form of a key; None for any other text."""
    found = FORM.fullmatch(text)
    return found[1] if found else None


def digest(text: str) -> bytes:
    """What is stored of a key: the SHA-256 of its whole text. 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).digest()


async def create(
    database: Database,
    name: str,
    *,
    brands: Sequence[str],
    every_brand: bool,
    scopes: Sequence[str],
    expires_at: datetime | None,
    created_by: str | None,
) -> NewKey:
    """A new key for some brands, or for every brand, those to come included.

    Raises InvalidInput, NotFound for unknown brands, and Conflict for a name that was ever used.
    """
    name = _storable_name(name)
    check_brands(brands, every_brand=every_brand)
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise InvalidInput("The key would have expired already.", field="expires_at")
    prefix, text = _random_key()
    values = {
        "name": name,
        "scopes": known_scopes(scopes),
        "every_brand": every_brand,
        "created_by": created_by,
        "expires_at": expires_at,
        "prefix": prefix,
        "sha256": digest(text),
    }
    async with database.transaction() as connection:
        caller_id = await fetch_value(connection, SQL["create_key"], values)
        if caller_id is None:
            raise Conflict(f"A key named {name!r} is, or was, in use; names are for good, so choose another.")
        await grant_brands(connection, caller_id, brands)
        key = await fetch_only(connection, SQL["list_keys"], {"name": name}, Key)
    return NewKey(text=Secret(text), key=key)


async def listing(database: Database) -> list[Key]:
    """Every key there ever was, oldest first."""
    async with database.reading() as connection:
        return await fetch_all(connection, SQL["list_keys"], {"name": None}, Key)


async def get(database: Database, name: str) -> Key:
    """One key by its name. Raises NotFound."""
    async with database.reading() as connection:
        return await _get(connection, _storable_name(name))


async def revoke(database: Database, name: str) -> Key:
    """End a key, and what was logged in with it, for good; a second time changes nothing. Raises NotFound."""
    name = _storable_name(name)
    async with database.transaction() as connection:
        await execute(connection, SQL["revoke_key"], {"name": name})
        await execute(connection, SQL["end_page_sessions"], {"name": name})
        return await _get(connection, name)


async def _get(connection: Connection, name: str) -> Key:
    found = await fetch_all(connection, SQL["list_keys"], {"name": name}, Key)
    if not found:
        raise NotFound(f"There is no key named {name!r}.")
    return found[0]


def _random_key() -> tuple[str, str]:
    letters = string.digits + string.ascii_lowercase
    prefix = "".join(secrets.choice(letters) for _ in range(PREFIX_LENGTH))
    return prefix, f"rage_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"


def _storable_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name.strip())
    if not (1 <= len(name) <= LONGEST_NAME and name.isprintable()):
        raise InvalidInput(f"A key's name has 1 to {LONGEST_NAME} printable characters.", field="name")
    return name
