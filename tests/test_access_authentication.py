"""Who has a key, and sessions of the page that were begun with it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from rage_pg.access import keys
from rage_pg.access.authentication import (
    SESSION,
    any_key,
    authenticate,
    caller_of_session,
    log_in,
    log_out,
)
from rage_pg.callers import NOBODY, Scope
from rage_pg.database import Database
from tests.generating import rows, value

CLIENT = "203.0.113.7"
LAST_USE = "SELECT last_used_at FROM rage.api_keys"


@pytest.fixture
def nobody(database: Database) -> Database:
    """Whoever asks who somebody is need not be anybody."""
    return database.acting_for(NOBODY)


async def make(database: Database, name: str = "shop", *scopes: Scope, **said: Any) -> str:
    settings: dict[str, Any] = {"brands": ["default"], "every_brand": False, "expires_at": None} | said
    made = await keys.create(database, name, scopes=scopes or ("read",), created_by=None, **settings)
    return made.text.reveal()


async def test_key_names_its_caller(database: Database, nobody: Database) -> None:
    text = await make(database, "shop", "write", "generate")
    caller = await authenticate(nobody, text)
    assert caller is not None
    assert (caller.name, caller.every_brand) == ("shop", False)
    assert caller.scopes == frozenset({"write", "generate"})
    assert caller.setting == str(await value(database, "SELECT caller_id FROM rage.callers"))
    every = await authenticate(nobody, await make(database, "all", brands=[], every_brand=True))
    assert every is not None
    assert every.every_brand


async def test_texts_that_are_no_key_are_nobodys(database: Database, nobody: Database) -> None:
    text = await make(database)
    prefix, secret = text[:14], text[14:]
    cases = [
        "", " ", text[:-1], text + "x", f" {text}", f"{text}\n", text.upper(), secret, prefix,
        prefix + "A" * 43, f"rage_00000000_{secret}", f"rage_%_______{secret}", "rage_" + "\0" * 52,
        "rage_ÄÖÜäöü00_" + secret, "\ud800" * 57, "x" * 1_000_000, "' OR 1=1 --",
    ]  # fmt: skip
    for case in cases:
        assert await authenticate(nobody, case) is None, case[:60]
        assert await log_in(nobody, case) is None, case[:60]
    assert await authenticate(nobody, text) is not None


async def test_expired_and_revoked_keys_are_nobodys(database: Database, nobody: Database) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    expiring, revoked = await make(database, "expiring", expires_at=soon), await make(database, "revoked")
    assert await authenticate(nobody, expiring) is not None
    await rows(database, "UPDATE rage.callers SET expires_at = now() WHERE name = 'expiring'")
    await keys.revoke(database, "revoked")
    assert await authenticate(nobody, expiring) is None
    assert await authenticate(nobody, revoked) is None


async def test_refusals_are_logged_without_the_key(database: Database, nobody: Database) -> None:
    text = await make(database)
    with capture_logs() as logged:
        await authenticate(nobody, text, client=CLIENT)
        await authenticate(nobody, text[:14] + "A" * 43, client=CLIENT)
        await authenticate(nobody, "rage_00000000_" + "B" * 43, client=CLIENT)
        await authenticate(nobody, "something else", client=CLIENT)
        await log_in(nobody, "hunter2", client=CLIENT)
    assert [(entry["log_level"], entry["client"], entry["name"]) for entry in logged] == [
        ("warning", CLIENT, "shop"),
        ("warning", CLIENT, None),
        ("warning", CLIENT, None),
        ("warning", CLIENT, None),
    ]
    written = str(logged)
    assert not any(secret in written for secret in (text[5:], "AAAA", "BBBB", "00000000", "else", "hunter2"))


async def test_last_use_is_noted_to_the_minute(database: Database, nobody: Database) -> None:
    text = await make(database)
    assert await value(database, LAST_USE) is None
    assert await authenticate(nobody, text[:14] + "A" * 43) is None
    assert await value(database, LAST_USE) is None
    await authenticate(nobody, text)
    first = await value(database, LAST_USE)
    assert first is not None
    session = await log_in(nobody, text)
    assert session is not None
    assert await value(database, LAST_USE) == first
    await rows(database, "UPDATE rage.api_keys SET last_used_at = now() - interval '2 minutes'")
    await caller_of_session(nobody, session[0])
    assert await value(database, LAST_USE) > first


async def test_a_key_that_was_is_remembered(database: Database, nobody: Database) -> None:
    assert not await any_key(nobody)
    await make(database)
    assert await any_key(nobody)
    await keys.revoke(database, "shop")
    assert await any_key(nobody)


async def test_session_stands_for_its_key(database: Database, nobody: Database) -> None:
    text = await make(database, "shop", "write")
    session = await log_in(nobody, text)
    assert session is not None
    token, expires_at = session
    assert abs(expires_at - datetime.now(UTC) - SESSION) < timedelta(minutes=1)
    assert await caller_of_session(nobody, token) == await authenticate(nobody, text)
    (stored,) = await rows(database, "SELECT * FROM rage.page_sessions")
    assert stored["token_sha256"] == hashlib.sha256(token.encode()).digest()
    assert token.encode() not in b"".join(str(column).encode() for column in stored.values())
    await log_out(nobody, token)
    assert await caller_of_session(nobody, token) is None
    for wrong in ("", token[:-1], f"{token} ", "\xff\0", "x" * 100_000):
        assert await caller_of_session(nobody, wrong) is None


async def test_session_ends_with_its_time_and_with_its_key(database: Database, nobody: Database) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    short = await log_in(nobody, await make(database, "short", expires_at=soon))
    assert short is not None
    assert short[1] == soon
    old = await log_in(nobody, await make(database, "old"))
    revoked = await log_in(nobody, await make(database, "revoked"))
    assert old is not None
    assert revoked is not None
    await rows(database, "UPDATE rage.callers SET expires_at = now() WHERE name = 'short'")
    await rows(database, "UPDATE rage.callers SET revoked_at = now() WHERE name = 'revoked'")
    end = "UPDATE rage.page_sessions SET expires_at = now() WHERE token_sha256 = %(token)s"
    await rows(database, end, token=hashlib.sha256(old[0].encode()).digest())
    for token, _ in (short, old, revoked):
        assert await caller_of_session(nobody, token) is None


async def test_logging_in_clears_sessions_that_have_ended(database: Database, nobody: Database) -> None:
    text = await make(database)
    await log_in(nobody, text)
    await rows(database, "UPDATE rage.page_sessions SET expires_at = now()")
    await log_in(nobody, text)
    assert await value(database, "SELECT count(*) FROM rage.page_sessions") == 1
