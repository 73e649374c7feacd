"""What a generation may cost, told before it is made: from earlier ones, else as its provider publishes.

An estimate names what it rests on. What nobody can tell is null, and so is a cost that would need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, fetch_only, fetch_value
from rage_pg.providers.ports import GenerationCall, ImageGenerator
from rage_pg.resources import statements

SQL = statements("generation")
SPENDING = statements("spending")

LETTERS_A_TOKEN = 4
"""Of English text; other languages and scripts take more tokens."""

PARTIAL_IMAGE = 100
"""Tokens of one partial image, as OpenAI publishes it."""

PUBLISHED: Mapping[tuple[str, str], Mapping[str, Mapping[str, int]]] = {
    ("openai", "gpt-image-1.5"): {
        "low": {"1024x1024": 272, "1024x1536": 408, "1536x1024": 400},
        "medium": {"1024x1024": 1_056, "1024x1536": 1_584, "1536x1024": 1_568},
        "high": {"1024x1024": 4_160, "1024x1536": 6_240, "1536x1024": 6_208},
    }
}
"""Tokens of one picture by quality and size, of the models whose provider publishes them."""


class Estimate(Struct, frozen=True, kw_only=True):
    """US dollars that a generation may cost, and the tokens that it may use; null: nobody can tell.

    `basis` says in words what each number rests on, and why one is missing.
    """

    cost_usd: Decimal | None
    tokens: dict[str, int | None]
    basis: tuple[str, ...]


class _Typical(Struct, frozen=True):
    """Medians of earlier calls; none where there was no such call."""

    pictures: int
    picture_tokens: int | None
    references: int
    reference_tokens: int | None


async def estimate(
    connection: Connection,
    generator: ImageGenerator,
    call: GenerationCall,
    model: str,
    parameters: Mapping[str, Any],
) -> Estimate:
    """What this call may cost at today's prices."""
    if not generator.charges:
        return Estimate(cost_usd=Decimal(0), tokens={}, basis=(f"{generator.name} charges nothing.",))
    values = {
        "provider": generator.name,
        "model": model,
        "size": parameters.get("size"),
        "quality": parameters.get("quality"),
    }
    typical = await fetch_only(connection, SQL["typical_tokens"], values, _Typical)
    made, made_from = _output(generator.name, model, call, typical)
    read, read_from = _input(call, typical)
    if made is not None and call.partial_images:
        made += call.partial_images * PARTIAL_IMAGE
        made_from += f" {PARTIAL_IMAGE} for each partial image."
    tokens = {
        "text_input": -(-len(call.prompt) // LETTERS_A_TOKEN),
        "image_input": read,
        "text_output": 0,
        "image_output": made,
    }
    basis: tuple[str, ...] = (f"Text: {LETTERS_A_TOKEN} letters of the prompt a token.", read_from, made_from)
    if None in tokens.values():
        return Estimate(cost_usd=None, tokens=tokens, basis=basis)
    priced = {"provider": generator.name, "model": model, "tokens": Jsonb(tokens)}
    cost: Decimal | None = await fetch_value(connection, SPENDING["cost_of_tokens"], priced)
    if cost is None:
        basis = (*basis, f"A price of {generator.name} {model} is not known: rage prices set adds it.")
    return Estimate(cost_usd=cost, tokens=tokens, basis=basis)


def _output(provider: str, model: str, call: GenerationCall, typical: _Typical) -> tuple[int | None, str]:
    if typical.picture_tokens is not None:
        told = f"Pictures made: the median of {typical.pictures:,} earlier of this model, size and quality."
        return call.count * typical.picture_tokens, told
    known = PUBLISHED.get((provider, model), {}).get(call.quality or "", {}).get(call.size or "")
    if known is not None:
        return call.count * known, "Pictures made: as published for this model, size and quality."
    fault = "nothing is published, and none was made of this model, size and quality."
    return None, f"Pictures made: not known; {fault}"


def _input(call: GenerationCall, typical: _Typical) -> tuple[int | None, str]:
    if not call.references:
        return 0, "References: none."
    if typical.reference_tokens is None:
        return None, "References: not known; none was sent to this model before."
    told = f"References: the median of {typical.references:,} earlier calls of this model."
    return len(call.references) * typical.reference_tokens, told
