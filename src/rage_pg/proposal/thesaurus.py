"""English nouns and how they are related: WordNet 3.0 (Miller, CACM 1995), in the form scripts/wordnet.py gives it."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("data") / "wordnet.txt.gz"

SENSES = 4
"""How many senses of a word count: WordNet lists them by how common they are."""
DEPTH = 4
"""Steps down to narrower words: bird, parrot, lorikeet."""
FILES = frozenset({5, 6, 8, 10, 13, 17, 18, 19, 20, 21, 25, 27})
"""Lexicographer files of what a picture can show: animal, artifact, body, communication (a sign), food, object,
person, phenomenon (lightning), plant, possession (a coin), shape, substance."""
BROADER = frozenset({5, 6, 13, 18, 20})
"""Of these a broader word may stand for a narrower one: a picture of a dog for a puppy."""
ENDINGS = (
    ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"), ("ies", "y"), ("s", ""),
)  # fmt: skip
"""Plurals, as WordNet's own morphy undoes them."""


VERB_ENDINGS = (("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"), ("ied", "y"), ("ies", "y"), ("es", ""), ("s", ""))
SAME, SYNONYM, NARROWER, BROADEST = 1.0, 0.92, 0.85, 0.6
EACH_STEP = 0.03


class Thesaurus:
    """`thesaurus()` reads it once: a third of a second, some tens of megabytes."""

    def __init__(self, data: Path = DATA) -> None:
        synsets, exceptions, shares = gzip.decompress(data.read_bytes()).decode().split("\n\n")
        self._files: list[int] = []
        self._lemmas: list[str] = []
        self._hypernyms: list[tuple[int, ...]] = []
        self._hyponyms: dict[int, list[int]] = defaultdict(list)
        self._senses: dict[str, tuple[int, ...]] = {}
        self._read_synsets(synsets.split("\n"))
        self._exceptions = {form: of.split() for form, _, of in (one.partition(" ") for one in exceptions.split("\n"))}
        self._shares = {word: int(share) / 10 for word, share in (one.split() for one in shares.split("\n") if one)}

    def _read_synsets(self, lines: Sequence[str]) -> None:
        ranked: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, line in enumerate(lines):
            file, above, words = line.split("\t")
            named = [word.partition("#") for word in words.split("|")]
            for word, _, rank in named:
                ranked[word].append((int(rank or 0), number))
            self._files.append(int(file))
            self._lemmas.append("|".join(word for word, _, _ in named))
            self._hypernyms.append(tuple(map(int, above.split())))
            for one in self._hypernyms[-1]:
                self._hyponyms[one].append(number)
        self._senses = {word: tuple(number for _, number in sorted(found)) for word, found in ranked.items()}

    def lemmas(self, word: str) -> list[str]:
        """What a noun, of one word or several, is a form of; nothing where it is no noun."""
        found = [word] if word in self._senses else []
        found += [one for one in self._exceptions.get(word, ()) if one in self._senses]
        for ending, singular in ENDINGS:
            stem = word.removesuffix(ending) + singular
            if word.endswith(ending) and len(word) > len(ending) + 1 and stem in self._senses:
                found.append(stem)
        return list(dict.fromkeys(found))

    def noun_share(self, word: str) -> float:
        """How often a word is a noun where it is used, 0 to 1; 1 for one that is never anything else."""
        if word in self._shares:
            return self._shares[word]
        return max((self._shares.get(lemma, 1.0) for lemma in self.lemmas(word)), default=1.0)

    def is_known(self, word: str) -> bool:
        return word in self._shares or bool(self.lemmas(word))

    def is_verb_form(self, word: str) -> bool:
        """Whether a word is a form of a verb rather than a noun: wearing, garnished, sits."""
        if self.noun_share(word) >= 0.5 and self.lemmas(word):
            return False
        bases = (word.removesuffix(ending) + verb for ending, verb in VERB_ENDINGS if word.endswith(ending))
        return any(self._shares.get(one, 1.0) < 0.8 for base in bases for one in (base, _undoubled(base)))

    def can_be_seen(self, lemma: str) -> bool:
        """Whether any common sense of a noun is something that a picture can show."""
        return any(self._files[sense] in FILES for sense in self._senses.get(lemma, ())[:SENSES])

    def related(self, lemma: str) -> Mapping[str, float]:
        """Words that may name the same thing, each with its closeness; the lemma itself is 1."""
        found = {lemma: SAME}
        for sense in self._senses.get(lemma, ())[:SENSES]:
            if self._files[sense] in FILES:
                for word, closeness in self._around(sense):
                    found[word] = max(found.get(word, 0.0), closeness)
        return found

    def _around(self, sense: int) -> Iterator[tuple[str, float]]:
        for synset, steps in self._below(sense):
            for word in self._lemmas[synset].split("|"):
                yield word, NARROWER - EACH_STEP * steps if steps else SYNONYM
        for above in self._hypernyms[sense]:
            if self._files[above] in BROADER:
                for word in self._lemmas[above].split("|"):
                    yield word, BROADEST

    def _below(self, sense: int) -> Iterator[tuple[int, int]]:
        """The synset and those beneath it, with the steps to each."""
        seen = {sense}
        level = [sense]
        for steps in range(DEPTH + 1):
            yield from ((synset, steps) for synset in level)
            level = [one for synset in level for one in self._hyponyms.get(synset, ()) if one not in seen]
            seen.update(level)


def _undoubled(base: str) -> str:
    """sit, of sitting."""
    return base[:-1] if len(base) > 3 and base[-1] == base[-2] else base


@cache
def thesaurus() -> Thesaurus:
    """The one of this process."""
    return Thesaurus()
