"""What a call cost: its tokens by class times the day's prices, or None where either is not known."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from rage_pg.database import Connection, fetch_value
from rage_pg.resources import statements

SQL = statements("generation")

CLASSES = ("text_input", "image_input", "text_output", "image_output")
MAX_TOKENS = 10_000_000
"""Of one class in one call. No request uses nearly as many, and at any price the cost fits its column."""


async def cost_of(connection: Connection, provider: str, model: str, usage: Any) -> Decimal | None:
    """US dollars at the prices that the database has for today."""
    tokens = tokens_by_class(usage)
    if tokens is None:
        return None
    values = {"provider": provider, "model": model, "tokens": Jsonb(tokens)}
    cost: Decimal | None = await fetch_value(connection, SQL["cost_of_tokens"], values)
    return cost


def tokens_by_class(usage: Any) -> dict[str, int] | None:
    """Tokens by the classes that prices are kept for; None where the usage does not tell them, or is odd.

    `usage` names the classes itself, or has the form of OpenAI's images API, which other servers copy.
    """
    if not isinstance(usage, Mapping):
        return None
    if any(name in usage for name in CLASSES):
        return _whole({name: usage.get(name, 0) for name in CLASSES})
    read, written = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    if not isinstance(read, Mapping) or read.get("cached_tokens"):
        return None
    if not isinstance(written, Mapping):
        # Without details, what an images API puts out is images.
        written = {"image_tokens": usage.get("output_tokens")}
    return _whole(
        {
            "text_input": read.get("text_tokens"),
            "image_input": read.get("image_tokens"),
            "text_output": written.get("text_tokens", 0),
            "image_output": written.get("image_tokens"),
        }
    )


def _whole(tokens: Mapping[str, Any]) -> dict[str, int] | None:
    counted = {name: count for name, count in tokens.items() if _is_count(count)}
    return counted if len(counted) == len(tokens) and any(counted.values()) else None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS
