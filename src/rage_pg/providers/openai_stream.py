"""Reads an answer of an images API that was asked to stream: partial images on the way, then the picture.

Only the event that says `completed` brings the picture, and what was used. A stream that ends without it is a
failure whose cost nobody knows. A server that answers without a stream has answered all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import httpx2
import openai
from msgspec.structs import replace

from rage_pg.config import Secret
from rage_pg.errors import ProviderError
from rage_pg.providers.openai_answer import (
    Fault,
    failed,
    json_of,
    picture_in,
    result_in,
    result_of,
)
from rage_pg.providers.openai_errors import broken_off, translated
from rage_pg.providers.ports import GeneratedImage, GenerationResult, Progress
from rage_pg.providers.sse import ServerEvent, TooLong, begins_as_events, events_in

EVENT_STREAM = "text/event-stream"
PARTIAL = ("image_generation.partial_image", "image_edit.partial_image")
COMPLETED = ("image_generation.completed", "image_edit.completed")
END = b"[DONE]"
LOOK = 16
"""Bytes that tell what an answer is."""


class Stream:
    """One answer under way, with what its errors must tell."""

    def __init__(
        self,
        response: openai.AsyncAPIResponse[Any],
        model: str,
        base_url: str,
        key: Secret | None,
    ) -> None:
        self._response = response
        self._model = model
        self._base_url = base_url
        self._key = key
        self._partial_images = 0

    async def result(self, progress: Progress, seconds: float) -> GenerationResult:
        """The picture, once it is there. Raise ProviderError, ProviderRefused, or OutcomeUnknown where the
        connection broke, or nothing was finished within so many seconds."""
        try:
            async with aclosing(_in_time(self._response.iter_bytes(), seconds)) as chunks:
                result = await self._read(chunks, progress)
        except TooLong:
            raise self._failed(Fault("stream_too_long", "holds an event that does not end")) from None
        except (httpx2.TimeoutException, TimeoutError):
            raise self._lost(openai.APITimeoutError(self._response.http_request)) from None
        except httpx2.RequestError:
            raise self._lost(openai.APIConnectionError(request=self._response.http_request)) from None
        return replace(result, details=result.details | {"partial_images": self._partial_images})

    async def _read(self, chunks: AsyncIterator[bytes], progress: Progress) -> GenerationResult:
        head = b""
        async for chunk in chunks:
            head += chunk
            if len(head.strip()) >= LOOK:
                break
        if not self._is_stream(head):
            content = b"".join([head, *[chunk async for chunk in chunks]])
            return await asyncio.to_thread(result_of, content, self._model, self._response.request_id)
        async with aclosing(events_in(_after(head, chunks))) as events:
            async for event in events:
                if event.data.strip() == END:
                    break
                if (result := await self._heed(event, progress)) is not None:
                    return result
        raise self._failed(Fault("stream_incomplete", "ended before the picture was finished"))

    def _is_stream(self, head: bytes) -> bool:
        """Its first bytes tell, and not its header alone: JSON that is called a stream is JSON."""
        named = self._response.headers.get("content-type", "").startswith(EVENT_STREAM)
        return begins_as_events(head) or (named and not head.lstrip().startswith((b"{", b"[")))

    async def _heed(self, event: ServerEvent, progress: Progress) -> GenerationResult | None:
        """The result, if the event brings it. What cannot be read or is not known is passed over."""
        said = await asyncio.to_thread(json_of, event.data)
        if not isinstance(said, Mapping):
            return None
        name = said.get("type") if isinstance(said.get("type"), str) else event.name
        if name in PARTIAL:
            await self._show(said, progress)
        elif name in COMPLETED or isinstance(said.get("data"), list):
            answer = {**said, "data": [said]} if name in COMPLETED else said
            return await asyncio.to_thread(result_in, answer, self._model, self._response.request_id)
        elif "error" in (name, event.name) or said.get("error"):
            raise self._broken_off(said)
        return None

    async def _show(self, said: Mapping[str, Any], progress: Progress) -> None:
        found = await asyncio.to_thread(picture_in, said)
        if isinstance(found, GeneratedImage):
            self._partial_images += 1
            await progress(found)

    def _broken_off(self, said: Mapping[str, Any]) -> ProviderError:
        error = said.get("error") or said
        if not isinstance(error, Mapping):
            error = {"message": error}
        usage, request_id = said.get("usage"), self._response.request_id
        return broken_off(error, self._base_url, self._key, request_id, usage)

    def _failed(self, fault: Fault) -> ProviderError:
        return failed(fault, self._response.request_id, None)

    def _lost(self, error: openai.OpenAIError) -> ProviderError:
        lost = translated(error, self._base_url, self._key)
        lost.request_id = self._response.request_id
        return lost


async def _after(head: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in chunks:
        yield chunk


async def _in_time(chunks: AsyncIterator[bytes], seconds: float) -> AsyncGenerator[bytes]:
    """The chunks; raise TimeoutError when they have not ended after so many seconds.

    Only waiting for them is cut short, never what is done with them.
    """
    end = asyncio.get_running_loop().time() + seconds
    while True:
        async with asyncio.timeout_at(end):
            chunk = await anext(chunks, None)
        if chunk is None:
            return
        yield chunk
