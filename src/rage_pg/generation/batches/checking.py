"""Looks every item of a brief over before anything is written: what can be told without reading a picture.

What needs more (the search of `auto`, a collection, a parent, a mask) is told when its turn comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rage_pg.database import Connection, fetch_all
from rage_pg.errors import DatabaseUnavailable, NotPossible, RageError, SetupError
from rage_pg.generation.batches.expanding import Item, expanded, filled, worded
from rage_pg.generation.batches.values import BatchRequest
from rage_pg.generation.call import Generators, build_call, parameters_of
from rage_pg.generation.continuing import Continued
from rage_pg.generation.estimate import LETTERS_A_TOKEN, estimate
from rage_pg.generation.plan import Payer, checked, payer
from rage_pg.generation.references import Chosen, Source, check_number, check_twice, checked_with
from rage_pg.providers.ports import GenerationCall, ImageGenerator
from rage_pg.resources import statements
from rage_pg.types import GenerationRequest

SQL = statements("batches")

BREATH = 50
"""Items between two moments in which others in this process get their turn."""


class Checked(Struct, frozen=True, kw_only=True):
    """An item with the request that it comes to, or the reason why it cannot be asked for.

    `expected`: US dollars, None where nobody can tell.
    """

    item: Item
    request: GenerationRequest
    reason: str | None = None
    expected: Decimal | None = None


class CheckedBatch(Struct, frozen=True, kw_only=True):
    brand_id: int
    items: list[Checked]

    @property
    def rejected(self) -> list[Checked]:
        return [one for one in self.items if one.reason is not None]


class _Sku(Struct, frozen=True):
    sku: str
    image_ids: tuple[int, ...]


async def check(connection: Connection, generators: Generators, request: BatchRequest) -> CheckedBatch:
    """Raises NotFound where there is no such brand, InvalidInput for no items or too many, and NotPossible
    where not one item can be asked for."""
    brand = await payer(connection, request.brand)
    checking = await _Checking.of(connection, generators, request, brand)
    items = [await checking.look(number, item) for number, item in enumerate(checking.items)]
    found = CheckedBatch(brand_id=brand.brand_id, items=items)
    if len(found.rejected) == len(items):
        first = items[0]
        others = f" None of the other {len(items) - 1:,} can be made either." if len(items) > 1 else ""
        raise NotPossible(f"Item 1 ({first.item.key}): {first.reason}{others}", field="items")
    return found


class _Checking:
    """What all items are checked with, looked up once."""

    def __init__(
        self,
        connection: Connection,
        generators: Generators,
        request: BatchRequest,
        brand: Payer,
        skus: Mapping[str, Sequence[int]],
    ) -> None:
        self._connection = connection
        self._find = generators
        self._brand = brand
        self._skus = skus
        self._images_per_sku = request.images_per_sku
        self._sources: dict[int, Source] = {}
        self._known: dict[str | None, ImageGenerator] = {}
        self._estimates: dict[tuple[Any, ...], Decimal | None] = {}
        self.items = expanded(request)

    @classmethod
    async def of(
        cls, connection: Connection, generators: Generators, request: BatchRequest, brand: Payer
    ) -> _Checking:
        skus = {sku for sku in (*request.skus, *(item.sku for item in request.items)) if sku is not None}
        values = {"skus": sorted(skus), "brand_id": brand.brand_id}
        found = await fetch_all(connection, SQL["get_sku_images"], values, _Sku)
        checking = cls(connection, generators, request, brand, {one.sku: one.image_ids for one in found})
        await checking._look_up_images()
        return checking

    async def _look_up_images(self) -> None:
        ids = {reference.image_id for item in self.items for reference in item.request.references}
        ids |= {image_id for images in self._skus.values() for image_id in images[: self._images_per_sku]}
        values = {"image_ids": sorted(ids), "brand_id": self._brand.brand_id}
        found = await fetch_all(self._connection, SQL["get_source_facts"], values, Source)
        self._sources = {source.image_id: source for source in found}

    async def look(self, number: int, item: Item) -> Checked:
        if number % BREATH == 0:
            await asyncio.sleep(0)
        try:
            return await self._looked(item)
        except DatabaseUnavailable:
            raise
        except SetupError as error:
            # The provider is not there at all: so it is for every item.
            raise error
        except RageError as error:
            return Checked(item=item, request=item.request, reason=str(error))

    async def _looked(self, item: Item) -> Checked:
        request = filled(item, self._skus, self._images_per_sku)
        later = bool(request.auto or request.collection or request.parent_id or request.mask)
        chosen = [] if later else self._chosen(request)
        request = checked(worded(item, request, chosen[0].source.title if chosen else None))
        generator = self._generator(request.provider)
        request = replace(
            request,
            provider=generator.name,
            model=request.model or generator.default_model,
            brand=self._brand.name,
        )
        if later:
            return Checked(item=item, request=request, expected=None if generator.charges else Decimal(0))
        call = self._call(generator, request, chosen)
        generator.check(call)
        return Checked(item=item, request=request, expected=await self._expected(generator, call, request))

    def _generator(self, name: str | None) -> ImageGenerator:
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _chosen(self, request: GenerationRequest) -> list[Chosen]:
        check_twice(request.references)
        check_number(request.references)
        return checked_with(request.references, self._sources, Continued())

    def _call(
        self, generator: ImageGenerator, request: GenerationRequest, chosen: Sequence[Chosen]
    ) -> GenerationCall:
        return build_call(
            generator,
            prompt=request.prompt,
            purpose=request.purpose,
            model=request.model or generator.default_model,
            parameters=parameters_of(request),
            images=[one.image for one in chosen],
            guidelines=self._brand.guidelines,
        )

    async def _expected(
        self, generator: ImageGenerator, call: GenerationCall, request: GenerationRequest
    ) -> Decimal | None:
        tokens = -(-len(call.prompt) // LETTERS_A_TOKEN)
        alike = (
            generator.name,
            call.model,
            call.size,
            call.quality,
            call.count,
            len(call.references),
            tokens,
        )
        if alike not in self._estimates:
            parameters = parameters_of(request)
            model = request.model or generator.default_model
            told = await estimate(self._connection, generator, call, model, parameters)
            self._estimates[alike] = told.cost_usd
        return self._estimates[alike]
