"""Whether an answer is of the model that was asked: what one model says stands for no other."""

from __future__ import annotations

import re
from typing import Any

SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4}|preview-\d{2}-\d{2,4})|:latest")
"""What a provider puts behind a model's name to say which state of it answered."""


def is_of(asked: str, answered: Any) -> bool:
    """Whether `answered` names the model `asked`, a dated snapshot of it, or it under a longer path.

    A server that names no model answered for the one that was asked.
    """
    if answered is None or answered == "":
        return True
    if not isinstance(answered, str):
        return False
    wanted, given = (name.lower().rpartition("/")[2] for name in (asked, answered))
    rest = given.removeprefix(wanted)
    return given == wanted or (rest != given and SNAPSHOT.fullmatch(rest) is not None)
