"""A request with everything that it names looked up and checked, before anything is written or spent."""

from __future__ import annotations

from uuid import UUID

import msgspec
from msgspec import Struct

from rage_pg.database import Connection, fetch_one, fetch_value
from rage_pg.errors import InvalidInput, NotFound, NotPossible
from rage_pg.generation.call import Generators, build_call, parameters_of
from rage_pg.generation.references import Chosen, choose
from rage_pg.providers.ports import GenerationCall, ImageGenerator
from rage_pg.resources import statements
from rage_pg.types import GenerationRequest, SearchAnswer

SQL = statements("generation")


class Plan(Struct, frozen=True, kw_only=True):
    """What will be written and sent."""

    request: GenerationRequest
    brand_id: int
    search_id: UUID | None
    generator: ImageGenerator
    model: str
    references: list[Chosen]
    call: GenerationCall


class _Brand(Struct, frozen=True):
    brand_id: int
    name: str
    guidelines: str | None


async def make_plan(
    connection: Connection, generators: Generators, request: GenerationRequest, found: SearchAnswer | None
) -> Plan:
    """Raises InvalidInput, NotFound or NotPossible."""
    generator = generators(request.provider)
    brand = await fetch_one(connection, SQL["get_brand"], {"brand": request.brand}, _Brand)
    if brand is None:
        raise NotFound(f"There is no brand {request.brand!r}.")
    search_id = await _search(connection, request, found)
    references = await choose(
        connection, request, generator.reference_limits, brand.brand_id, found, search_id
    )
    model = request.model or generator.default_model
    call = build_call(
        generator,
        prompt=request.prompt,
        purpose=request.purpose,
        model=model,
        parameters=parameters_of(request),
        images=[chosen.image for chosen in references],
        guidelines=brand.guidelines,
    )
    generator.check(call)
    return Plan(
        request=request,
        brand_id=brand.brand_id,
        search_id=search_id,
        generator=generator,
        model=model,
        references=references,
        call=call,
    )


def checked(request: GenerationRequest) -> GenerationRequest:
    """The request with the limits of its type enforced: not every caller decodes it from JSON."""
    try:
        request = msgspec.convert(msgspec.to_builtins(request), GenerationRequest)
        text = msgspec.json.encode(request).decode()
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{error}.") from None
    except UnicodeEncodeError:
        raise InvalidInput("The request holds text that is not valid Unicode.") from None
    if not request.prompt.strip():
        raise InvalidInput("The prompt is empty.", field="prompt")
    if "\\u0000" in text.replace("\\\\", ""):
        raise InvalidInput("The request holds a NUL character.")
    if request.mask is not None:
        raise NotPossible("Masks are not supported yet; leave mask out.")
    return request


async def _search(
    connection: Connection, request: GenerationRequest, found: SearchAnswer | None
) -> UUID | None:
    """The search that the references come from; all that the request refers to must exist."""
    if request.auto is not None and request.search_id is not None:
        raise InvalidInput("auto searches by itself; leave search_id out.", field="search_id")
    search_id = found.search_id if request.auto is not None and found is not None else request.search_id
    asked = {"parent_id": request.parent_id, "search_id": search_id, "proposal_id": request.proposal_id}
    missing: str | None = await fetch_value(connection, SQL["get_missing_origin"], asked)
    if missing is not None:
        raise NotFound(f"There is no {missing}.")
    return search_id
