"""What a running rage-pg consists of: settings, a database that is ready, and the providers that it needs.

The service, the worker and every command enter `running()`; it starts or joins the embedded server where no
database is named, brings an embedded database up to date, and refuses one of the host's that is behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from typing import cast
from uuid import UUID

import structlog

from rage_pg import index, migrate
from rage_pg import proposal as proposing
from rage_pg import search as searching
from rage_pg.billing import DEFAULT_BRAND, billed
from rage_pg.callers import SYSTEM, Caller
from rage_pg.config import Settings
from rage_pg.database import Database, fetch_value
from rage_pg.embedded import app_url, embedded_server
from rage_pg.errors import BudgetReached, ProviderError, RageError, SetupError
from rage_pg.providers.encoders import REMOTE, Encoders, Named, named
from rage_pg.providers.ports import Encoder, ImageEncoder, PromptEncoders
from rage_pg.providers.registry import Generators, Registry
from rage_pg.types import (
    Candidate,
    Encodes,
    Facets,
    Proposal,
    ProposalRequest,
    SearchAnswer,
    SearchRequest,
    Space,
)

MOST_PROPOSED = 8
"""Slots of a proposal that is not told how many: what a person looks through at a glance."""

log = structlog.get_logger(__name__)


class Runtime:
    """One process's view of rage-pg. Encoders are made when a space needs them, and kept."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.registry = Registry(settings)

    def acting_for(self, caller: Caller) -> Runtime:
        """The same runtime, with its database on another's behalf."""
        bound = copy(self)
        bound.database = self.database.acting_for(caller)
        return bound

    @property
    def generators(self) -> Generators:
        return self.registry.generators()

    @property
    def encoders(self) -> Encoders:
        return self.registry.encoders

    @property
    def _prompts(self) -> PromptEncoders:
        return self.encoders.prompt_encoder

    async def add_space(
        self, encoder_name: str, encodes: Encodes | None = None, *, name: str | None = None
    ) -> Space:
        """A space to be filled from now on. Raises InvalidInput, SetupError, ProviderError."""
        wanted = named(encoder_name, encodes)
        encoder = await self._encoder(wanted)
        return await index.add_space(self.database, encoder.identity, name)

    async def kept_up(self) -> list[Encoder]:
        """The encoders of the spaces that are kept up. Of one that has none here, its space says why."""
        found = []
        for space in await index.kept_up_spaces(self.database):
            try:
                found.append(await self.encoders.encoder(index.identity_of(space)))
            except SetupError as error:
                await index.note_trouble(self.database, space, str(error))
        return found

    async def _encoder(self, wanted: Named) -> Encoder:
        if wanted.encoder != REMOTE:
            return await self.encoders.local(wanted.encoder, wanted.model)
        remote = self.encoders.remote(wanted.model or "", wanted.dimensions, wanted.encodes)
        if remote.identity.dimensions:
            return remote
        async with billed(self.database, remote, DEFAULT_BRAND) as paid:
            dimensions = await paid.asked_dimensions()
        return self.encoders.remote(wanted.model or "", dimensions, wanted.encodes)

    async def search(
        self, request: SearchRequest, imagined: searching.Imagined | None = None
    ) -> SearchAnswer:
        """The best images for a prompt, by every space that is searched now; logged. Raises InvalidInput."""
        return await searching.search(self.database, self._prompts, request, imagined)

    async def space_of_images(self) -> tuple[Space, ImageEncoder]:
        """The space in which pictures are compared now, and its encoder. Raises SetupError."""
        for space in await self._active():
            if space.encodes == "image":
                encoder = await self.encoders.encoder(index.identity_of(space))
                return space, cast("ImageEncoder", encoder)
        raise SetupError(
            "Pictures are compared in no space here, which a search by a draft needs.",
            "Set RAGE_IMAGE_ENCODER to clip, siglip or openai:MODEL, and let the index fill.",
        )

    async def compared_by(self) -> frozenset[str]:
        """The legs by whose vectors images can be compared now."""
        return frozenset(leg for space in await self._active() for leg in space.legs)

    async def next_rows(self, search_id: UUID, cursor: str | None) -> SearchAnswer:
        """What follows the rows that a search has given. Raises NotFound, InvalidInput, Conflict."""
        return await searching.next_rows(self.database, self._prompts, search_id, cursor)

    async def unseen_rows(self, search_id: UUID) -> tuple[int, SearchAnswer]:
        """What follows all that a search has given, and how many that were. Raises NotFound, Conflict."""
        return await searching.unseen_rows(self.database, self._prompts, search_id)

    async def search_facets(self, request: SearchRequest) -> Facets:
        """Counts over what `search` would find. Raises InvalidInput."""
        return await searching.facets(self.database, self._prompts, request)

    async def look(self, request: SearchRequest) -> tuple[Candidate, ...]:
        """What `search` would find; nothing is written, or paid for."""
        return await searching.look(self.database, self._prompts, request)

    async def propose(self, request: ProposalRequest) -> Proposal:
        """References for a prompt; logged. Raises InvalidInput, NotFound."""
        planner = self._planner(request.planner)
        return await self._propose(request, planner, keep=True)

    async def suggest(self, request: ProposalRequest) -> Proposal:
        """What `propose` would propose, as far as that costs nothing; nothing is written.

        Its notes say what was not asked. Raises what `propose` does.
        """
        remote = self.registry.planner(request.planner)
        planner = proposing.by_catalogue if remote is None else proposing.without(remote)
        return await self._propose(request, planner, keep=False)

    async def _propose(self, request: ProposalRequest, planner: proposing.Planner, *, keep: bool) -> Proposal:
        slots = request.slots or self._slots()
        return await proposing.propose(self.database, self._prompts, planner, request, slots, keep=keep)

    def _planner(self, name: str | None) -> proposing.Planner:
        """Raises InvalidInput for a name that a request got wrong, SetupError for what the settings lack."""
        remote = self.registry.planner(name)
        if remote is None:
            return proposing.by_catalogue
        return proposing.by_model(self.database, remote)

    def _slots(self) -> int:
        """What the default generator takes, or would; a store can be asked before a generator is set up."""
        try:
            generator = self.generators(None)
            most = generator.able(generator.default_model).references
        except RageError:
            most = MOST_PROPOSED
        return max(1, min(MOST_PROPOSED, most))

    async def settle_encoders(self) -> None:
        """Give each encoder that is set its space, searched at once where no other with vectors is.

        A provider that cannot be reached is asked again at the next start. Raises SetupError.
        """
        settings: list[tuple[str | None, Encodes]] = [
            (self.settings.text_encoder, "caption"),
            (self.settings.image_encoder, "image"),
        ]
        for name, encodes in settings:
            if name is not None:
                try:
                    await self._settle(named(name, encodes))
                except (ProviderError, BudgetReached) as error:
                    log.warning("the space of an encoder could not be made", encoder=name, reason=str(error))

    async def _settle(self, wanted: Named) -> None:
        space = await index.newest_space(self.database, wanted.encoder, wanted.model, wanted.encodes)
        if space is not None and space.state == "retired":
            log.warning("the space of an encoder was retired; add it again to use it", space=space.name)
            return
        if space is None:
            encoder = await self._encoder(wanted)
            space = await index.add_space(self.database, encoder.identity)
        if not space.legs and not await index.is_in_use(self.database, wanted.encodes):
            await index.activate(self.database, space.name, force=True)

    async def _active(self) -> list[Space]:
        return await index.active_spaces(self.database)


