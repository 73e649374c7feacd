"""The refusal of what a model cannot do, before anything is sent or spent; each names what is allowed."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from rage_pg.errors import NotPossible
from rage_pg.providers.capabilities import AnySize, Capabilities
from rage_pg.providers.ports import GenerationCall
from rage_pg.providers.shapes import shape_of
from rage_pg.types import Purpose

PIXELS = re.compile(r"(\d{1,5})x(\d{1,5})")
WORK_ON_A_PICTURE: frozenset[Purpose] = frozenset({"edit", "enhance", "style"})
BACKGROUNDS = ("auto", "opaque", "transparent")


def check_within(call: GenerationCall, model: str, able: Capabilities) -> None:
    """Raise NotPossible, with the field to change and what it may be."""
    _check_word(call.purpose, "purpose", able.purposes, model, auto=False)
    if not call.references and call.purpose in WORK_ON_A_PICTURE:
        raise NotPossible(f"{call.purpose} needs a picture to work on: add a reference.", field="references")
    if len(call.references) > able.references:
        most = f"at most {able.references} references" if able.references else "no references"
        raise NotPossible(
            f"{model} takes {most}, not {len(call.references)}: leave some out, or choose another model.",
            field="references",
        )
    if not 1 <= len(call.prompt) <= able.prompt:
        fault = f"The prompt has {len(call.prompt)} characters with what is sent beside it"
        raise NotPossible(f"{fault}; {model} takes 1 to {able.prompt}.", field="prompt")
    if not 1 <= call.count <= able.count:
        most = f"at most {able.count} pictures" if able.count > 1 else "one picture"
        raise NotPossible(
            f"{model} makes {most} a request: a count of {call.count} cannot be asked for.",
            field="count",
            allowed=tuple(range(1, able.count + 1)),
        )
    if call.partial_images:
        _check_partial_images(call, model, able)
    if call.mask is not None and not able.mask:
        raise NotPossible(f"{model} takes no mask: leave it out, or choose another model.", field="mask")
    _check_word(call.output_format, "output_format", able.output_formats, model, auto=False)
    check_size(call.size, model, able)
    _check_background(call, model, able)
    if able.qualities is not None:
        _check_word(call.quality, "quality", able.qualities, model)
    if call.references and able.input_fidelities is not None:
        _check_word(call.input_fidelity, "input_fidelity", able.input_fidelities, model)


def _check_partial_images(call: GenerationCall, model: str, able: Capabilities) -> None:
    if call.partial_images not in range(able.partial_images + 1):
        most = f"at most {able.partial_images}" if able.partial_images else "none"
        raise NotPossible(
            f"{model} shows {most} of a picture's partial images, not {call.partial_images}.",
            field="partial_images",
            allowed=tuple(range(able.partial_images + 1)),
        )
    if call.count > 1:
        # Their events do not say which of several pictures they belong to.
        raise NotPossible(
            "Partial images are shown of one picture at a time: ask for a count of 1, or for none of them.",
            field="partial_images",
            allowed=(0,),
        )


def check_size(size: str | None, model: str, able: Capabilities) -> None:
    """Raise NotPossible for a size that the model does not paint."""
    if size in (None, "", "auto") or size in able.sizes:
        return
    if able.ratios:
        shape_of(size, model, able)
        return
    found = PIXELS.fullmatch(size)
    if found and able.any_size and _paints(able.any_size, int(found[1]), int(found[2])):
        return
    named = [*able.sizes, *([sizes_said(able.any_size)] if able.any_size else [])]
    raise NotPossible(
        f"{model} takes the size auto{''.join(f', {one}' for one in named)}, not {size!r}.",
        field="size",
        allowed=("auto", *named),
    )


def _paints(rule: AnySize, width: int, height: int) -> bool:
    short, long = sorted((width, height))
    return (
        short >= rule.shortest
        and long <= rule.longest
        and not (width % rule.step or height % rule.step)
        and rule.fewest <= width * height <= rule.most
        and long <= rule.steepest * short
    )


def sizes_said(rule: AnySize) -> str:
    """The rule in words: "WIDTHxHEIGHT (both multiples of 16)"."""
    standard = AnySize()
    said = []
    if rule.step > 1:
        said.append(f"both multiples of {rule.step}")
    if (rule.shortest, rule.longest) != (standard.shortest, standard.longest):
        said.append(f"each {rule.shortest} to {rule.longest}")
    if (rule.fewest, rule.most) != (standard.fewest, standard.most):
        said.append(f"{rule.fewest:,} to {rule.most:,} pixels in all")
    if rule.steepest < standard.steepest and math.isfinite(rule.steepest):
        said.append(f"the longer at most {rule.steepest:g} times the shorter")
    return f"WIDTHxHEIGHT ({', '.join(said)})" if said else "WIDTHxHEIGHT"


def _check_background(call: GenerationCall, model: str, able: Capabilities) -> None:
    allowed = BACKGROUNDS if able.transparent else BACKGROUNDS[:2]
    if call.background is not None and call.background not in allowed:
        raise NotPossible(
            f"The background of {model} is {_listed(allowed)}, not {call.background!r}.",
            field="background",
            allowed=allowed,
        )
    if call.background == "transparent" and call.output_format == "jpeg":
        raise NotPossible(
            "jpeg holds no transparency: choose png or webp, or another background.",
            field="output_format",
            allowed=tuple(one for one in able.output_formats if one != "jpeg"),
        )


def _check_word(
    word: str | None, field: str, allowed: Sequence[str], model: str, *, auto: bool = True
) -> None:
    if word is None or word in allowed or (auto and word == "auto"):
        return
    if not allowed:
        raise NotPossible(f"{model} has no {field} to choose: leave {field} out.", field=field)
    raise NotPossible(
        f"The {field} of {model} is {_listed(allowed)}, not {word!r}.", field=field, allowed=tuple(allowed)
    )


def _listed(allowed: Sequence[str]) -> str:
    *others, last = allowed
    return f"{', '.join(others)} or {last}" if others else last
