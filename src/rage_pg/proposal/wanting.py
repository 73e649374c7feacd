"""A prompt → the things that it may name."""

from __future__ import annotations

import re

from rage_pg.proposal.things import Wanted

FILLERS = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "the",
        "to",
        "with",
    ]
)


def wanted(prompt: str, language: str | None = None) -> list[Wanted]:
    """Each word of a prompt that is no filler."""
    found: dict[str, Wanted] = {}
    for match in re.finditer(r"[^\W_]+(?:-[^\W_]+)*", prompt):
        word = match.group().casefold()
        if word not in FILLERS:
            found.setdefault(
                word,
                Wanted(
                    text=match.group(),
                    embedded=f"A {word}.",
                    words=(word,),
                    start=match.start(),
                    end=match.end(),
                ),
            )
    return list(found.values())
