"""What was generated: the last few beside the form, all of it as a page, and each with all that is known."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from msgspec import Struct
from msgspec.structs import asdict, replace

from rage_pg import history
from rage_pg.callers import Caller
from rage_pg.catalogue import brands
from rage_pg.database import Database
from rage_pg.runtime import Runtime
from rage_pg.types import Generation, Purpose, Status
from rage_pg.web.fields import Fields, one_of, text_of
from rage_pg.web.forms import labels_of
from rage_pg.web.making import shown

LAST = 12
"""Generations in the list beside the form."""
AT_ONCE = 36
"""Generations on a page of the history."""
STATUSES: tuple[Status, ...] = get_args(Status)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
STAGES = ("queue", "load", "fit", "call", "store")
VERDICTS = {"kept": "kept", "liked": "rated up", "disliked": "rated down"}

PageRequest = Request[Any, Any, Any]


class Sought(Struct, frozen=True, kw_only=True):
    """What the history is narrowed to, as it stands in the address."""

    brand: str = ""
    purpose: str = ""
    model: str = ""
    status: str = ""
    label: str = ""
    verdict: str = ""
    cursor: str = ""

    @property
    def filtered(self) -> bool:
        return any(asdict(replace(self, cursor="")).values())

    def at(self, cursor: str) -> str:
        """Where the list goes on."""
        said = {name: value for name, value in asdict(replace(self, cursor=cursor)).items() if value}
        return f"/history?{urlencode(said)}"


def sought_of(fields: Fields) -> Sought:
    return Sought(**{name: text_of(fields, name).strip() for name in Sought.__struct_fields__})


async def last(database: Database) -> dict[str, Any]:
    return {"generations": (await history.listing(database, limit=LAST)).items}


@get("/page/history")
async def last_generations(database: NamedDependency[Database]) -> Template:
    return Template("history.html", context=await last(database))


@get("/history")
async def history_page(
    request: PageRequest, database: NamedDependency[Database], runtime: NamedDependency[Runtime]
) -> Template:
    """Generations by date, the newest first. Raises InvalidInput for a filter that cannot be."""
    sought = sought_of(request.query_params)
    page = await history.listing(
        database,
        brand=sought.brand or None,
        labels=labels_of(sought.label),
        model=sought.model or None,
        status=one_of(Status, sought.status or None, "status"),
        purpose=one_of(Purpose, sought.purpose or None, "purpose"),
        kept=True if sought.verdict == "kept" else None,
        rating={"liked": 1, "disliked": -1}.get(sought.verdict),
        cursor=sought.cursor or None,
        limit=AT_ONCE,
    )
    known = [brand.name for brand in await brands.listing(database) if not brand.reserved]
    return Template(
        "ledger.html",
        context={
            "sought": sought,
            "days": _by_day(page.items),
            "older": sought.at(page.cursor) if page.cursor else None,
            "brands": known,
            "models": _models(runtime, page.items),
            "statuses": STATUSES,
            "purposes": PURPOSES,
            "verdicts": VERDICTS,
        },
    )


@get("/generations/{generation_id:uuid}")
async def generation_page(
    request: PageRequest,
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    generation_id: FromPath[UUID],
) -> Template:
    """Everything that the ledger has of one generation."""
    current = await history.get(database, generation_id)
    context = {
        **await shown(request, database, current, caller),
        "call": await history.call(database, generation_id),
        "given": await history.ratings(database, generation_id),
        "stages": _stages(current),
    }
    return Template("generation.html", context=context)


def _by_day(items: tuple[Generation, ...]) -> list[tuple[date, list[Generation]]]:
    days = groupby(items, key=lambda one: one.created_at.date())
    return [(day, list(of_day)) for day, of_day in days]


def _models(runtime: Runtime, items: tuple[Generation, ...]) -> list[str]:
    """To choose from when one types: what is offered here, and what these were made with."""
    offered = [name.partition(":")[2] for name in runtime.registry.offered()]
    return sorted({*offered, *(one.model for one in items if one.model)} - {""})


def _stages(current: Generation) -> list[tuple[str, float, float, float]]:
    """Stage, milliseconds, where its bar begins and how long it is, both of 100."""
    total = sum(current.timings_ms.values()) or 1
    stages, begins = [], 0.0
    # Stored without an order.
    in_order = sorted(current.timings_ms.items(), key=lambda one: (*STAGES, one[0]).index(one[0]))
    for stage, took in in_order:
        length = 100 * took / total
        stages.append((stage, took, begins, length))
        begins += length
    return stages


HANDLERS = (last_generations, history_page, generation_page)
