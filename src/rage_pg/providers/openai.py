"""Image generator `openai`: OpenAI's image API, and every server that speaks it (base URL from the settings).

One call is one HTTP request, never repeated here: a request that timed out may have been paid for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, get_args

import openai
from msgspec.structs import replace

from rage_pg.config import Secret
from rage_pg.errors import InvalidInput
from rage_pg.providers.capabilities import Capabilities, Models
from rage_pg.providers.models import LISTED, OTHERS
from rage_pg.providers.openai_answer import result_of
from rage_pg.providers.openai_errors import translated
from rage_pg.providers.openai_settings import OFFICIAL_URL
from rage_pg.providers.openai_stream import Stream
from rage_pg.providers.ports import GenerationCall, GenerationResult, Progress
from rage_pg.providers.tls import trusted
from rage_pg.providers.upload import fitted_details, mask_on, prepared
from rage_pg.providers.within import check_within
from rage_pg.types import Role

MAX_REFERENCES = 16
TIMEOUT = openai.Timeout(600.0, connect=10.0)
"""Seconds. A large picture at high quality takes minutes."""
LONGEST = 1_200.0
"""Seconds that an answer may take which is streamed: signs of life alone keep none going for ever."""
OPTIONS = ("size", "quality", "background", "output_format")


class OpenAIGenerator:
    """Sends the prompt, and the references in their order, to `images.edit` or `images.generate`."""

    name = "openai"
    charges = True
    conditioned_on_prompt = True
    reference_limits: Mapping[Role, int] = dict.fromkeys(get_args(Role), MAX_REFERENCES)

    def __init__(
        self,
        model: str | None,
        *,
        key: Secret | None,
        base_url: str | None = None,
        timeout: openai.Timeout = TIMEOUT,
        longest: float = LONGEST,
        models: Models | None = None,
    ) -> None:
        self._model = model
        self._key = key
        self._base_url = base_url or OFFICIAL_URL
        self._timeout = timeout
        self._longest = longest
        self._models = models or Models(LISTED, OTHERS, {})

    @property
    def default_model(self) -> str:
        """Raise InvalidInput where neither the settings nor the provider's name hold a model."""
        if self._model is None:
            remedy = "Name one in the request, or set RAGE_GENERATOR=openai:MODEL."
            raise InvalidInput(f"The provider openai needs a model. {remedy}", field="model")
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
        images = await asyncio.to_thread(prepared, call.references, able, masked=call.mask is not None)
        parameters = _parameters(call, model)
        if call.mask is not None:
            mask = await asyncio.to_thread(mask_on, images[0], call.mask)
            parameters["mask"] = ("mask.png", mask, "image/png")
        if images:
            parameters["image"] = [image.file for image in images]
        fit_ms = (time.perf_counter() - began) * 1000
        try:
            if call.partial_images and progress is not None:
                result = await self._streamed(parameters, call.partial_images, progress)
            else:
                result = await self._answered(parameters)
        except openai.OpenAIError as error:
            raise translated(error, self._base_url, self._key) from error
        return replace(result, details=result.details | fitted_details(images), fit_ms=fit_ms)

    async def _answered(self, parameters: dict[str, Any]) -> GenerationResult:
        async with self._client() as client:
            raw = client.images.with_raw_response
            response = await (raw.edit if "image" in parameters else raw.generate)(**parameters)
        return await asyncio.to_thread(result_of, response.content, parameters["model"], response.request_id)

    async def _streamed(
        self, parameters: dict[str, Any], partial_images: int, progress: Progress
    ) -> GenerationResult:
        async with self._client() as client:
            streaming = client.images.with_streaming_response
            ask = streaming.edit if "image" in parameters else streaming.generate
            async with ask(**parameters, stream=True, partial_images=partial_images) as response:
                stream = Stream(response, parameters["model"], self._base_url, self._key)
                return await stream.result(progress, self._longest)

    def _client(self) -> openai.AsyncOpenAI:
        # A client of its own for each call: a connection kept from before may be dead without saying so,
        # and then nobody could tell whether a paid request was received.
        return openai.AsyncOpenAI(
            api_key=self._key.reveal() if self._key else "none",
            base_url=self._base_url,
            timeout=self._timeout,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(verify=trusted()),
        )


def _parameters(call: GenerationCall, model: str) -> dict[str, Any]:
    """Only what the caller asked for: a model refuses options that it does not know."""
    given = {name: getattr(call, name) for name in OPTIONS if getattr(call, name) is not None}
    if call.count > 1:
        given["n"] = call.count
    if call.references and call.input_fidelity is not None:
        given["input_fidelity"] = call.input_fidelity
    return {"model": model, "prompt": call.prompt, **given}
