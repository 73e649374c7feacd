"""API keys: what one grants, what is kept of it, and when it ends."""

from __future__ import annotations

import asyncio
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from rage_pg.access import keys
from rage_pg.access.keys import NewKey, digest, parse
from rage_pg.callers import NOBODY, Caller
from rage_pg.catalogue import brands
from rage_pg.database import Database
from rage_pg.errors import Conflict, Forbidden, InvalidInput, NotFound

HOSTILE_NAMES = [
    'it\'s "quoted"; DROP TABLE rage.callers --',
    "100 %s %(name)s",
    "Schlüssel 鍵 🔑",
    "x" * 100,
]


@pytest.fixture
async def store(database: Database) -> Database:
    """A store with two brands."""
    for name in ("Lumen", "northtrail"):
        await brands.create(database, name)
    return database


async def make(database: Database, name: str = "shop", **changes: Any) -> NewKey:
    values: dict[str, Any] = {
        "brands": ["lumen"],
        "every_brand": False,
        "scopes": ["read"],
        "expires_at": None,
        "created_by": "system",
    }
    if changes.get("every_brand"):
        values["brands"] = []
    return await keys.create(database, name, **{**values, **changes})


def everything_stored(url: str) -> str:
    """Every row of every table and view, as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE n.nspname IN ('rage', 'rage_v1') AND c.relkind IN ('r', 'v')"
        ).fetchall()
        parts = [
            connection.execute(
                sql.SQL("SELECT coalesce(string_agg(t::text, ' '), '') FROM {} AS t").format(
                    sql.Identifier(*table)
                )
            ).fetchone()
            for table in tables
        ]
    return "\n".join(part[0] for part in parts if part)


async def test_store_without_keys_lists_none(database: Database) -> None:
    assert await keys.listing(database) == []


async def test_new_key_is_known_by_its_prefix_and_its_hash(store: Database, database_url: str) -> None:
    new = await make(store)
    text = new.text.reveal()
    assert parse(text) == new.key.prefix
    with psycopg.connect(database_url) as connection:
        stored = connection.execute("SELECT prefix, secret_sha256 FROM rage.api_keys").fetchall()
    assert stored == [(new.key.prefix, digest(text))]


async def test_no_two_keys_are_alike(store: Database) -> None:
    made = [await make(store, f"key {number}") for number in range(5)]
    assert len({new.text.reveal() for new in made}) == len({new.key.prefix for new in made}) == 5


async def test_text_of_a_key_is_kept_nowhere(store: Database, database_url: str) -> None:
    new = await make(store)
    text = new.text.reveal()
    secret = text.removeprefix(f"rage_{new.key.prefix}_")
    await keys.revoke(store, "shop")
    stored = everything_stored(database_url)
    assert new.key.prefix in stored
    for place in (stored, repr(new), str(new), repr(await keys.listing(store))):
        assert secret not in place
        assert secret.encode().hex() not in place


async def test_listing_tells_what_a_key_may(store: Database) -> None:
    until = datetime(2090, 1, 31, tzinfo=UTC)
    await make(store, "shop", brands=["northtrail", "lumen"], scopes=["generate", "read"], expires_at=until)
    await make(store, "all", every_brand=True, scopes=["admin"])
    shop, everything = await keys.listing(store)
    assert (shop.name, shop.brands, shop.every_brand) == ("shop", ("Lumen", "northtrail"), False)
    assert (shop.scopes, shop.expires_at, shop.status) == (("read", "generate"), until, "active")
    assert (shop.created_by, shop.revoked_at, shop.last_used_at) == ("system", None, None)
    assert (everything.name, everything.brands, everything.every_brand) == ("all", (), True)
    assert everything.scopes == ("admin",)


async def test_brands_are_named_as_people_write_them(store: Database) -> None:
    new = await make(store, brands=[" LUMEN ", "lumen", "Lumen"], scopes=["read", "read"])
    assert (new.key.brands, new.key.scopes) == (("Lumen",), ("read",))


async def test_unknown_brands_are_all_named_and_nothing_is_made(store: Database) -> None:
    with pytest.raises(NotFound, match="There are no brands 'acme', \"o'neill\"\\."):
        await make(store, brands=["acme", "lumen", "o'neill"])
    with pytest.raises(NotFound, match=r"There is no brand '100%s'\."):
        await make(store, brands=["100%s"])
    assert await keys.listing(store) == []


async def test_name_is_for_good(store: Database) -> None:
    await make(store)
    with pytest.raises(Conflict, match="'shop'"):
        await make(store)
    await keys.revoke(store, "shop")
    with pytest.raises(Conflict, match="names are for good"):
        await make(store, brands=["northtrail"])
    assert [key.brands for key in await keys.listing(store)] == [("Lumen",)]


async def test_of_two_made_at_once_under_one_name_one_is_made(store: Database) -> None:
    made = await asyncio.gather(*(make(store) for _ in range(4)), return_exceptions=True)
    (new,) = (one for one in made if isinstance(one, NewKey))
    assert sum(isinstance(one, Conflict) for one in made) == 3
    assert [key.prefix for key in await keys.listing(store)] == [new.key.prefix]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"brands": []}, "brands"),
        ({"brands": ["lumen"], "every_brand": True}, "brands"),
        ({"brands": ["lu\0men"]}, "brands"),
        ({"brands": ["lu\udcffmen"]}, "brands"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "root"]}, "scopes"),
        ({"expires_at": datetime.now(UTC) - timedelta(seconds=1)}, "expires_at"),
        ({"name": ""}, "name"),
        ({"name": " \t "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "nul\0"}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "half \udcff"}, "name"),
        ({"name": "turned \u202e round"}, "name"),
    ],
)
async def test_what_cannot_be_meant_is_refused(store: Database, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await make(store, **changes)
    assert refused.value.field == field
    assert await keys.listing(store) == []


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_any_printable_name_will_do(store: Database, name: str) -> None:
    await make(store, f" {name} ")
    assert [key.name for key in await keys.listing(store)] == [name]
    assert (await keys.revoke(store, name)).status == "revoked"


async def test_names_that_look_the_same_are_the_same(store: Database) -> None:
    await make(store, unicodedata.normalize("NFD", "Küche"))
    with pytest.raises(Conflict):
        await make(store, unicodedata.normalize("NFC", "Küche"))


async def test_expired_key_says_so(store: Database, database_url: str) -> None:
    await make(store, expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert (await keys.get(store, "shop")).status == "active"
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE rage.callers SET expires_at = now() - interval '1 second'")
    assert (await keys.get(store, "shop")).status == "expired"
    assert (await keys.revoke(store, "shop")).status == "revoked"


async def test_revoking_is_for_good_and_a_second_time_changes_nothing(store: Database) -> None:
    await make(store)
    first = await keys.revoke(store, "shop")
    assert first.status == "revoked"
    assert first.revoked_at is not None
    assert await keys.revoke(store, " shop ") == first == await keys.get(store, "shop")


async def test_revoking_ends_the_sessions_of_that_key_alone(store: Database, database_url: str) -> None:
    for name in ("shop", "agency"):
        await make(store, name)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO rage.page_sessions (token_sha256, caller_id, expires_at)"
            " SELECT sha256((name || n)::bytea), caller_id, now() + interval '1 day'"
            " FROM rage.callers, generate_series(1, 2) AS n"
        )
    await keys.revoke(store, "shop")
    with psycopg.connect(database_url) as connection:
        left = connection.execute(
            "SELECT name FROM rage.page_sessions JOIN rage.callers USING (caller_id)"
        ).fetchall()
    assert left == [("agency",), ("agency",)]


async def test_unknown_key_is_not_found(store: Database) -> None:
    for ask in (keys.get, keys.revoke):
        with pytest.raises(NotFound, match="There is no key named 'shop'"):
            await ask(store, "shop")


async def test_who_is_not_the_operator_neither_makes_nor_sees_keys(store: Database) -> None:
    new = await make(store, every_brand=True, scopes=["read", "write", "generate", "admin"])
    with psycopg.connect(store.url) as connection:
        connection.execute("SELECT set_config('rage.caller', 'system', false)")
        row = connection.execute("SELECT caller_id FROM rage.api_keys").fetchone()
    assert row is not None
    admin = Caller(setting=str(row[0]), name=new.key.name)
    for caller in (NOBODY, admin):
        database = store.acting_for(caller)
        assert await keys.listing(database) == []
        with pytest.raises(NotFound):
            await keys.revoke(database, "shop")
        with pytest.raises(Forbidden):
            await make(database, "mine", every_brand=True)
    assert [(key.name, key.status) for key in await keys.listing(store)] == [("shop", "active")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rage_",
        "rage_abcd1234_",
        "rage_abcd1234_" + "x" * 42,
        "rage_abcd1234_" + "x" * 44,
        "rage_ABCD1234_" + "x" * 43,
        "rage_abcd123_" + "x" * 44,
        "rage_abcd1234_" + "x" * 42 + "\n",
        "rage_abcd1234_" + "x" * 43 + "\n",
        " rage_abcd1234_" + "x" * 43,
        "rage_abcd1234_" + "x" * 42 + "é",
        "rage_abcd1234_" + "x" * 42 + "\udcff",
        "rage_\u0661bcd1234_" + "x" * 43,
        "sk-" + "x" * 50,
    ],
)
def test_what_has_not_the_form_of_a_key_is_none(text: str) -> None:
    assert parse(text) is None
