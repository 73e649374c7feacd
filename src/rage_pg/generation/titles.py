"""The title that an output has until somebody gives it another."""

from __future__ import annotations

MAX_TITLE = 80


def title_for(prompt: str) -> str:
    """The prompt on one line of at most MAX_TITLE characters."""
    line = " ".join(prompt.split())
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1].rstrip() + "…"
