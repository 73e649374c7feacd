"""What a batch is asked with, and how it stands."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from rage_pg.errors import InvalidInput
from rage_pg.generation.accept import DryRun
from rage_pg.types import MOST_DOLLARS, Auto, Dollars, Prompt, Purpose, ReferenceRequest, Status

MAX_ITEMS = 5_000
MAX_KEY_LENGTH = 200

BatchStatus = Literal["pending", "running", "paused", "done", "cancelled"]
ItemStatus = Literal["pending", "rejected"] | Status
Outcome = Literal["failed", "refused", "cancelled", "unknown", "rejected"]
"""How an item can have ended that is to be tried again."""

OutputFormat = Literal["png", "webp", "jpeg"]
Count = Annotated[int, Meta(ge=1, le=10)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_KEY_LENGTH)]
Sets = Annotated[tuple[tuple[ReferenceRequest, ...], ...], Meta(max_length=MAX_ITEMS)]
Skus = Annotated[tuple[str, ...], Meta(max_length=MAX_ITEMS)]


class BatchItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item: what it leaves out it takes from the batch; its `labels` are added to those of the batch.

    `key` is what it is called; else its SKU or references name it. `sku` stands for images of that product.
    """

    key: Name | None = None
    sku: str | None = None
    prompt: Prompt | None = None
    references: tuple[ReferenceRequest, ...] = ()
    auto: Auto | None = None
    collection: str | None = None
    search_id: UUID | None = None
    proposal_id: UUID | None = None
    purpose: Purpose | None = None
    provider: str | None = None
    model: str | None = None
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    input_fidelity: str | None = None
    output_format: OutputFormat | None = None
    mask: str | None = None
    count: Count | None = None
    parent_id: UUID | None = None
    parent_output: Count = 1
    parent_references: bool = True
    labels: dict[str, str] = field(default_factory=dict)


class BatchRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A brief as a set: everything of `skus`, `references` and `items`, times `purposes`, times `sizes`.

    In a prompt `{sku}` and `{title}` stand for the item's product and the title of its first reference. A SKU
    stands for the first `images_per_sku` of its images that may be used; `with` goes along with every item.
    `budget_usd` is what all calls together may cost.
    """

    name: Name | None = None
    brand: str = "default"
    prompt: Prompt | None = None
    skus: Skus = ()
    images_per_sku: Annotated[int, Meta(ge=1, le=16)] = 1
    references: Sets = ()
    items: Annotated[tuple[BatchItem, ...], Meta(max_length=MAX_ITEMS)] = ()
    with_: tuple[ReferenceRequest, ...] = field(name="with", default=())
    purposes: tuple[Purpose, ...] = ()
    sizes: tuple[str, ...] = ()
    provider: str | None = None
    model: str | None = None
    quality: str | None = None
    background: str | None = None
    input_fidelity: str | None = None
    output_format: OutputFormat | None = None
    count: Count = 1
    labels: dict[str, str] = field(default_factory=dict)
    budget_usd: Dollars | None = None
    dry_run: bool = False


def checked_budget(usd: Decimal | None) -> Decimal | None:
    """Raise InvalidInput for what is no amount."""
    if usd is not None and not (usd.is_finite() and 0 <= usd <= MOST_DOLLARS):
        raise InvalidInput(f"A budget is 0 to {MOST_DOLLARS:,} US dollars.", field="budget_usd")
    return usd


class ItemState(Struct, frozen=True, kw_only=True):
    """An item and what became of it; `position` counts from 1. `reason`: why it was rejected, or failed."""

    position: int
    key: str
    status: ItemStatus
    reason: str | None = None
    generation_id: UUID | None = None


class Batch(Struct, frozen=True, kw_only=True):
    """How a batch stands: how many of `item_count` items are pending, under way, and ended in which way.

    `cost_usd` leaves out `calls_without_cost` of its `calls`. `reason`: why it is paused.
    """

    id: UUID
    brand: str
    name: str | None
    status: BatchStatus
    reason: str | None
    item_count: int
    pending: int
    under_way: int
    succeeded: int
    refused: int
    failed: int
    cancelled: int
    unknown: int
    rejected: int
    budget_usd: Decimal | None
    cost_usd: Decimal
    reserved_usd: Decimal
    calls: int
    calls_without_cost: int
    asked_by: str | None
    created_at: datetime


class BatchList(Struct, frozen=True, kw_only=True):
    """Batches, newest first; `cursor` continues the list, None ends it."""

    items: tuple[Batch, ...]
    cursor: str | None = None


class BatchPage(Struct, frozen=True, kw_only=True):
    """A batch with some of its items in their order; `cursor` continues them, None ends them."""

    batch: Batch
    items: tuple[ItemState, ...]
    cursor: str | None = None


class ItemPreview(Struct, frozen=True, kw_only=True):
    position: int
    key: str
    plan: DryRun


class BatchEstimate(Struct, frozen=True, kw_only=True):
    """US dollars that the items may cost together, without `items_without_cost`, of which nobody can tell."""

    cost_usd: Decimal
    items_without_cost: int


class BatchDryRun(Struct, frozen=True, kw_only=True):
    """What a batch would be: `first` as they would be sent, `rejected` as many as can be listed."""

    item_count: int
    rejected_count: int
    rejected: tuple[ItemState, ...]
    first: tuple[ItemPreview, ...]
    estimate: BatchEstimate
