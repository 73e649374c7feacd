"""The panel in which a picture is shaped: references, what goes on from where, and what the model offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from msgspec import Struct
from msgspec.structs import replace

from rage_pg import generation, history, proposal
from rage_pg.catalogue import brands, images
from rage_pg.errors import InvalidInput
from rage_pg.providers.capabilities import Capabilities
from rage_pg.runtime import Runtime
from rage_pg.types import Budget, Generation, GenerationRequest, Image, Output, Reference, ReferenceRequest
from rage_pg.web.forms import OPTIONS, ROLES, Choice, Parent, labels_text, paying_brand
from rage_pg.web.offers import Offers, offers

Context = dict[str, Any]
SHOWN_BY_BROWSERS = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif")


class Changed(Struct, frozen=True, kw_only=True):
    """A picture that is to be changed. `inherited`: what goes along unless it is named or switched off."""

    generation: Generation
    output: Output
    inherited: tuple[Reference, ...]


class Canvas(Struct, frozen=True, kw_only=True):
    """The picture that a mask lies on: the first that is sent."""

    image_id: int
    url: str
    width: int
    height: int


async def panel(runtime: Runtime, choice: Choice, *, begun: bool = False) -> Context:
    """`begun`: a change was just asked for. Raises NotFound where its picture is not to be seen."""
    offered = offers(runtime, choice.generator)
    changed = None if choice.parent is None else await _changed(runtime, choice, choice.parent)
    known = {image.id: image for image in await images.get_many(runtime.database, choice.image_ids)}
    choice = await _traced(runtime, _settled(choice, known, offered))
    own = [known[image_id] for image_id in choice.image_ids]
    every_brand = await brands.listing(runtime.database)
    payers = [one.name for one in every_brand if not one.reserved]
    brand = changed.generation.brand if changed else None
    return {
        "choice": choice,
        "chosen": [(known[one.image_id], one) for one in choice.references],
        "changed": changed,
        "lineage": await history.lineage(runtime.database, changed.generation.id) if changed else [],
        "begun": begun,
        "canvas": _canvas(choice, own, changed, offered),
        "pays": paying_brand(choice, own, payers) if brand is None or choice.brand else brand,
        "brands": payers,
        "roles": ROLES,
        "offers": offered,
        "options": OPTIONS,
        "left_out": [],
        "nonce": uuid4(),
    }


async def begun(runtime: Runtime, choice: Choice, parent: Parent) -> Choice:
    """The choice when a change is asked for: what goes along by itself need not be chosen."""
    made = await history.get(runtime.database, parent.id)
    along = [one.image_id for one in made.references]
    purposes = offers(runtime, choice.generator).purposes
    purpose = "edit" if "edit" in purposes else next(iter(purposes), choice.purpose)
    return replace(choice.without(along), parent=parent, purpose=purpose, change="")


async def going_along(runtime: Runtime, choice: Choice) -> int:
    """How many pictures go with the references by themselves: the one to change, and what it was made from.

    Raises NotFound where that is not to be seen.
    """
    if choice.parent is None:
        return 0
    changed = await _changed(runtime, choice, choice.parent)
    return 1 + (len(changed.inherited) if choice.parent.references else 0)


async def again(runtime: Runtime, generation_id: UUID) -> tuple[Choice, str]:
    """What a generation was asked with, to be asked once more, and its prompt. Raises NotFound."""
    made = await history.get(runtime.database, generation_id)
    parent, own = await _parent_again(runtime, made)
    named = f"{made.provider}:{made.model}" if made.model and made.provider != "local" else made.provider
    options = {name: str(made.parameters[name]) for name in OPTIONS if made.parameters.get(name)}
    generator = named if named in runtime.registry.offered() else ""
    choice = Choice(
        references=tuple(
            ReferenceRequest(image_id=one.image_id, role=one.role, note=one.note) for one in own
        ),
        purpose=made.purpose,
        brand=made.brand,
        generator=generator,
        options=_picked(options, offers(runtime, generator)),
        count=str(made.parameters.get("count", 1)),
        labels=labels_text(made.labels),
        parent=parent,
        change=made.prompt if parent else "",
        proposal_id=made.proposal_id,
    )
    return choice, made.prompt


def _picked(options: dict[str, str], offered: Offers) -> dict[str, str]:
    """A size that is none of those to pick was typed."""
    size = options.get("size")
    if size is None or size in dict(offered.sizes):
        return options
    shape, _, tier = size.rpartition("@")
    if tier in offered.tiers and (not shape or shape in dict(offered.sizes)):
        return {**options, "size": shape, "tier": tier}
    return {**options, "size": "", "own_size": size}


async def _parent_again(runtime: Runtime, made: Generation) -> tuple[Parent | None, Sequence[Reference]]:
    """Of a picture that was changed: which, and the references beside it, which are all named themselves."""
    if made.parent_id is None:
        return None, made.references
    earlier = await history.get(runtime.database, made.parent_id)
    places = {output.image_id: output.position for output in earlier.outputs}
    target = next((one for one in made.references if one.image_id in places), None)
    if target is None:
        return None, made.references
    parent = Parent(id=earlier.id, output=places[target.image_id], references=False)
    return parent, [one for one in made.references if one.position != target.position]


async def _changed(runtime: Runtime, choice: Choice, parent: Parent) -> Changed:
    made = await history.get(runtime.database, parent.id)
    output = next((one for one in made.outputs if one.position == parent.output), None)
    if output is None:
        raise InvalidInput(f"Generation {made.id} has no picture {parent.output} to go on from.")
    named = {*choice.image_ids, output.image_id}
    along = [one for one in made.references if one.role != "edit_target" and one.image_id not in named]
    return Changed(generation=made, output=output, inherited=tuple(along))


def _settled(choice: Choice, known: dict[int, Image], offered: Offers) -> Choice:
    """Without images that are gone, and for a purpose that is offered."""
    there = tuple(one for one in choice.references if one.image_id in known)
    fits = choice.purpose in offered.purposes or not offered.purposes
    purpose = choice.purpose if fits else next(iter(offered.purposes))
    return replace(choice, references=there, purpose=purpose)


async def _traced(runtime: Runtime, choice: Choice) -> Choice:
    """Without the proposal where nothing that it offered is left, or nobody knows of it any more."""
    if choice.proposal_id is None:
        return choice
    offered = await proposal.has_offered(runtime.database, choice.proposal_id, choice.image_ids)
    return choice if offered else replace(choice, proposal_id=None)


def _canvas(choice: Choice, own: list[Image], changed: Changed | None, offered: Offers) -> Canvas | None:
    """Where the model takes a mask and a picture is to be changed."""
    if not offered.mask:
        return None
    if changed and changed.output.image_id and changed.output.image_id not in choice.image_ids:
        output = changed.output
        if not output.width or not output.height:
            return None
        return Canvas(
            image_id=changed.output.image_id, url=output.url, width=output.width, height=output.height
        )
    if not own or choice.purpose != "edit":
        return None
    first = own[0]
    url = first.content_url if first.media_type in SHOWN_BY_BROWSERS else first.thumbnail_url
    return Canvas(image_id=first.id, url=url, width=first.width, height=first.height)


async def previewed(runtime: Runtime, request: GenerationRequest, budgets: Sequence[Budget]) -> Context:
    """What would be sent, what it may cost, and the budgets that this would count into."""
    shown = await generation.preview(runtime.database, runtime.generators, request)
    generator = runtime.generators(request.provider)
    able = generator.able(shown.model) if generator.conditioned_on_prompt else None
    image_ids = [one.image_id for one in shown.references]
    known = {one.id: one for one in await images.get_many(runtime.database, image_ids)}
    return {
        "shown": shown,
        "sent": [(one, _fitting(known.get(one.image_id), able)) for one in shown.references],
        "budgets": [one for one in budgets if _counts(one, request)],
        "masked": request.mask is not None,
    }


def _fitting(image: Image | None, able: Capabilities | None) -> str:
    """What becomes of a reference on its way, as far as its size and format tell."""
    if image is None:
        return ""
    size = f"{image.width} by {image.height} pixels"
    if able is None:
        return size
    most = able.reference_pixels
    if most is not None and image.width * image.height > most:
        return f"{size}, scaled down to {most / 1_000_000:.1f} million"
    if image.media_type.removeprefix("image/") not in able.reference_formats:
        return f"{size}, sent in another format"
    return size


def _counts(budget: Budget, request: GenerationRequest) -> bool:
    name = budget.label_name
    of_label = name is None or request.labels.get(name) == budget.label_value
    of_brand = budget.brand is None or budget.brand == request.brand
    return budget.is_in_force and of_brand and of_label
