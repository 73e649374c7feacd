"""What the form offers: what the generator that is chosen can do, and nothing else."""

from __future__ import annotations

from msgspec import Struct

from rage_pg.errors import NotPossible, RageError
from rage_pg.generation import MAX_REFERENCES
from rage_pg.providers.capabilities import Capabilities
from rage_pg.providers.ports import ImageGenerator
from rage_pg.providers.within import check_size, sizes_said
from rage_pg.runtime import Runtime
from rage_pg.types import Purpose, Role
from rage_pg.web.forms import ROLES

PURPOSES: dict[Purpose, str] = {
    "compose": "One picture of all the references.",
    "edit": "Change one thing, leave the rest.",
    "enhance": "The same picture, sharper, better lit.",
    "style": "The same subject in another look.",
    "prototype": "A first design of a new product.",
}
"""Each in one line, for who chooses."""
WITHOUT_PROMPT: dict[Purpose, str] = {
    "compose": "The references set into one picture.",
    "edit": "Another background, or what you paint over.",
    "enhance": "The same picture, sharper, more contrast.",
    "style": "The same picture in the look of another.",
    "prototype": "A product cut out of its background.",
}
"""The same, of a generator that does not read the prompt."""

COMMON_SIZES = {
    "1024x1024": "square",
    "1536x1024": "landscape, 3:2",
    "1024x1536": "portrait, 2:3",
    "1920x1088": "wide, 16:9",
    "1088x1920": "story, 9:16",
    "2048x2048": "large square",
}
"""Offered where a model paints them; others can be typed."""
RATIOS = {"1:1": "square", "16:9": "wide", "9:16": "story", "3:2": "landscape", "2:3": "portrait"}


class Offers(Struct, frozen=True, kw_only=True):
    """What can be chosen. `fault`: why there is no generator; then nothing can.

    `sizes`: value and what it is called. `own_size`: in words which pixels may be typed, where any may.
    `qualities` is None where any word is handed on.
    """

    names: tuple[str, ...] = ()
    name: str = ""
    generator: ImageGenerator | None = None
    model: str = ""
    fault: str | None = None
    purposes: dict[Purpose, str] = {}
    roles: tuple[Role, ...] = ROLES
    sizes: tuple[tuple[str, str], ...] = ()
    own_size: str | None = None
    tiers: tuple[str, ...] = ()
    qualities: tuple[str, ...] | None = ()
    input_fidelities: tuple[str, ...] = ()
    transparent: bool = False
    formats: tuple[str, ...] = ()
    count: int = 1
    references: int = 0
    mask: bool = False

    @property
    def called(self) -> str:
        """Its model, or what has none that reads."""
        if self.generator is None:
            return "The model"
        return self.model if self.generator.conditioned_on_prompt else self.generator.name

    @property
    def most_references(self) -> int:
        """What it takes in all; where it is not known yet, what any model does."""
        return min(self.references, MAX_REFERENCES) if self.generator else MAX_REFERENCES


def offers(runtime: Runtime, name: str) -> Offers:
    """For the generator of this name, or the one of the settings for ""."""
    names = tuple(runtime.registry.offered())
    standard = runtime.settings.generator
    try:
        generator = runtime.generators(name or None)
        model = generator.default_model
    except RageError as error:
        return Offers(names=names, name=name or standard, fault=str(error))
    able = generator.able(model)
    reads = generator.conditioned_on_prompt
    return Offers(
        # Whatever works is offered, also where nobody thought of it.
        names=tuple(dict.fromkeys([*names, name or standard])),
        name=name or standard,
        generator=generator,
        model=model,
        purposes={
            one: said for one, said in (PURPOSES if reads else WITHOUT_PROMPT).items() if one in able.purposes
        },
        roles=tuple(role for role in ROLES if generator.reference_limits.get(role)),
        sizes=_sizes(model, able),
        own_size=sizes_said(able.any_size) if able.any_size else None,
        tiers=able.tiers if len(able.tiers) > 1 else (),
        qualities=able.qualities if reads else (),
        input_fidelities=(able.input_fidelities or ()) if reads else (),
        transparent=able.transparent,
        formats=able.output_formats,
        count=able.count,
        references=able.references,
        mask=able.mask,
    )


def _sizes(model: str, able: Capabilities) -> tuple[tuple[str, str], ...]:
    if able.ratios:
        return tuple((ratio, RATIOS.get(ratio, "")) for ratio in able.ratios)
    sizes = dict.fromkeys([*able.sizes, *(COMMON_SIZES if able.any_size else ())])
    return tuple((size, COMMON_SIZES.get(size, "")) for size in sizes if _is_painted(size, model, able))


def _is_painted(size: str, model: str, able: Capabilities) -> bool:
    try:
        check_size(size, model, able)
    except NotPossible:
        return False
    return True
