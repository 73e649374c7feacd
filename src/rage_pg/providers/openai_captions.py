"""Captioner `openai`: OpenAI's chat completions, and every server that speaks them (base URL: a setting).

vLLM, SGLang, llama.cpp and Ollama know this API and its JSON schemas; the newer responses API few of them do.
"""

from __future__ import annotations

import base64
from typing import Any

import openai

from rage_pg.config import Secret
from rage_pg.errors import ProviderError, ProviderRefused
from rage_pg.providers.chat_answer import decoded, first_choice, message_of
from rage_pg.providers.descriptions import (
    MAX_ANSWER,
    SCHEMA,
    bad_answer,
    clean,
    description,
    instruction,
    shortened,
    vocabulary,
)
from rage_pg.providers.openai_chat import Chat
from rage_pg.providers.openai_settings import OFFICIAL_URL
from rage_pg.providers.ports import CaptionContext, Description
from rage_pg.types import Reader

TIMEOUT = openai.Timeout(180.0, connect=10.0)
MOST_WRITTEN = 4_000
"""Tokens of an answer, the model's thoughts among them: one that goes round in circles ends here."""
LONGEST_REASON = 300


class OpenAICaptioner:
    """Sends a picture and what is to be said of it; one request, never repeated here."""

    name = "openai"
    reader: Reader = "model"
    charges = True

    def __init__(
        self,
        model: str,
        *,
        key: Secret | None,
        base_url: str | None = None,
        timeout: openai.Timeout = TIMEOUT,
    ) -> None:
        self.model = model
        self._chat = Chat(
            who="vision model",
            model=model,
            key=key,
            base_url=base_url or OFFICIAL_URL,
            timeout=timeout,
            schema=("description", SCHEMA),
            most_written=MOST_WRITTEN,
            most_bytes=MAX_ANSWER,
        )

    async def describe(self, picture: bytes, context: CaptionContext) -> Description:
        content, request_id = await self._chat.ask(_messages(picture, context))
        return _read(content, self.model, request_id)


def _messages(picture: bytes, context: CaptionContext) -> list[Any]:
    address = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    return [
        {"role": "system", "content": instruction(context)},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": vocabulary(context)},
                {"type": "image_url", "image_url": {"url": address}},
            ],
        },
    ]


def _read(content: bytes | None, model: str, request_id: str | None) -> Description:
    if content is None:
        raise bad_answer("is far too long", request_id, None)
    answer = decoded(content)
    if answer is None:
        raise bad_answer("is not the JSON that its API promises", request_id, None)
    usage = answer.get("usage")
    choice = first_choice(answer)
    message = message_of(choice)
    refusal, finish = message.get("refusal"), choice.get("finish_reason")
    if isinstance(refusal, str) and refusal.strip():
        raise _refused(shortened(clean(refusal), LONGEST_REASON), request_id, usage)
    if finish == "content_filter":
        raise _refused("its content filter was tripped", request_id, usage)
    if finish == "length":
        raise bad_answer("was cut off before its end", request_id, usage, "cut_off")
    return description(
        message.get("content"),
        asked=model,
        answered=answer.get("model"),
        request_id=request_id,
        usage=usage,
    )


def _refused(reason: str, request_id: str | None, usage: Any) -> ProviderError:
    return ProviderRefused(
        f"The vision model refused: {reason}", code="refusal", request_id=request_id, usage=usage
    )
