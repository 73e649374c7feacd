"""The numbers of a report: what was made, from what, what it cost, and what people think of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar
from uuid import UUID

from msgspec import Struct, field
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, fetch_all, fetch_value
from rage_pg.errors import InvalidInput, NotFound
from rage_pg.resources import statements
from rage_pg.texts import check_storable

SQL = statements("reporting")

MOST_LABELS = 50
MOST_REFERENCES = 12
MOST_BEST = 12
MOST_KEPT = 24
MOST_TROUBLES = 30

T = TypeVar("T")


class About(Struct, frozen=True, kw_only=True):
    """Which generations a report is about: all of these hold. Days are of UTC, the last one included."""

    brand: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    since: date | None = None
    until: date | None = None


class Sums(Struct, frozen=True, kw_only=True):
    """Of some generations. `calls_without_cost` paid calls are not in `cost_usd`; a rating is -1, 0 or 1."""

    generations: int = 0
    succeeded: int = 0
    refused: int = 0
    failed: int = 0
    cancelled: int = 0
    unknown: int = 0
    under_way: int = 0
    outputs: int = 0
    kept: int = 0
    ratings: int = 0
    mean_rating: float | None = None
    cost_usd: Decimal = Decimal(0)
    calls_without_cost: int = 0


class OfDay(Sums, frozen=True, kw_only=True):
    day: date


class OfBrand(Sums, frozen=True, kw_only=True):
    brand: str


class OfModel(Sums, frozen=True, kw_only=True):
    provider: str
    model: str | None


class OfLabel(Sums, frozen=True, kw_only=True):
    name: str
    value: str


class UsedReference(Struct, frozen=True, kw_only=True):
    """An image and what came of the generations that it went into; without brand and title once deleted."""

    image_id: int
    brand: str | None
    title: str | None
    roles: tuple[str, ...]
    generations: int
    outputs: int
    kept: int
    mean_rating: float | None
    cost_usd: Decimal
    calls_without_cost: int


class Picture(Struct, frozen=True, kw_only=True):
    """An output, and what people think of it."""

    generation_id: UUID
    position: int
    image_id: int
    brand: str
    prompt: str
    provider: str
    model: str | None
    kept: bool
    ratings: int
    mean_rating: float | None


class Trouble(Struct, frozen=True, kw_only=True):
    """Generations that ended alike without a picture; `latest` is what was said of the last one."""

    status: Literal["refused", "failed", "unknown"]
    code: str
    generations: int
    latest: str | None
    cost_usd: Decimal
    calls_without_cost: int


class ReasonCount(Struct, frozen=True, kw_only=True):
    reason: str
    ratings: int


class OtherCalls(Struct, frozen=True, kw_only=True):
    """Paid calls that belong to no generation."""

    purpose: str
    calls: int
    cost_usd: Decimal
    calls_without_cost: int


class Report(Struct, frozen=True, kw_only=True):
    """`other_calls` is empty where labels are asked for: only generations have any."""

    made_at: datetime
    about: About
    totals: Sums
    by_day: tuple[OfDay, ...]
    by_brand: tuple[OfBrand, ...]
    by_model: tuple[OfModel, ...]
    by_label: tuple[OfLabel, ...]
    references: tuple[UsedReference, ...]
    best: tuple[Picture, ...]
    kept: tuple[Picture, ...]
    troubles: tuple[Trouble, ...]
    reasons: tuple[ReasonCount, ...]
    other_calls: tuple[OtherCalls, ...]


class _Part(Sums, frozen=True, kw_only=True):
    part: Literal["all", "day", "brand", "model"]
    day: date | None
    brand: str | None
    provider: str | None
    model: str | None


async def figures(database: Database, about: About) -> Report:
    """The figures of the generations that it is about. Raises InvalidInput, and NotFound for the brand."""
    if about.since and about.until and about.since > about.until:
        raise InvalidInput("since lies after until.", field="since")
    async with database.reading() as connection:
        values = await _values(connection, about)
        parts = await _asked(connection, "sums", values, _Part)
        others = () if about.labels else await fetch_all(connection, SQL["other_calls"], values, OtherCalls)
        return Report(
            made_at=datetime.now(UTC),
            about=About(brand=values["brand"], labels=about.labels, since=about.since, until=about.until),
            totals=next(_sums(one, Sums) for one in parts if one.part == "all"),
            by_day=tuple(_sums(one, OfDay, day=one.day) for one in parts if one.part == "day"),
            by_brand=tuple(_sums(one, OfBrand, brand=one.brand) for one in parts if one.part == "brand"),
            by_model=tuple(
                _sums(one, OfModel, provider=one.provider, model=one.model)
                for one in parts
                if one.part == "model"
            ),
            by_label=tuple(await _asked(connection, "labels", values, OfLabel, MOST_LABELS)),
            references=tuple(await _asked(connection, "references", values, UsedReference, MOST_REFERENCES)),
            best=tuple(await _asked(connection, "best_outputs", values, Picture, MOST_BEST)),
            kept=tuple(await _asked(connection, "kept_outputs", values, Picture, MOST_KEPT)),
            troubles=tuple(await _asked(connection, "troubles", values, Trouble, MOST_TROUBLES)),
            reasons=tuple(await _asked(connection, "reasons", values, ReasonCount)),
            other_calls=tuple(others),
        )


async def _values(connection: Connection, about: About) -> dict[str, Any]:
    for text in (about.brand or "", *about.labels, *about.labels.values()):
        check_storable("labels" if about.labels else "brand", text)
    brand = about.brand
    if brand is not None:
        brand = await fetch_value(connection, SQL["get_brand"], {"brand": brand})
        if brand is None:
            raise NotFound(f"There is no brand {about.brand!r}.")
    labels = Jsonb(about.labels) if about.labels else None
    return {"brand": brand, "labels": labels, "since": about.since, "until": about.until}


async def _asked(
    connection: Connection, name: str, values: Mapping[str, Any], kind: type[T], most: int | None = None
) -> list[T]:
    return await fetch_all(connection, f"{SQL['chosen']}\n{SQL[name]}", {**values, "most": most}, kind)


def _sums(part: _Part, kind: type[T], **key: Any) -> T:
    return kind(**{name: getattr(part, name) for name in Sums.__struct_fields__}, **key)
