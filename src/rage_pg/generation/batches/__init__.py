"""A brief as a set: one request, many generations, one budget; what was interrupted goes on.

expanding   a brief → its items
checking    the items before anything is written
writing     the batch and its items, in one transaction
accepting   item after item becomes a generation, exactly once
ending      what the end of one means for the others; pause, resume, cancel
reading     how it stands
"""

from __future__ import annotations

from rage_pg.generation.batches.accepting import Proposes, Searches, Step, accept_next, go_on
from rage_pg.generation.batches.ending import cancel_batch, conclude, free, pause, resume
from rage_pg.generation.batches.reading import (
    MadeItem,
    get_batch,
    item_of,
    listing,
    made_items,
    open_generations,
    page,
)
from rage_pg.generation.batches.values import (
    MAX_ITEMS,
    Batch,
    BatchDryRun,
    BatchItem,
    BatchList,
    BatchPage,
    BatchRequest,
    ItemState,
    Outcome,
)
from rage_pg.generation.batches.writing import DeferBatch, preview_batch, put

__all__ = [
    "MAX_ITEMS",
    "Batch",
    "BatchDryRun",
    "BatchItem",
    "BatchList",
    "BatchPage",
    "BatchRequest",
    "DeferBatch",
    "ItemState",
    "MadeItem",
    "Outcome",
    "Proposes",
    "Searches",
    "Step",
    "accept_next",
    "cancel_batch",
    "conclude",
    "free",
    "get_batch",
    "go_on",
    "item_of",
    "listing",
    "made_items",
    "open_generations",
    "page",
    "pause",
    "preview_batch",
    "put",
    "resume",
]
