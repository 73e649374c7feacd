"""How generations are carried out: how often what was turned away is sent, and how busy providers may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct, field

from rage_pg.config import ProviderLimit
from rage_pg.database import Connection

Defer: TypeAlias = Callable[[Connection, UUID], Awaitable[int]]
"""Queues the job of a generation on this connection, to be committed with it; the number of the job."""


class Rules(Struct, frozen=True, kw_only=True):
    """What holds for everything that one process carries out."""

    tries: int = 5
    """How often a generation is sent at most whose provider turned it away before any work was done."""
    limits: Mapping[str, ProviderLimit] = field(default_factory=dict)
    """By provider; one that is not named is called as often as there are workers."""
    in_line: bool = True
    """Whether whoever waits longer goes first. Not of a process that waits for one generation of its own:
    the workers that would take up the others may not run."""
    retry_unknown: int = 0
    """How often what ended unknown is made again by itself."""
    defer: Defer | None = None
    """Queues what is made again; None: nothing is."""
