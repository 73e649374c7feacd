"""What a plain single encoder finds: captions by their cosine with the whole prompt, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.questions import Question
from rage_pg.providers.ports import TextEncoder, Vectors

Shown = Sequence[frozenset[str]]


class Plain:
    """The pictures of a catalogue in memory, each with the vector of its words as they stand."""

    def __init__(self, encoder: TextEncoder, *, prompts_as_captions: bool = False) -> None:
        self._encoder = encoder
        self._encode = encoder.encode_documents if prompts_as_captions else encoder.encode_prompts
        self._names: list[str] = []
        self._vectors = np.empty((0, encoder.identity.dimensions), dtype=np.float32)

    async def fill(self, words: Mapping[str, str]) -> None:
        """`words`: of each picture, by its name."""
        self._names = list(words)
        self._vectors = _unit(await self._encoder.encode_documents(list(words.values())))

    async def nearest(self, questions: Sequence[Question], k: int) -> list[list[str]]:
        """The names of the `k` nearest pictures, for each question."""
        prompts = _unit(await self._encode([str(one["query"]) for one in questions]))
        order = np.argsort(-(prompts @ self._vectors.T), axis=1, kind="stable")[:, :k]
        return [[self._names[place] for place in row] for row in order]

    async def coverage(self, questions: Sequence[Question], k: int) -> float | None:
        """As in `rage evaluate`: of the questions of at most `k` things, those with all in the first `k`."""
        asked = [one for one in questions if 0 < len(things_of(one)) <= k]
        found = await self.nearest(asked, k)
        served = [
            all(thing & set(names) for thing in things_of(one))
            for one, names in zip(asked, found, strict=True)
        ]
        return float(np.mean(served)) if served else None


def things_of(question: Question) -> Shown:
    """The pictures that show each thing."""
    relevant = question["relevant"]
    assert isinstance(relevant, list)
    return [frozenset(thing) for thing in relevant]


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
