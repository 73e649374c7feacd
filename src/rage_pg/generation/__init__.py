"""Prompt and references → pictures, with every step of it written to the ledger.

`accept` takes a request in, `run` is what a worker does with it, the rest is what people do with the outcome.
"""

from __future__ import annotations

from rage_pg.generation.accept import DryRun, Propose, Search, accept, preview
from rage_pg.generation.again import again
from rage_pg.generation.call import Generators
from rage_pg.generation.calling_off import cancel
from rage_pg.generation.estimate import Estimate
from rage_pg.generation.events import Event, events, follow, wait_for
from rage_pg.generation.keeping import keep
from rage_pg.generation.partials import partial_image
from rage_pg.generation.rating import rate
from rage_pg.generation.references import MAX_REFERENCES
from rage_pg.generation.rules import Defer, Rules
from rage_pg.generation.run import run
from rage_pg.generation.settle import ImageStore
from rage_pg.generation.take_up import note_lost_start
from rage_pg.generation.turns import call_in
from rage_pg.types import ROLES

__all__ = [
    "MAX_REFERENCES",
    "ROLES",
    "Defer",
    "DryRun",
    "Estimate",
    "Event",
    "Generators",
    "ImageStore",
    "Propose",
    "Rules",
    "Search",
    "accept",
    "again",
    "call_in",
    "cancel",
    "events",
    "follow",
    "keep",
    "note_lost_start",
    "partial_image",
    "preview",
    "rate",
    "run",
    "wait_for",
]
