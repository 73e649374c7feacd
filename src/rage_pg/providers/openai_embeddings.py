"""Encoder `openai`: OpenAI's embeddings API, and every server that speaks it (base URL from the settings).

Texts go as they are, pictures as data URIs, to servers whose model embeds both. One call is one request.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from copy import copy

from rage_pg.errors import ProviderError
from rage_pg.providers.bundled import readable
from rage_pg.providers.checked import checked_vectors
from rage_pg.providers.openai_settings import Server
from rage_pg.providers.openai_vectors import vectors_of
from rage_pg.providers.ports import Bill, EncoderIdentity, Vectors
from rage_pg.types import MOST_DIMENSIONS, Encodes

NAME = "openai"
MOST_INPUTS = 2_048
MOST_TOKENS = 300_000
"""Of one request. A text has no more tokens than bytes, whatever the tokenizer; bytes are what is counted."""
MOST_PICTURES = 16
MOST_PICTURE_BYTES = 6_000_000


class OpenAIEncoder:
    """Embeds captions, or pictures, and prompts, with a model behind the embeddings API.

    `model` is its name, or `NAME@DIMENSIONS` where it is asked for other vectors than it gives by itself.
    `dimensions` is 0 as long as they are not known: then `asked_dimensions` alone can be called.
    """

    def __init__(self, server: Server, model: str, dimensions: int, encodes: Encodes = "caption") -> None:
        self.identity = EncoderIdentity(
            encoder=NAME, model=model, weights_sha256=None, dimensions=dimensions, encodes=encodes
        )
        self._server = server
        self._bill = Bill()

    def fitting(self, inputs: Sequence[str | bytes]) -> int:
        pictures = self.identity.encodes != "caption"
        most, room = (MOST_PICTURES, MOST_PICTURE_BYTES) if pictures else (MOST_INPUTS, MOST_TOKENS)
        count = 0
        for one in inputs[:most]:
            room -= len(one if isinstance(one, bytes) else one.encode("utf-8", "replace"))
            if room < 0:
                break
            count += 1
        return max(count, 1)

    def billed_to(self, bill: Bill) -> OpenAIEncoder:
        bound = copy(self)
        bound._bill = bill
        return bound

    async def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return await self._embed(readable(texts))

    async def encode_prompts(self, texts: Sequence[str]) -> Vectors:
        return await self._embed(readable(texts))

    async def encode_images(self, images: Sequence[bytes]) -> Vectors:
        """The pictures are WebP, as thumbnails are."""
        uris = [f"data:image/webp;base64,{base64.b64encode(image).decode()}" for image in images]
        return await self._embed(uris, pictures=True)

    async def asked_dimensions(self) -> int:
        """How long the vectors are that the model gives, whatever was said. Raises ProviderError."""
        model = self.identity.model
        [vector] = await vectors_of(self._server, model, ["How long is a vector?"], self._bill)
        length = len(vector) if hasattr(vector, "__len__") else 0
        if not 1 <= length <= MOST_DIMENSIONS:
            raise ProviderError(
                f"{model} gives vectors of {length:,} numbers; 1 to {MOST_DIMENSIONS:,} can be indexed.",
                code="bad_vector",
            )
        return length

    async def _embed(self, inputs: Sequence[str], *, pictures: bool = False) -> Vectors:
        name, _, asked = self.identity.model.partition("@")
        vectors = await vectors_of(
            self._server,
            name,
            inputs,
            self._bill,
            dimensions=self.identity.dimensions if asked else None,
            # No part of OpenAI's own API, whose models embed texts alone.
            extra_body={"modality": "image"} if pictures else None,
        )
        return checked_vectors(vectors, self.identity, len(inputs))
