"""Closed lists of words, from data/words.txt: names in brackets, each followed by its words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("data") / "words.txt"


def word_list(name: str) -> frozenset[str]:
    """The words of one list. Raises KeyError where there is none of that name."""
    return _lists()[name]


@cache
def _lists() -> dict[str, frozenset[str]]:
    parts = DATA.read_text(encoding="utf-8").split("[")[1:]
    named = (part.split("]", 1) for part in parts)
    return {name: frozenset(words.split()) for name, words in named}
