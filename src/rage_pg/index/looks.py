"""What a process has looked at already: once it has seen all of a store, it looks at what changed since.

A look that came to its end leaves nothing missing but what is claimed, given up or failed, which tables hold,
and what it could not see yet. So the next one asks for what its predecessor's snapshot did not show; see
`sql/rage/17_changes.sql`. Nothing of this is stored: a new process looks at everything first.
"""

from __future__ import annotations

import time
from collections.abc import Hashable

from msgspec import Struct

COMPLETE_EVERY = 600.0
"""Seconds after which everything is looked at again: it finds what was changed behind the triggers' back."""


class Moment(Struct, frozen=True):
    """When a look began: the snapshot of a transaction that was committed to the disk, and of which store."""

    snapshot: str
    store: str


class _Look(Struct, frozen=True):
    moment: Moment
    complete_at: float


class Looks:
    """The last look at each thing that came to its end."""

    def __init__(self) -> None:
        self._last: dict[Hashable, _Look] = {}

    def since(self, what: Hashable, moment: Moment) -> str | None:
        """The snapshot that a look may go on from; None: everything is to be looked at."""
        last = self._last.get(what)
        if last is None or last.moment.store != moment.store:
            return None
        if time.monotonic() - last.complete_at > COMPLETE_EVERY:
            return None
        return last.moment.snapshot

    def remember(self, what: Hashable, moment: Moment, since: str | None) -> None:
        """A look that began at a moment, and went on from a snapshot or was complete, has come to its end."""
        complete_at = time.monotonic() if since is None else self._last[what].complete_at
        self._last[what] = _Look(moment, complete_at)
