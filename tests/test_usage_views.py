"""What came of generations, images as references and tags: the views that add it up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from rage_pg import generation
from rage_pg.catalogue import brands, images
from rage_pg.database import Database
from rage_pg.errors import ProviderError
from rage_pg.types import Rating, ReferenceRequest
from tests.generating import COST, FakeGenerator, accept, carry_out, rows
from tests.granting import login
from tests.store import add, operator_url

IMAGES = "SELECT * FROM rage_v1.image_usage ORDER BY image_id"
TAGS = "SELECT * FROM rage_v1.tag_usage ORDER BY brand, tag"


async def make(
    database: Database, generator: FakeGenerator, *references: tuple[int, Any], **said: Any
) -> Any:
    chosen = tuple(ReferenceRequest(image_id=image_id, role=role) for image_id, role in references)
    asked = await accept(database, generator, references=chosen, **said)
    return await carry_out(database, generator, asked.id)


def part(row: Mapping[str, Any], *columns: str) -> tuple[Any, ...]:
    return tuple(row[column] for column in columns)


async def test_an_image_has_what_came_of_the_generations_that_it_went_into(database: Database) -> None:
    generator = FakeGenerator()
    used, other, never = await add(database), await add(database), await add(database)
    first = await make(database, generator, (used, "product"), (other, "style"), count=2)
    await generation.keep(database, first.id, 2)
    await generation.rate(database, first.id, 1, Rating(rating=1), by="ann")
    await generation.rate(database, first.id, 1, Rating(rating=-1), by="bob")
    await generation.rate(database, first.id, 2, Rating(rating=1), by="bob")
    generator.error = ProviderError("No.", code="x")
    failed = await make(database, generator, (used, "style"))
    local = FakeGenerator("local", charges=False)
    await make(database, local, (used, "product"))
    found = {row["image_id"]: row for row in await rows(database, IMAGES)}
    counted = ("generations", "succeeded", "as_product", "as_style", "as_logo", "outputs", "outputs_kept")
    assert part(found[used], *counted) == (3, 2, 2, 1, 0, 3, 1)
    assert part(found[used], "ratings", "mean_rating") == (3, Decimal("0.333"))
    assert part(found[used], "cost_usd", "calls_without_cost") == (Decimal(COST), 1)
    assert found[used]["first_used_at"] == first.created_at
    assert found[used]["last_used_at"] > failed.created_at
    assert part(found[other], *counted) == (1, 1, 0, 1, 0, 2, 1)
    assert part(found[other], "cost_usd", "calls_without_cost") == (Decimal(COST), 0)
    assert part(found[never], *counted, "ratings", "mean_rating", "cost_usd", "last_used_at") == (
        *(0,) * 8, None, Decimal(0), None,
    )  # fmt: skip
    assert len(found) == 6
    await images.delete(database, never)
    assert never not in {row["image_id"] for row in await rows(database, IMAGES)}


async def test_a_generation_counts_once_per_tag(database: Database) -> None:
    generator = FakeGenerator()
    soap = await add(database, tags=("care/soap", "hero"))
    bar = await add(database, tags=("care/soap",))
    await add(database, tags=("unused",))
    made = await make(database, generator, (soap, "product"), (bar, "product"))
    await generation.keep(database, made.id, 1)
    await make(database, generator, (bar, "layout"))
    found = {row["tag"]: row for row in await rows(database, TAGS)}
    assert sorted(found) == ["care/soap", "hero", "unused"]
    counted = ("images", "generations", "by_reference", "by_output", "outputs", "outputs_kept", "cost_usd")
    cost = Decimal(COST)
    assert part(found["care/soap"], *counted) == (3, 2, 2, 1, 2, 1, 2 * cost)
    assert part(found["hero"], *counted) == (2, 1, 1, 1, 1, 1, cost)
    assert part(found["unused"], *counted) == (1, 0, 0, 0, 0, 0, 0)


async def test_results_add_up_calls_and_costs(database: Database) -> None:
    generator = FakeGenerator()
    generator.usage = None
    made = await make(database, generator, (await add(database), "product"))
    (row,) = await rows(database, "SELECT * FROM rage_v1.generation_results")
    assert part(row, "generation_id", "status", "outputs", "calls", "cost_usd", "calls_without_cost") == (
        made.id, "succeeded", 1, 1, 0, 1,
    )  # fmt: skip


async def test_a_reader_sees_its_brands_images_and_what_it_may_see_of_their_use(database: Database) -> None:
    for brand in ("acme", "fox"):
        await brands.create(database, brand)
    generator = FakeGenerator()
    own = await add(database, brand="acme", tags=("mine",))
    theirs = await add(database, brand="fox", tags=("theirs",))
    shared = await add(database, brand="shared", tags=("everybodys",))
    for brand in ("acme", "fox", "fox"):
        await make(database, generator, (own, "product"), (theirs, "product"), (shared, "style"), brand=brand)
    with login(operator_url(database.url), "usage_reader", "acme") as url, psycopg.connect(url) as reader:
        seen = reader.execute(
            "SELECT image_id, generations, cost_usd FROM rage_v1.image_usage WHERE generations > 0"
        ).fetchall()
        tags = reader.execute("SELECT tag, generations FROM rage_v1.tag_usage ORDER BY tag").fetchall()
        results = reader.execute("SELECT brand, calls FROM rage_v1.generation_results").fetchall()
    assert seen == [(own, 1, Decimal(COST)), (shared, 1, Decimal(COST))]
    assert tags == [("everybodys", 1), ("mine", 1)]
    assert results == [("acme", 1)]


@pytest.mark.parametrize("view", ["image_usage", "tag_usage", "generation_results"])
async def test_plans_have_no_subquery_for_every_row(database: Database, view: str) -> None:
    plan = await rows(database, f"EXPLAIN SELECT * FROM rage_v1.{view}")
    assert not [line for row in plan for line in row.values() if "SubPlan" in line]
