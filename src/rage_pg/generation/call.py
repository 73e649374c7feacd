"""A request as the provider gets it: made alike when it is checked, previewed and carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from rage_pg.generation.instruction import Guidelines, instruction
from rage_pg.providers.ports import GenerationCall, ImageGenerator, InputImage
from rage_pg.types import GenerationRequest, Purpose

Generators: TypeAlias = Callable[[str | None], ImageGenerator]
"""The generator of this name, or the one of the settings for None. Raises where there is none."""

OPTIONS = (
    "size",
    "quality",
    "background",
    "input_fidelity",
    "output_format",
    "count",
    "partial_images",
)


def parameters_of(request: GenerationRequest) -> dict[str, Any]:
    """The options that the request names; what it leaves out is the provider's to choose."""
    named = {option: getattr(request, option) for option in OPTIONS}
    return {option: value for option, value in named.items() if value not in (None, 0)}


def build_call(
    generator: ImageGenerator,
    *,
    prompt: str,
    purpose: Purpose,
    model: str,
    parameters: Mapping[str, Any],
    images: Sequence[InputImage],
    guidelines: Guidelines,
    mask: bytes | None = None,
) -> GenerationCall:
    """The prompt becomes an instruction where the provider reads it."""
    text = instruction(prompt, purpose, images, guidelines) if generator.conditioned_on_prompt else prompt
    options = {option: parameters[option] for option in OPTIONS if option in parameters}
    return GenerationCall(
        prompt=text, purpose=purpose, references=tuple(images), model=model, mask=mask, **options
    )


def prompt_sent(generator: ImageGenerator, call: GenerationCall) -> str | None:
    """The text that goes out; None to a provider that reads none."""
    return call.prompt if generator.conditioned_on_prompt else None
