"""Searching by a draft: a picture of the prompt is made, or was made before, and what looks like it is found.

The draft is a generation like any other, in the ledger and under the budgets; its picture shows in no search.
It is carried out in this process, or by a worker that is quicker.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from pgvector import HalfVector

from rage_pg import generation
from rage_pg.billing import DEFAULT_BRAND, billed
from rage_pg.callers import SYSTEM
from rage_pg.database import fetch_one, fetch_value
from rage_pg.errors import Conflict, Forbidden, InvalidInput, NotPossible, ProviderError, ProviderRefused
from rage_pg.jobs.hold import holding
from rage_pg.jobs.work import OutputImages, rules_of
from rage_pg.providers.checked import as_halves, checked_vectors
from rage_pg.providers.ports import ImageEncoder
from rage_pg.resources import statements
from rage_pg.runtime import Runtime
from rage_pg.search import Imagined
from rage_pg.types import Generation, GenerationRequest, SearchAnswer, SearchRequest, Space

SQL = statements("search")
GENERATION = statements("generation")

LOOK = 1.0
"""Seconds between two looks whether it may be carried out."""
PATIENCE = 600.0
"""Seconds to wait for a worker that has it."""
LEG = "image"


class _Picture(Struct, frozen=True):
    image_id: int
    thumbnail: bytes
    vector: str | None


async def searched(runtime: Runtime, request: SearchRequest) -> SearchAnswer:
    """The answer of a search, by a draft of its prompt where it asks for one.

    Raises InvalidInput; for a draft also SetupError without a space of images, NotPossible, BudgetReached,
    and ProviderError where it cannot be made.
    """
    if not request.imagine:
        return await runtime.search(request)
    if request.legs is not None and not request.legs.get(LEG):
        raise InvalidInput("A draft is searched by the image leg: give it a weight.", field="legs")
    space, encoder = await runtime.space_of_images()
    draft_id = await _draft(runtime, request)
    return await runtime.search(request, await _imagined(runtime, space, encoder, draft_id))


async def _draft(runtime: Runtime, request: SearchRequest) -> UUID:
    """The draft of a prompt: one that was made before, which costs nothing, or a new one."""
    generator = runtime.generators(None)
    if not generator.conditioned_on_prompt:
        raise NotPossible(
            f"{generator.name} does not read the prompt, so a draft of it says nothing. Set RAGE_GENERATOR.",
            field="imagine",
        )
    named = [brand for brand in request.filters.brand if brand.strip().casefold() != "shared"]
    brand = named[0] if len(named) == 1 else "default"
    values = {"prompt": request.prompt.strip(), "provider": generator.name, "brand": brand}
    async with runtime.database.reading() as connection:
        # In this order: one that ends in between is found, not made again.
        ended: int = await fetch_value(connection, GENERATION["count_drafts"], values)
        earlier: UUID | None = await fetch_value(connection, GENERATION["get_draft"], values)
    if earlier is not None:
        return earlier
    made = await _made(runtime, GenerationRequest(prompt=values["prompt"], brand=brand), _key(values, ended))
    if made.status == "succeeded":
        return made.id
    detail = (made.error or {}).get("detail", f"It is {made.status}.")
    fault = f"There is no draft to search by (generation {made.id}): {detail}"
    raise ProviderRefused(fault) if made.status == "refused" else ProviderError(fault)


def _key(values: dict[str, str], ended: int) -> str:
    """What two who ask for the same draft at once have in common: one makes it, the other waits for it."""
    return f"draft {sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()} {ended}"


async def _made(runtime: Runtime, request: GenerationRequest, key: str) -> Generation:
    system = runtime.acting_for(SYSTEM).database
    images = OutputImages(runtime.settings.limits)
    rules = replace(rules_of(runtime.settings), in_line=False, defer=None)
    async with holding(system) as hold:
        try:
            asked = await generation.accept(
                runtime.database,
                runtime.generators,
                request,
                defer=hold.defer,
                draft=True,
                asked_by=runtime.database.caller.name,
                idempotency_key=key,
            )
        except Forbidden:
            raise Forbidden(
                f"The brand {request.brand} would pay for the draft, for which you may not generate."
                " Name in the filters the one brand that is to pay."
            ) from None
        while await hold.renew():
            later = await generation.run(system, runtime.generators, images, asked.id, rules)
            if later is None:
                break
            await asyncio.sleep(min(LOOK, max(0.0, (later - datetime.now(UTC)).total_seconds())))
        return await generation.wait_for(system, asked.id, PATIENCE)


async def _imagined(runtime: Runtime, space: Space, encoder: ImageEncoder, draft_id: UUID) -> Imagined:
    values = {"generation_id": draft_id, "space_id": space.id}
    async with runtime.database.reading() as connection:
        picture = await fetch_one(connection, SQL["get_imagined"], values, _Picture)
    if picture is None:
        raise Conflict("The draft was deleted this moment; search again.")
    if picture.vector is not None:
        vector = HalfVector.from_text(picture.vector)
    else:
        async with billed(runtime.database, encoder, DEFAULT_BRAND) as paid:
            vectors = await paid.encode_images([picture.thumbnail])
        vector = as_halves(checked_vectors(vectors, encoder.identity, 1))[0]
    return Imagined(generation_id=draft_id, image_id=picture.image_id, vector=vector)
