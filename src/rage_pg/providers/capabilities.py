"""What an image model can do: the form of an entry of `models.py`, and the entry that holds for a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from rage_pg.errors import InvalidInput
from rage_pg.faults import invalid
from rage_pg.providers.answering import is_of
from rage_pg.types import Purpose

Format: TypeAlias = Literal["png", "webp", "jpeg"]
Word: TypeAlias = Annotated[str, Meta(min_length=1, max_length=40)]
Number: TypeAlias = Annotated[int, Meta(ge=1)]
Ratio: TypeAlias = Annotated[str, Meta(pattern=r"^[1-9][0-9]?:[1-9][0-9]?$")]
Tier: TypeAlias = Annotated[str, Meta(pattern=r"^[1-9]K$")]
Pixels: TypeAlias = Annotated[str, Meta(pattern=r"^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$")]


class AnySize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which WIDTHxHEIGHT a model paints that is not bound to a list of sizes; all in pixels."""

    step: Number = 1
    """Both sides are multiples of it."""
    shortest: Number = 10
    longest: Number = 99_999
    """Of either side."""
    fewest: Number = 1
    most: Number = 10**10
    """Of the whole picture."""
    steepest: Annotated[float, Meta(ge=1)] = 100.0
    """The longer side may be so many times the shorter."""


class Capabilities(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one image model takes and makes. "auto" goes with every option, and is named by none."""

    references: Annotated[int, Meta(ge=0, le=16)] = 16
    """How many go with one request."""
    reference_bytes: Annotated[int, Meta(ge=10_000)] = 49_999_999
    """Of one reference, at most."""
    reference_pixels: Annotated[int, Meta(ge=4_096)] | None = None
    """Of one reference, at most; None: no bound is known."""
    reference_formats: Annotated[tuple[Format, ...], Meta(min_length=1)] = ("png", "jpeg", "webp")
    request_bytes: Annotated[int, Meta(ge=200_000)] | None = None
    """Of all references together, at most."""
    purposes: Annotated[tuple[Purpose, ...], Meta(min_length=1)] = (
        "compose",
        "edit",
        "enhance",
        "style",
        "prototype",
    )
    prompt: Number = 32_000
    """Characters, with all that goes beside the caller's own words."""
    sizes: tuple[Pixels, ...] = ()
    any_size: AnySize | None = None
    ratios: tuple[Ratio, ...] = ()
    tiers: tuple[Tier, ...] = ()
    """A model that is asked for a ratio of the sides and a tier of size ("2K": about 2048 squared)."""
    qualities: tuple[Word, ...] | None = None
    """None, as of `input_fidelities`: any word is handed on."""
    input_fidelities: tuple[Word, ...] | None = None
    mask: bool = False
    transparent: bool = False
    partial_images: Annotated[int, Meta(ge=0, le=3)] = 0
    """Previews that a streamed answer may bring; 0: an answer is not streamed."""
    count: Annotated[int, Meta(ge=1, le=10)] = 10
    """Pictures that one request may ask for."""
    output_formats: Annotated[tuple[Format, ...], Meta(min_length=1)] = ("png", "webp", "jpeg")


class Models:
    """The entries of one process: those of `models.py`, changed by RAGE_MODEL_CAPABILITIES.

    `listed`: by provider and model. `others`: by provider, for each model that is not listed.
    """

    def __init__(
        self,
        listed: Mapping[str, Mapping[str, Capabilities]],
        others: Mapping[str, Capabilities],
        changes: Mapping[str, Any],
    ) -> None:
        """Raise InvalidInput, naming the setting, where a change is of no model or of no known form."""
        self._listed = listed
        self._others = others
        self._changed: dict[tuple[str, str], Capabilities] = {}
        for name, change in changes.items():
            provider, _, model = name.partition(":")
            if provider not in others or not model:
                known = " or ".join(f"{one}:MODEL" for one in others)
                raise InvalidInput(f"{SETTING} names {name[:80]!r}; name {known}.", field=SETTING)
            self._changed[provider, model] = _changed(self._of(provider, model), change, name)

    def of(self, provider: str, model: str) -> Capabilities:
        """What holds for a model; a dated snapshot of a model is like the model."""
        named = {name: entry for (whose, name), entry in self._changed.items() if whose == provider}
        like = (entry for name, entry in named.items() if is_of(name, model))
        return named.get(model) or next(like, None) or self._of(provider, model)

    def _of(self, provider: str, model: str) -> Capabilities:
        named = self._listed.get(provider, {})
        return next(
            (entry for name, entry in named.items() if is_of(name, model)),
            self._others[provider],
        )


SETTING = "RAGE_MODEL_CAPABILITIES"


def _changed(entry: Capabilities, change: Any, name: str) -> Capabilities:
    place = f"{SETTING}, {name[:80]}: "
    if not isinstance(change, Mapping):
        raise InvalidInput(f"{place}it must be an object of capabilities.", field=SETTING)
    try:
        return msgspec.convert(msgspec.to_builtins(entry) | dict(change), Capabilities)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(invalid(error, place)), field=SETTING) from None
