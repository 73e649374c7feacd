"""What the models that travel inside their packages have in common: one thread, one load, one hash."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from rage_pg.errors import InvalidInput, ProviderError, RageError, SetupError
from rage_pg.providers.checked import checked_vectors
from rage_pg.providers.loading import Loaded
from rage_pg.providers.ports import EncoderIdentity, Vectors

MAX_CHARACTERS = 2_000
"""How much of a text is read: some 500 tokens of English. More would cost seconds and blur the vector."""

BATCH = 32
"""Inputs handed to a model at once; between batches, whoever waits for the model gets a turn."""

Model = TypeVar("Model")
Input = TypeVar("Input")
Answer = TypeVar("Answer")


class ModelThread(Generic[Model]):
    """A model, loaded on first use, and the only thread that ever runs it.

    Work is done in the order in which it was handed in, so no engine needs to be re-entrant, and a prompt
    waits for one batch at most. What a model raises becomes a ProviderError, a failed load a SetupError.
    """

    def __init__(self, name: str, load: Callable[[], Model]) -> None:
        self.name = name
        self._load = load
        self._model = Loaded(self._loaded)
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[Model, Input], Answer], given: Input) -> Answer:
        """Return `work(model, given)`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread(), self._work, work, given)

    def _thread(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self.name)
            return self._executor

    def _work(self, work: Callable[[Model, Input], Answer], given: Input) -> Answer:
        model = self._model.get()
        try:
            return work(model, given)
        except RageError:
            raise
        except Exception as error:
            raise ProviderError(f"{self.name} failed: {error}", code="model_failed") from error

    def _loaded(self) -> Model:
        try:
            return self._load()
        except SetupError:
            raise
        except Exception as error:
            fault = f"The model {self.name} cannot be loaded: {error}."
            raise SetupError(fault, "Reinstall its package.") from error


async def encoded(
    thread: ModelThread[Model],
    identity: EncoderIdentity,
    inputs: Sequence[Input],
    encode: Callable[[Model, list[Input]], Vectors],
) -> Vectors:
    """Encode the inputs batch by batch and return their checked vectors, in order."""
    batches = [np.empty((0, identity.dimensions), dtype=np.float32)]
    for start in range(0, len(inputs), BATCH):
        batch = list(inputs[start : start + BATCH])
        batches.append(await thread.run(encode, batch))
    return checked_vectors(np.concatenate(batches), identity, len(inputs))


def of_length_one(vectors: Vectors) -> Vectors:
    """Each row by itself."""
    normalised: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalised


@cache
def weights_sha256(*files: Path) -> str:
    """The hex SHA-256 of the files' bytes, one after the other; read once in a process (0.1 s for 70 MB)."""
    digest = hashlib.sha256()
    for path in files:
        try:
            digest.update(path.read_bytes())
        except OSError as error:
            fault = f"The model file {path.name} cannot be read."
            raise SetupError(fault, "Reinstall its package.") from error
    return digest.hexdigest()


def readable(texts: Sequence[str]) -> list[str]:
    """The part of each text that an encoder reads. Raise InvalidInput for one that says nothing."""
    return [_readable(index, text) for index, text in enumerate(texts)]


def _readable(index: int, text: str) -> str:
    # NUL would end the text early in an engine written in C, and a lone surrogate has no UTF-8.
    cleaned = text.replace("\x00", " ").encode("utf-8", "ignore").decode("utf-8").strip()
    if not cleaned:
        raise InvalidInput(f"Text {index} is empty: there is nothing to embed.", field="text")
    return cleaned[:MAX_CHARACTERS].rstrip()
