"""Models that take seconds to load: loaded once, by one thread, however many ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from copy import copy
from typing import Generic, TypeVar

from rage_pg.errors import SetupError

Model = TypeVar("Model")

RETRY_AFTER = 30.0
"""Seconds for which a load that failed is not tried again: each search would, and wait for it."""

clock = time.monotonic


class Loaded(Generic[Model]):
    """A model that is loaded when it is first asked for; whoever asks meanwhile waits.

    A SetupError of the load is raised again, without another try, to all that ask within RETRY_AFTER.
    """

    def __init__(self, load: Callable[[], Model]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._model: Model | None = None
        self._failure: SetupError | None = None
        self._try_again_at = 0.0

    def get(self) -> Model:
        """The model. Raises SetupError."""
        if self._model is None:
            with self._lock:
                if self._model is None:
                    self._model = self._tried()
        return self._model

    def _tried(self) -> Model:
        if self._failure is not None and clock() < self._try_again_at:
            raise copy(self._failure) from self._failure
        try:
            return self._load()
        except SetupError as error:
            self._failure, self._try_again_at = error, clock() + RETRY_AFTER
            raise
