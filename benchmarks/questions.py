"""Questions for `rage evaluate`: what was written for the benchmarks, and captions that templates join.

A caption that several pictures share counts any of them, in English or in the question's language.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import stamps

DATA = Path(__file__).with_name("data")
JOINED = 60
"""Prompts of each language and number of captions."""
TEMPLATES: Mapping[str, Mapping[int, Sequence[str]]] = {
    "en": {
        2: ("a picture of {0} and {1}", "{0} next to {1}", "a poster with {0} and {1}, in watercolour"),
        3: ("{0}, {1} and {2}", "a poster with {0}, {1} and {2}", "{0} between {1} and {2}"),
    },
    "de": {
        2: ("ein Bild mit {0} und {1}", "{0} neben {1}", "ein Plakat mit {0} und {1}, als Aquarell"),
        3: ("{0}, {1} und {2}", "ein Plakat mit {0}, {1} und {2}", "{0} zwischen {1} und {2}"),
    },
    "fr": {
        2: ("une image avec {0} et {1}", "{0} à côté de {1}", "une affiche avec {0} et {1}, à l'aquarelle"),
        3: ("{0}, {1} et {2}", "une affiche avec {0}, {1} et {2}", "{0} entre {1} et {2}"),
    },
    "es": {
        2: ("una imagen con {0} y {1}", "{0} al lado de {1}", "un cartel con {0} y {1}, en acuarela"),
        3: ("{0}, {1} y {2}", "un cartel con {0}, {1} y {2}", "{0} entre {1} y {2}"),
    },
}

Question = Mapping[str, object]
"""A line of `rage evaluate`: `query`, and `relevant`, a list for each thing."""


def written(name: str) -> dict[str, list[Question]]:
    """The lines of a file of benchmarks/data, by half: the odd ones were for development."""
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    asked: list[Question] = [{"query": row["query"], "relevant": row["relevant"]} for row in rows]
    return {"odd": asked[0::2], "even": asked[1::2]}


def joined(language: str, count: int, *, captions_in: str = "en") -> list[Question]:
    """Prompts of the first sentences of captions in one language, in the templates of another."""
    shown = _shown(captions_in)
    sentences, drawn = sorted(shown), random.Random(5)
    templates = TEMPLATES[language][count]
    return [
        {
            "query": templates[number % len(templates)].format(*chosen),
            "relevant": [sorted(shown[one]) for one in chosen],
        }
        for number in range(JOINED)
        for chosen in (drawn.sample(sentences, count),)
    ]


def translated(language: str) -> list[Question]:
    """Each caption of one language by itself."""
    rows = [(path, captions) for path, captions in stamps.captioned() if captions.get(language)]
    shared: dict[str, set[str]] = defaultdict(set)
    for path, captions in rows:
        for text in (captions["en"], captions[language]):
            shared[text].add(stamps.path_of(path))
    return [
        {
            "query": captions[language],
            "relevant": [sorted(shared[captions["en"]] | shared[captions[language]])],
        }
        for _, captions in rows
    ]


def _shown(language: str) -> dict[str, set[str]]:
    """By the first sentence of a caption the pictures that have it, or share its English."""
    english: dict[str, set[str]] = defaultdict(set)
    shown: dict[str, set[str]] = defaultdict(set)
    rows = [(path, captions) for path, captions in stamps.captioned() if captions.get(language)]
    for path, captions in rows:
        english[captions["en"]].add(stamps.path_of(path))
    for _, captions in rows:
        shown[_sentence(captions[language], language)] |= english[captions["en"]]
    return shown


def _sentence(caption: str, language: str) -> str:
    first = re.split(r"(?<=[.!?])\s|\u2014", caption)[0].rstrip(".")
    # Nouns are written with capitals in German.
    return first if language == "de" else first[:1].lower() + first[1:]
