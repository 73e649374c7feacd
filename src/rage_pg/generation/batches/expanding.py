"""A brief → its items: every product, set of references and single item, times purposes, times sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product

from msgspec import Struct
from msgspec.structs import replace

from rage_pg.errors import InvalidInput
from rage_pg.generation.batches.values import MAX_ITEMS, MAX_KEY_LENGTH, BatchItem, BatchRequest
from rage_pg.generation.references import MAX_REFERENCES
from rage_pg.types import GenerationRequest, Purpose, ReferenceRequest

PLACEHOLDER = re.compile(r"\{(sku|title)\}")
"""Nothing else in braces means anything: a prompt may hold JSON."""
LONGEST_TITLE = 200
MAX_LABELS = 50
LONGEST_LABELS = 3
"""Images that a key names."""

SAID = ("provider", "model", "quality", "background", "input_fidelity", "output_format", "count")
ITS_OWN = (
    "auto", "collection", "search_id", "proposal_id", "mask", "parent_id", "parent_output",
    "parent_references",
)  # fmt: skip


class Item(Struct, frozen=True, kw_only=True):
    """An item on its way: `request` lacks the images of its `sku` and what placeholders stand for."""

    position: int
    key: str
    sku: str | None
    request: GenerationRequest


def expanded(request: BatchRequest) -> list[Item]:
    """The items in order: the last named changes fastest. Raises InvalidInput for none, or too many."""
    _check_common(request)
    units = [*(BatchItem(sku=sku) for sku in request.skus), *_sets(request.references), *request.items]
    if not units:
        raise InvalidInput("The batch has no items: give skus, references or items.", field="items")
    count = sum(len(_purposes(request, unit)) * len(_sizes(request, unit)) for unit in units)
    if count > MAX_ITEMS:
        raise InvalidInput(
            f"The batch has {count:,} items; at most {MAX_ITEMS:,} go into one.", field="items"
        )
    return [
        Item(position=position, key=key, sku=unit.sku, request=asked)
        for position, (unit, key, asked) in enumerate(chain.from_iterable(_of(request, u) for u in units), 1)
    ]


def filled(item: Item, skus: Mapping[str, Sequence[int]], images_per_sku: int) -> GenerationRequest:
    """The request with the images of its product first. Raises InvalidInput where there is none to use."""
    if item.sku is None:
        return item.request
    found = skus.get(item.sku, ())
    if not found:
        raise InvalidInput(
            f"The product {item.sku!r} has no image that is approved and usable today.", field="skus"
        )
    images = tuple(ReferenceRequest(image_id=image_id) for image_id in found[:images_per_sku])
    return replace(item.request, references=images + item.request.references)


def worded(item: Item, request: GenerationRequest, title: str | None) -> GenerationRequest:
    """The request with `{sku}` and `{title}` in its prompt replaced; what comes in is not looked at again."""

    def text(found: re.Match[str]) -> str:
        name = found[1]
        said = item.sku if name == "sku" else title
        if not said:
            whose = "it is of no product" if name == "sku" else "its first reference has no title"
            raise InvalidInput(f"The prompt asks for {{{name}}}, but {whose}.", field="prompt")
        return " ".join(said.split())[:LONGEST_TITLE]

    prompt = PLACEHOLDER.sub(text, request.prompt)
    return replace(request, prompt=prompt)


def _check_common(request: BatchRequest) -> None:
    """What goes with every item is copied for each."""
    if len(request.with_) > MAX_REFERENCES:
        raise InvalidInput(f"At most {MAX_REFERENCES} references go with a prompt.", field="with")
    if max(len(labels) for labels in (request.labels, *(item.labels for item in request.items))) > MAX_LABELS:
        raise InvalidInput(f"There are at most {MAX_LABELS} labels.", field="labels")


def _sets(references: Sequence[Sequence[ReferenceRequest]]) -> Iterator[BatchItem]:
    return (BatchItem(references=tuple(one)) for one in references)


def _of(request: BatchRequest, unit: BatchItem) -> Iterator[tuple[BatchItem, str, GenerationRequest]]:
    for purpose, size in product(_purposes(request, unit), _sizes(request, unit)):
        yield unit, _key(request, unit, purpose, size), _asked(request, unit, purpose, size)


def _purposes(request: BatchRequest, unit: BatchItem) -> Sequence[Purpose | None]:
    return (unit.purpose,) if unit.purpose else request.purposes or (None,)


def _sizes(request: BatchRequest, unit: BatchItem) -> Sequence[str | None]:
    return (unit.size,) if unit.size else request.sizes or (None,)


def _asked(
    request: BatchRequest, unit: BatchItem, purpose: Purpose | None, size: str | None
) -> GenerationRequest:
    said = {name: getattr(unit, name) or getattr(request, name) for name in SAID}
    return GenerationRequest(
        prompt=unit.prompt or request.prompt or "",
        brand=request.brand,
        references=unit.references + request.with_,
        purpose=purpose or "compose",
        size=size,
        labels=request.labels | unit.labels,
        **said,
        **{name: getattr(unit, name) for name in ITS_OWN},
    )


def _key(request: BatchRequest, unit: BatchItem, purpose: Purpose | None, size: str | None) -> str:
    parts = [unit.key or _named(unit)]
    parts += [f"purpose={purpose}"] if purpose and not unit.purpose else []
    parts += [f"size={size}"] if size and not unit.size else []
    return "/".join(part for part in parts if part)[: MAX_KEY_LENGTH * 2] or "item"


def _named(unit: BatchItem) -> str:
    if unit.sku is not None:
        return f"sku={unit.sku}"
    ids = [str(reference.image_id) for reference in unit.references]
    more = f"+{len(ids) - LONGEST_LABELS}more" if len(ids) > LONGEST_LABELS else ""
    return f"image={'+'.join(ids[:LONGEST_LABELS])}{more}" if ids else ""
