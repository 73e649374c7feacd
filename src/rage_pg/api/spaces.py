"""Embedding spaces over HTTP: how full each is, how fast it fills, what is in the way."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from msgspec import Struct

from rage_pg import index
from rage_pg.api.problems import problems
from rage_pg.database import Database
from rage_pg.types import Space


class Spaces(Struct, frozen=True, kw_only=True):
    items: tuple[Space, ...]


@get("/spaces", tags=["index"], summary="Embedding spaces", responses=problems())
async def list_spaces(database: NamedDependency[Database]) -> Spaces:
    """Every space with its counts, over the images that the key may see; `legs`: what it is searched as now.

    `per_second` and `seconds_left` while somebody fills it, for keys that are granted every brand; `trouble`:
    why that does not go on. `held` images are not tried again by themselves: `rage index retry`.
    """
    return Spaces(items=tuple(await index.spaces(database)))


HANDLERS = (list_spaces,)
