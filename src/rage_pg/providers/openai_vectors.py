"""One request to an embeddings API, and what its answer must be to be believed."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import openai

from rage_pg.errors import ProviderError
from rage_pg.providers.answering import is_of
from rage_pg.providers.openai_errors import translated
from rage_pg.providers.openai_settings import Server
from rage_pg.providers.ports import Bill
from rage_pg.providers.tls import trusted

TIMEOUT = openai.Timeout(120.0, connect=10.0)
"""Seconds."""


async def vectors_of(
    server: Server,
    model: str,
    inputs: Sequence[str],
    bill: Bill,
    *,
    dimensions: int | None = None,
    **more: Any,
) -> list[Any]:
    """The vectors of the inputs, in order, of whatever length and numbers; `bill` is told what was used.

    Raises ProviderError for an answer of another model, of another number of vectors, or that is none.
    """
    options: dict[str, Any] = {} if dimensions is None else {"dimensions": dimensions}
    try:
        # A client of its own for each call: a connection kept from before may be dead without saying so.
        async with openai.AsyncOpenAI(
            api_key=server.key.reveal() if server.key else "none",
            base_url=server.base_url,
            timeout=TIMEOUT,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(verify=trusted()),
        ) as client:
            response = await client.embeddings.with_raw_response.create(
                model=model, input=list(inputs), encoding_format="float", **options, **more
            )
            content, bill.request_id = response.content, response.request_id
    except openai.OpenAIError as error:
        raise translated(error, server.base_url, server.key) from error
    answer = _decoded(content)
    bill.usage = answer.get("usage")
    bill.model = _checked_model(model, answer.get("model"))
    return _in_order(answer.get("data"), len(inputs))


def _decoded(content: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, Mapping):
        raise _failed("is not the JSON that its API promises")
    return answer


def _checked_model(asked: str, answered: Any) -> str:
    if not is_of(asked, answered):
        raise ProviderError(
            f"The server answered as the model {str(answered)[:100]!r}, not {asked!r}: "
            "vectors of two models cannot be compared. Name the model as the server does.",
            code="other_model",
        )
    return str(answered or asked)


def _in_order(data: Any, count: int) -> list[Any]:
    if not isinstance(data, list) or len(data) != count:
        found = len(data) if isinstance(data, list) else "no"
        raise _failed(f"holds {found} vectors for {count} inputs")
    vectors: list[Any] = [None] * count
    for place, item in enumerate(data):
        index = item.get("index", place) if isinstance(item, Mapping) else None
        if not isinstance(index, int) or not 0 <= index < count or vectors[index] is not None:
            raise _failed("does not say which vector belongs to which input")
        vectors[index] = _numbers(item.get("embedding"))
    return vectors


def _numbers(embedding: Any) -> Any:
    """A list of numbers as it is; some servers answer in base64 whatever they are asked for."""
    if not isinstance(embedding, str):
        return embedding
    try:
        return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
    except (binascii.Error, ValueError) as error:
        raise _failed("holds a text in place of a vector") from error


def _failed(fault: str) -> ProviderError:
    return ProviderError(f"The answer of the embeddings API {fault}.", code="malformed_answer")
