"""One question to a server of chat completions, to be answered with a JSON object; never repeated here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import openai
from httpx2 import HTTPError
from msgspec import Struct

from rage_pg.config import Secret
from rage_pg.errors import OutcomeUnknown
from rage_pg.providers.openai_errors import translated
from rage_pg.providers.tls import trusted


class Chat(Struct, frozen=True, kw_only=True):
    """A model behind an address, and what an answer is held to. `schema`: its name and the JSON schema."""

    who: str
    """As errors name it: the judge."""
    model: str
    key: Secret | None
    base_url: str
    timeout: openai.Timeout
    schema: tuple[str, Mapping[str, Any]]
    most_written: int
    """Tokens of an answer, the model's thoughts among them."""
    most_bytes: int
    patience: float | None = None
    """Seconds for a whole answer."""

    async def ask(
        self, messages: Sequence[Any], *, temperature: float | None = None
    ) -> tuple[bytes | None, str | None]:
        """The answer's bytes, None where there are too many, and the request id.

        Without a `temperature` the model has its own; where it takes none, it is asked again without, which
        costs nothing. Raises ProviderError, OutcomeUnknown.
        """
        try:
            async with asyncio.timeout(self.patience):
                return await self._asked(messages, temperature)
        except openai.OpenAIError as error:
            raise translated(error, self.base_url, self.key) from error
        except TimeoutError as error:
            fault = f"The {self.who} did not answer within {self.patience:g} seconds."
            raise OutcomeUnknown(fault, code="timeout") from error
        except HTTPError as error:
            fault = f"The connection broke while the {self.who} answered: the call may have been charged."
            raise OutcomeUnknown(fault, code="connection_lost") from error

    async def _asked(
        self, messages: Sequence[Any], temperature: float | None
    ) -> tuple[bytes | None, str | None]:
        try:
            return await self._sent(messages, temperature)
        except openai.BadRequestError as error:
            if temperature is None or error.param != "temperature":
                raise
            return await self._sent(messages, None)

    async def _sent(
        self, messages: Sequence[Any], temperature: float | None
    ) -> tuple[bytes | None, str | None]:
        name, schema = self.schema
        # A client of its own for each call: a connection kept from before may be dead without saying so,
        # and then nobody could tell whether a paid request was received.
        async with (
            openai.AsyncOpenAI(
                api_key=self.key.reveal() if self.key else "none",
                base_url=self.base_url,
                timeout=self.timeout,
                max_retries=0,
                http_client=openai.DefaultAsyncHttpxClient(verify=trusted()),
            ) as client,
            client.chat.completions.with_streaming_response.create(
                model=self.model,
                messages=list(messages),
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": name, "strict": True, "schema": dict(schema)},
                },
                max_completion_tokens=self.most_written,
                temperature=openai.omit if temperature is None else temperature,
            ) as response,
        ):
            content = bytearray()
            async for chunk in response.iter_bytes():
                content += chunk
                if len(content) > self.most_bytes:
                    return None, response.request_id
            return bytes(content), response.request_id
