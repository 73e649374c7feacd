"""Puts images into a test's store, the way uploads come in."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np
from PIL import Image

from rage_pg import ingest
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.providers.checked import checked_vectors
from rage_pg.providers.ports import EncoderIdentity, PromptEncoder, PromptEncoders, Vectors
from rage_pg.types import ImageMetadata

_numbers = itertools.count()


def operator_url(url: str) -> str:
    """The superuser's URL of a database that the service has open."""
    return url.replace("//rage_app@", "//postgres@", 1)


def png(number: int | None = None, *, size: tuple[int, int] = (64, 48)) -> bytes:
    """A picture that no other number gives."""
    number = next(_numbers) if number is None else number
    picture = Image.new("RGB", size, (number % 256, number // 256 % 256, 77))
    picture.putpixel((0, 0), (255 - number % 256, 3, number // 65536 % 256))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


async def add(
    database: Database, title: str | None = None, *, content: bytes | None = None, **said: Any
) -> int:
    """Store an image that nothing else shows; its id."""
    if title is not None:
        said["title"] = title
    metadata = ImageMetadata(**said)
    item = await ingest.add_image(database, content or png(), metadata, limits=Limits())
    assert item.image_id is not None
    return item.image_id


def by(*encoders: PromptEncoder) -> PromptEncoders:
    """The encoders that a search has, found by their identity."""
    known = {encoder.identity: encoder for encoder in encoders}

    async def find(identity: EncoderIdentity) -> PromptEncoder | None:
        return known.get(identity)

    return find


class HashingEncoder:
    """A text encoder without a model: a text's vector is the sum of its words' random directions.

    It stands in for the space that ships under the name that it is given, so texts that share words are near.
    """

    def __init__(self, identity: EncoderIdentity) -> None:
        self.identity = identity
        self.calls = 0

    async def encode_documents(self, texts: Any) -> Vectors:
        self.calls += 1
        return checked_vectors([self._vector(text) for text in texts], self.identity, len(texts))

    encode_prompts = encode_documents

    def _vector(self, text: str) -> Vectors:
        words = text.lower().replace(".", " ").replace(",", " ").split()
        directions = [
            np.random.default_rng(list(word.encode())).standard_normal(self.identity.dimensions)
            for word in words
        ]
        total = np.sum(directions, axis=0, dtype=np.float32)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)
