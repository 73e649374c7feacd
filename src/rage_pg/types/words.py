"""The words and bounds of the domain, which several kinds of values share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

Kind = Literal["product", "style", "logo", "scene", "person", "sketch", "other"]
State = Literal["draft", "approved", "retired"]
Origin = Literal["imported", "uploaded", "generated"]
Role = Literal["product", "style", "subject", "background", "layout", "logo", "edit_target"]
Purpose = Literal["compose", "edit", "enhance", "style", "prototype"]
Status = Literal["queued", "running", "succeeded", "refused", "failed", "cancelled", "unknown"]
Encodes = Literal["image", "caption", "style"]

ROLES: Mapping[Kind, Role] = {
    "product": "product",
    "style": "style",
    "logo": "logo",
    "scene": "background",
    "person": "subject",
    "sketch": "layout",
    "other": "product",
}
"""The role that an image has by its kind, where the caller names none."""

SHOWS_PRODUCTS: frozenset[Kind] = frozenset({"scene", "person"})
"""Kinds whose images are of a product all the same where they carry an SKU."""


def proposed_role(kind: Kind, *, has_sku: bool) -> Role:
    """What an image that nobody chose by hand is there for as a reference."""
    return "product" if has_sku and kind in SHOWS_PRODUCTS else ROLES[kind]


MAX_PROMPT = 32_000
"""Characters; the longest prompt that any supported image model takes."""

MOST_DIMENSIONS = 4_000
"""Numbers in a vector; more cannot be indexed at 16 bits each."""

Prompt = Annotated[str, Meta(min_length=1, max_length=MAX_PROMPT)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]

Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""As far as Postgres counts; what is below 1 names nothing."""

MOST_DOLLARS = 99_999_999

Dollars = Annotated[Decimal, Meta(extra_json_schema={"minimum": 0, "maximum": MOST_DOLLARS})]
"""US dollars. Checked where it is used: a decoder bounds no decimals."""
