"""Image generator `gemini`: Google's Gemini models that paint.

An extra, `pip install rage-pg[gemini]`. One call is one HTTP request, never repeated here: a request that
timed out may have been paid for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import get_args

import httpx2
from google.genai import types
from msgspec.structs import replace

from rage_pg.config import Secret
from rage_pg.errors import InvalidInput, RageError
from rage_pg.providers.capabilities import Capabilities, Models
from rage_pg.providers.gemini_answer import result_of
from rage_pg.providers.gemini_client import GeminiClient
from rage_pg.providers.models import LISTED, OTHERS
from rage_pg.providers.pictures import MEDIA_TYPES, decoded, encoded_picture
from rage_pg.providers.ports import GeneratedImage, GenerationCall, GenerationResult, Progress
from rage_pg.providers.shapes import Shape, shape_of
from rage_pg.providers.upload import Upload, fitted_details, prepared
from rage_pg.providers.within import check_within
from rage_pg.types import Role

MAX_REFERENCES = 16
"""Of any model: what its own entry allows is for `check` to say."""
TIMEOUT = httpx2.Timeout(600.0, connect=10.0)
"""Seconds. A large picture takes minutes."""


class GeminiGenerator:
    """Sends the prompt and then the references, each after its number, in their order."""

    name = "gemini"
    charges = True
    conditioned_on_prompt = True
    reference_limits: Mapping[Role, int] = dict.fromkeys(get_args(Role), MAX_REFERENCES)

    def __init__(
        self,
        model: str | None,
        *,
        key: Secret,
        base_url: str | None = None,
        timeout: httpx2.Timeout = TIMEOUT,
        models: Models | None = None,
    ) -> None:
        self._model = model
        self._client = GeminiClient(key, base_url, timeout)
        self._models = models or Models(LISTED, OTHERS, {})

    @property
    def default_model(self) -> str:
        """Raise InvalidInput where neither the settings nor the provider's name hold a model."""
        if self._model is None:
            remedy = "Name one in the request, or set RAGE_GENERATOR=gemini:MODEL."
            raise InvalidInput(f"The provider gemini needs a model. {remedy}", field="model")
        return self._model

    def able(self, model: str) -> Capabilities:
        return self._models.of(self.name, model)

    def check(self, call: GenerationCall) -> None:
        check_within(call, *self._entry(call))

    def _entry(self, call: GenerationCall) -> tuple[str, Capabilities]:
        model = call.model or self.default_model
        return model, self.able(model)

    async def generate(self, call: GenerationCall, progress: Progress | None = None) -> GenerationResult:
        self.check(call)
        model, able = self._entry(call)
        began = time.perf_counter()
        uploads = await asyncio.to_thread(prepared, call.references, able)
        fit_ms = (time.perf_counter() - began) * 1000
        shape = shape_of(call.size, model, able)
        answer = await self._client.ask(model, _parts(call.prompt, uploads), _config(shape, able))
        body = answer.sdk_http_response.body if answer.sdk_http_response else None
        result = await asyncio.to_thread(result_of, body or "", model)
        result = await asyncio.to_thread(_in_format, result, call.output_format)
        details = result.details | _asked(shape) | fitted_details(uploads)
        return replace(result, details=details, fit_ms=fit_ms)


def _parts(prompt: str, uploads: Sequence[Upload]) -> list[types.Part]:
    parts = [types.Part.from_text(text=prompt)]
    for number, upload in enumerate(uploads, start=1):
        parts.append(types.Part.from_text(text=f"Image {number}:"))
        parts.append(types.Part.from_bytes(data=upload.content, mime_type=upload.media_type))
    return parts


def _config(shape: Shape, able: Capabilities) -> types.GenerateContentConfig:
    # A model of one tier knows no name for it.
    tier = shape.tier if len(able.tiers) > 1 else None
    wanted = shape.ratio is not None or tier is not None
    return types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"],
        image_config=types.ImageConfig(aspect_ratio=shape.ratio, image_size=tier) if wanted else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        # Read by hand: the SDK's own reading fails on what it does not expect, and the pictures are paid for.
        should_return_http_response=True,
    )


def _asked(shape: Shape) -> dict[str, str]:
    """What became of `size`, for the ledger."""
    asked = {"aspect_ratio": shape.ratio, "image_size": shape.tier}
    return {name: value for name, value in asked.items() if value is not None}


def _in_format(result: GenerationResult, output_format: str | None) -> GenerationResult:
    """The API cannot be asked for a format: a picture that came in another one is encoded anew."""
    wanted = MEDIA_TYPES.get(output_format or "")
    came = [image.media_type for image in result.images]
    if wanted is None or all(media_type == wanted for media_type in came):
        return result
    images = tuple(_encoded(image, output_format or "", wanted) for image in result.images)
    return replace(result, images=images, details=result.details | {"encoded_anew_from": came})


def _encoded(image: GeneratedImage, output_format: str, wanted: str) -> GeneratedImage:
    if image.media_type == wanted:
        return image
    try:
        return encoded_picture(decoded(image.content, "The picture"), output_format)
    # It is paid for: one that cannot be encoded anew is kept as it came.
    except (RageError, OSError, ValueError):
        return image