@asynccontextmanager
async def running(
    settings: Settings, *, as_service: bool = False, max_connections: int = 10
) -> AsyncIterator[Runtime]:
    """A runtime on a database of the current schema. Raises SetupError with what to do.

    `as_service`: it will answer others, and refuses a role that row-level security would not hold.
    """
    if settings.database_read_url is not None:
        log.warning("RAGE_DATABASE_READ_URL is not used by this version: reads go to the primary too")
    with database_url(settings) as url:
        await asyncio.to_thread(_ready, settings, url)
        own = app_url(url) if settings.database_url is None else url
        async with Database(own, caller=SYSTEM, max_connections=max_connections) as database:
            if as_service:
                await _check_role(database)
            runtime = Runtime(settings, database)
            await runtime.settle_encoders()
            yield runtime


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The URL of the database that is set, or the operator's URL of the embedded server, which stops with its
    last user."""
    if settings.database_url is not None:
        yield settings.database_url
    else:
        with embedded_server(settings.data_dir) as url:
            yield url


async def _check_role(database: Database) -> None:
    async with database.reading() as connection:
        reason = await fetch_value(connection, "SELECT rage.exemption()", {})
        open_schema = await fetch_value(connection, migrate.CREATABLE, {})
    if open_schema is not None:
        raise SetupError(*migrate.untrusted(open_schema))
    if reason is not None:
        raise SetupError(
            f"The role of RAGE_DATABASE_URL is {reason}: brands would not be kept apart.",
            "Run: rage db grant-app LOGIN, and set RAGE_DATABASE_URL to that login.",
        )


def _ready(settings: Settings, url: str) -> None:
    pending = migrate.pending(url)
    if settings.database_url is None:
        if pending or not migrate.behaviour_is_current(url):
            migrate.upgrade(url, app_logs_in=True)
    elif pending:
        raise SetupError("The database lacks the schema of this version.", "Run: rage db upgrade")
