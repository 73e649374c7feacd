"""A request with everything that it names looked up and checked, before anything is written or spent."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from rage_pg.database import Connection, fetch_one, fetch_value
from rage_pg.errors import InvalidInput, NotFound
from rage_pg.faults import invalid
from rage_pg.generation.call import Generators, build_call, parameters_of
from rage_pg.generation.continuing import continued
from rage_pg.generation.estimate import Estimate, estimate
from rage_pg.generation.instruction import Guidelines
from rage_pg.generation.masks import Mask, mask_for
from rage_pg.generation.references import Chosen, Found, Origin, choose
from rage_pg.generation.refinements import check_refine
from rage_pg.providers.ports import GenerationCall, ImageGenerator
from rage_pg.resources import statements
from rage_pg.types import GenerationRequest

SQL = statements("generation")


class Plan(Struct, frozen=True, kw_only=True):
    """What will be written and sent."""

    request: GenerationRequest
    brand_id: int
    origin: Origin
    generator: ImageGenerator
    model: str
    references: list[Chosen]
    mask: Mask | None
    call: GenerationCall
    estimate: Estimate
    judge: tuple[str, str] | None = None
    """Provider and model of what judges the picture, where it is refined."""
    draft: bool = False
    """Whether the picture is made to be judged, or to be searched by."""


class Payer(Struct, frozen=True):
    """The brand that pays, and what its pictures heed."""

    brand_id: int
    name: str
    guidelines: Guidelines


async def make_plan(
    connection: Connection, generators: Generators, request: GenerationRequest, found: Found | None
) -> Plan:
    """What a checked request comes to; `found` answers `auto`.

    Raises InvalidInput, NotFound or NotPossible.
    """
    generator = generators(request.provider)
    brand = await payer(connection, request.brand)
    origin = _origin(request, found)
    await _check_origin(connection, request, origin)
    references = await choose(
        connection,
        request,
        generator.reference_limits,
        brand.brand_id,
        found,
        origin,
        await continued(connection, request, brand.brand_id),
    )
    mask = await mask_for(request.mask, references)
    return await plan_of(
        connection, generator, request, brand, references=references, mask=mask, origin=origin
    )


async def plan_of(
    connection: Connection,
    generator: ImageGenerator,
    request: GenerationRequest,
    brand: Payer,
    *,
    references: list[Chosen],
    mask: Mask | None,
    origin: Origin,
) -> Plan:
    """What a request comes to with brand, references and mask that were looked up. Raises NotPossible."""
    model = request.model or generator.default_model
    parameters = parameters_of(request)
    call = build_call(
        generator,
        prompt=request.prompt,
        purpose=request.purpose,
        model=model,
        parameters=parameters,
        images=[chosen.image for chosen in references],
        guidelines=brand.guidelines,
        mask=None if mask is None else mask.content,
    )
    generator.check(call)
    return Plan(
        request=request,
        brand_id=brand.brand_id,
        origin=origin,
        generator=generator,
        model=model,
        references=references,
        mask=mask,
        call=call,
        estimate=await estimate(connection, generator, call, model, parameters),
    )


async def payer(connection: Connection, name: str) -> Payer:
    """By any spelling of its name. Raises NotFound."""
    brand = await fetch_one(connection, SQL["get_payer"], {"brand": name}, Payer)
    if brand is None:
        raise NotFound(f"There is no brand {name!r}.")
    return brand


def checked(request: GenerationRequest) -> GenerationRequest:
    """The request, refused for all that can be told without looking anything up.

    The limits of its type are enforced: not every caller decodes it from JSON.
    """
    try:
        request = msgspec.convert(msgspec.to_builtins(request), GenerationRequest)
        text = msgspec.json.encode(request).decode()
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except UnicodeEncodeError:
        raise InvalidInput("The request holds text that is not valid Unicode.") from None
    if not request.prompt.strip():
        raise InvalidInput("The prompt is empty.", field="prompt")
    if "\\u0000" in text.replace("\\\\", ""):
        raise InvalidInput("The request holds a NUL character.")
    if sum([bool(request.references), request.auto is not None, request.collection is not None]) > 1:
        raise InvalidInput("Give references, auto or collection, only one of them.", field="references")
    if request.auto is not None and request.search_id is not None:
        raise InvalidInput("auto searches by itself; leave search_id out.", field="search_id")
    if request.auto is not None and request.proposal_id is not None:
        raise InvalidInput("auto has its own proposal; leave proposal_id out.", field="proposal_id")
    check_refine(request)
    return request


def _origin(request: GenerationRequest, found: Found | None) -> Origin:
    given = request if found is None else found
    return Origin(search_id=given.search_id, proposal_id=given.proposal_id)


async def _check_origin(connection: Connection, request: GenerationRequest, origin: Origin) -> None:
    """All that the request refers to must exist."""
    asked = {"parent_id": request.parent_id, **msgspec.structs.asdict(origin)}
    if not any(asked.values()):
        return
    missing: str | None = await fetch_value(connection, SQL["get_missing_origin"], asked)
    if missing is not None:
        raise NotFound(f"There is no {missing}.")
