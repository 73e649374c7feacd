"""Everyday words for the same thing, from data/alike.txt: lorry and truck, kitten and cat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("data") / "alike.txt"


def alike(word: str) -> tuple[str, ...]:
    """The other words of its groups, in their order; nothing for a word that is in none."""
    return _groups().get(word, ())


@cache
def _groups() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for line in DATA.read_text(encoding="utf-8").splitlines():
        group = [] if line.startswith("#") else line.split(", ")
        for word in group:
            found[word] |= dict.fromkeys(other for other in group if other != word)
    return {word: tuple(others) for word, others in found.items()}
