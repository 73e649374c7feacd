"""One embedded server per Postgres version and test run; one fresh clone of a migrated template per test."""

from __future__ import annotations

import itertools
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from rage_pg import migrate
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.embedded import app_url, embedded_server
from rage_pg.providers import usem3
from tests.store import HashingEncoder, add

# Whatever starts the tests in the background has Ctrl-C ignored: some of them press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    """A short path: Unix sockets allow 107 bytes. It lies where the server's own user may go."""
    with tempfile.TemporaryDirectory(prefix="rage-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def server_18(server_dir: Path) -> Iterator[str]:
    with embedded_server(server_dir / "18", major=18) as url:
        hurry(url)
        yield url


@pytest.fixture(scope="session")
def server_16(server_dir: Path) -> Iterator[str]:
    with embedded_server(server_dir / "16", major=16) as url:
        hurry(url)
        yield url


@pytest.fixture(params=[16, 18])
def any_server(request: pytest.FixtureRequest) -> str:
    """The server of each supported version in turn."""
    url: str = request.getfixturevalue(f"server_{request.param}")
    return url


@pytest.fixture
def empty_database() -> Callable[[str], str]:
    """Makes a new, empty database on a server and gives its URL."""

    def make(server: str) -> str:
        return clone(server, "template0")

    return make


@pytest.fixture(scope="session")
def template(server_18: str) -> str:
    """Name of a migrated database that nobody is connected to, to be cloned."""
    url = clone(server_18, "template0")
    migrate.upgrade(url, app_logs_in=True)
    return database_name(url)


@pytest.fixture
def database_url(server_18: str, template: str) -> Iterator[str]:
    """The operator's: a superuser, whom no policy holds."""
    url = clone(server_18, template)
    name = database_name(url)
    yield url
    # All of them together would take tens of gigabytes.
    with psycopg.connect(server_18, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def service_url(database_url: str) -> str:
    """The same database as the service gets it."""
    return app_url(database_url)


@pytest.fixture
async def database(service_url: str) -> AsyncIterator[Database]:
    """As command line and workers have it: on the operator's behalf, in the service's role."""
    async with Database(service_url, caller=SYSTEM) as opened:
        yield opened


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder(usem3.Usem3().identity)


@pytest.fixture
async def filtered(database: Database) -> Database:
    await add(
        database,
        "summer lamp",
        brand="Lumen",
        sku=("L-1", "L-2"),
        kind="product",
        tags=("Light/Lamp", "red"),
        attributes={"season": "summer", "price": "12.50", "colours": ["red", "blue"]},
    )
    await add(
        database,
        "winter lamp",
        brand="Lumen",
        sku=("L-3",),
        kind="product",
        tags=("light",),
        attributes={"season": "winter", "price": 8},
    )
    await add(database, "lamp sketch", brand="north", kind="sketch", tags=("lightning", "Straße"))
    await add(database, "draft lamp", brand="north", state="draft")
    return database


def hurry(server: str) -> None:
    """A test's data need not outlive a power cut; not waiting for the disk, a clone is thrice as fast."""
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def clone(server: str, template: str) -> str:
    """A new database made from a template; the file copy takes some 30 ms."""
    name = f"t{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return server.replace("/rage?", f"/{name}?", 1)


def database_name(url: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.info.dbname
