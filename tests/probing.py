"""Two brands that must know nothing of each other, and ways to ask for what is another's.

acme (ours) and velvetfox (theirs) have the same sorts of things. Whatever is velvetfox's bears a word or a
number that nothing else bears, so that an answer can be searched for it. In a second store all of velvetfox
is gone: nobody at acme may be able to tell the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct

from rage_pg.callers import SCOPES, Caller
from rage_pg.embedded import app_url
from rage_pg.types import Generation, Image
from tests.conftest import clone
from tests.store import png

OURS, THEIRS, SHARED = "acme", "velvetfox", "shared"
COMMON = png(1_000_001)
"""A picture that both brands have."""
UNUSED_UUID = UUID("00000000-0000-4000-8000-000000000000")
UNUSED_NUMBER = 888000199
UNUSED_HASH = "5" * 64
"""Nothing has these, and they are as long as what somebody has."""
FIRST_OF_THEIRS = 777000100
WORDS = ("velvetfox", "quagga", "moonrise", "moonstone", "vfx", "777000")
"""Whatever is theirs has one of these, or is one of the hashes and ids that a World names."""

LOGINS = {
    "probe_ours": (OURS, "rage_reader", ["read"]),
    "probe_ours_asking": (OURS, "rage_requester", list(SCOPES)),
    "probe_theirs": (THEIRS, "rage_reader", ["read"]),
    "probe_theirs_asking": (THEIRS, "rage_requester", list(SCOPES)),
}
"""Name of the login, its brand, its role and its scopes."""

VIEWS = """
SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'rage_v1'::regnamespace ORDER BY relname
"""
TABLES = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'rage'::regnamespace ORDER BY relname
"""


class Side(Struct, frozen=True, kw_only=True):
    """What one brand has, as somebody could guess it."""

    brand: str
    word: str
    prompt: str
    prompt_vector: str
    """Of the caption of the style picture, as JSON."""
    key: str
    caller: Caller
    session: str
    image: Image
    old_sha256: str
    content: bytes
    twin_id: int
    style_id: int
    draft_id: int
    deleted_id: int
    tag: str
    sku: str
    external_id: str
    attribute: str
    collection: str
    label: str
    idempotency_key: str
    search_id: UUID
    proposal_id: UUID
    made: Generation
    queued: Generation
    batch_id: UUID
    batched_at: datetime

    @property
    def ids(self) -> list[str]:
        """Ids and hashes; numbers are not among them: a list of WORDS knows them."""
        hashes = [self.image.sha256, self.old_sha256, *(output.sha256 for output in self.made.outputs)]
        uuids = [
            self.made.id,
            self.queued.id,
            self.batch_id,
            self.search_id,
            self.proposal_id,
            self.caller.setting,
        ]
        return [*hashes, *map(str, uuids), self.key, self.session]


class World(Struct, frozen=True, kw_only=True):
    """Both brands, and a generation of ours with a picture of theirs that somebody granted both made.

    `full` and `without` are databases to be cloned: both brands', and the one without any trace of theirs.
    """

    full: str
    without: str
    ours: Side
    theirs: Side
    shared: Side
    """Everybody's to read, and not ours to change."""
    both_key: str
    lent: Image
    mixed: Generation

    def told(self, answer: str, guesses: Iterable[object] = ()) -> list[str]:
        """What an answer tells of theirs, apart from what was guessed, and from what we may know: number and
        hash of the picture that a generation of ours used."""
        for known in (*guesses, self.lent.id):
            answer = answer.replace(str(known), "")
        text = answer.lower()
        return [secret for secret in (*WORDS, *self.theirs.ids) if secret.lower() in text]


class Sessions(Struct, frozen=True, kw_only=True):
    """One side's: a login that reads, one that asks, and the service for a key."""

    reader: psycopg.Connection
    asking: psycopg.Connection
    service: psycopg.Connection

    def of(self, name: str) -> psycopg.Connection:
        session: psycopg.Connection = getattr(self, name)
        return session


class Scene(Struct, frozen=True, kw_only=True):
    """A copy of the world with everybody's sessions; `alone`: ours, where theirs never were."""

    url: str
    world: World
    ours: Sessions
    theirs: Sessions
    alone: Sessions
    nobody: psycopg.Connection


@contextmanager
def logins(server: str) -> Iterator[None]:
    """The roles of LOGINS: they are the server's, so they go in the end."""
    with psycopg.connect(server, autocommit=True) as operator:
        for name, (_, role, _) in LOGINS.items():
            operator.execute(f"CREATE ROLE {name} LOGIN IN ROLE {role}".encode())
        try:
            yield
        finally:
            for name in LOGINS:
                operator.execute(f"DROP ROLE {name}".encode())


@contextmanager
def cloned(server: str, template: str) -> Iterator[str]:
    """The operator's URL of a copy that goes in the end, with what roles own in it."""
    url = clone(server, template)
    try:
        yield url
    finally:
        with psycopg.connect(server, autocommit=True) as operator:
            operator.execute(f"DROP DATABASE {url.split('/')[3].split('?')[0]} WITH (FORCE)".encode())


def as_role(url: str, role: str, setting: str | None = None) -> psycopg.Connection:
    """A session of a login, or of the service on behalf of a caller."""
    connection = psycopg.connect(app_url(url, role), autocommit=True)
    if setting is not None:
        connection.execute("SELECT set_config('rage.caller', %s, false)", [setting])
    return connection


def operate(url: str, statement: str, **values: Any) -> Any:
    """Run a statement as the operator; the first value of its answer."""
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def answer(connection: psycopg.Connection, statement: str, values: Mapping[str, object] | None = None) -> str:
    """All that somebody is told by a statement: its rows as they are sent, or its error, and every notice."""
    told: list[str] = []

    def note(said: psycopg.errors.Diagnostic) -> None:
        told.append(f"{said.severity}: {said.message_primary} {said.message_detail}")

    connection.add_notice_handler(note)
    try:
        told.insert(0, _rows(connection.execute(statement.encode(), values)))
    except psycopg.Error as error:
        told.insert(0, _fault(error))
    finally:
        connection.remove_notice_handler(note)
    return "\n".join(told)


def guessed(connection: psycopg.Connection, statement: str, guess: object) -> str:
    """What a statement answers about %(g)s, apart from repeating it."""
    told = answer(connection, statement, {"g": guess})
    return told.replace(str(guess), "?")


def _rows(cursor: psycopg.Cursor[Any]) -> str:
    """As text that came over the wire, with the number of rows."""
    result = cursor.pgresult
    assert result is not None
    lines = [
        "\t".join((result.get_value(row, column) or b"null").decode() for column in range(result.nfields))
        for row in range(result.ntuples)
    ]
    return "\n".join([f"{cursor.statusmessage}", *lines])


def _fault(error: psycopg.Error) -> str:
    said = error.diag
    return f"{error.sqlstate} {said.message_primary} {said.message_detail} {said.message_hint} {said.context}"


def names(url: str, statement: str) -> list[str]:
    with psycopg.connect(url) as operator:
        return [name for (name,) in operator.execute(statement.encode()).fetchall()]


def dumped(session: psycopg.Connection, relation: str) -> str:
    return "\n".join(sorted(answer(session, f"SELECT * FROM {relation}").splitlines()))
