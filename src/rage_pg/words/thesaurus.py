"""English nouns and how they are related: WordNet 3.0 (Miller, CACM 1995), as scripts/wordnet.py has it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import islice
from math import log2
from pathlib import Path

from msgspec import Struct

from rage_pg.words.alike import alike
from rage_pg.words.lines import Lines

DATA = Path(__file__).with_name("data") / "wordnet.txt.gz"

SENSES = 4
"""How many senses of a word count: WordNet lists them by how common they are."""
DEPTH = 4
"""Steps down to narrower words, and up to broader ones: bird, parrot, lorikeet."""
MOST_RELATED = 1_500
"""Words that one sense is taken to have; a very broad word, like animal, has many thousands."""
FILES = frozenset({5, 6, 8, 10, 13, 17, 18, 19, 20, 21, 25, 27})
"""Lexicographer files of what a picture can show: animal, artifact, body, communication (a sign), food,
object, person, phenomenon (lightning), plant, possession (a coin), shape, substance."""
TOP, COMMUNICATION, PERSON, SUBSTANCE = 3, 10, 18, 27
BROADER = frozenset({5, 6, 13, 18, 20})
"""Of these a broader word may stand for a narrower one."""
HEIGHT = 8
"""Steps up in which a compound is looked for among the things of its last word: a tow truck is a truck."""
ENDINGS = (
    ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"), ("ies", "y"),
    ("s", ""),
)  # fmt: skip
"""Plurals, as WordNet's own morphy undoes them."""
VERB_ENDINGS = (
    ("ing", ""), ("ing", "e"), ("ied", "y"), ("ed", ""), ("ed", "e"), ("ies", "y"), ("es", ""), ("es", "e"),
    ("s", ""),
)  # fmt: skip
COMPARED = (("ier", "y"), ("iest", "y"), ("er", ""), ("er", "e"), ("est", ""), ("est", "e"))

SAME, AS_ALIKE, SYNONYM, NARROWER, EACH_STEP = 1.0, 0.95, 0.92, 0.85, 0.03
BROADER_AT_MOST, EACH_DOUBLING, MOST_KINDS = 0.75, 0.035, 400
"""A broader word stands for a narrower one the better the fewer kinds there are: a rooster for a cockerel, a
dog for a husky; an animal for neither."""
AS_FIGURE, AS_OTHER = 0.5, 0.7
AS_SEEN = 0.9
"""How far what has everyday words for it can be shown: a blaze, though most senses of the word are none."""
RARER = (1.0, 0.95, 0.9, 0.85)
"""What a relation of a less common sense of the word is worth."""
AS_RARER = (1.0, 0.9, 0.8, 0.75)
"""What one to a less common sense is: who writes of a chick seldom means a girl."""


class Shares(Struct, frozen=True):
    """How often of nine times a word is a noun, a verb, an adjective; the rest, rounded down, an adverb."""

    noun: int
    verb: int
    adjective: int


NOUN = Shares(9, 0, 0)
UNKNOWN = Shares(0, 0, 0)


class _Entry(Struct, frozen=True):
    shares: Shares
    senses: tuple[int, ...]
    capital: tuple[bool, ...]
    plural_of: tuple[str, ...]
    known: bool = True
    form: bool = False
    """It is an irregular form of a verb or an adjective."""


_NOTHING = _Entry(UNKNOWN, (), (), (), known=False)
_ALIKE = _Entry(NOUN, (), (), ())
"""Of what is only known to be the same as something else that WordNet lacks."""


class Thesaurus:
    """`thesaurus()` reads it once: a tenth of a second, ten megabytes."""

    def __init__(self, data: Path = DATA) -> None:
        synsets, words = gzip.decompress(data.read_bytes()).split(b"\n\n")
        self._synsets = Lines(synsets)
        self._words = Lines(words)

    @lru_cache(maxsize=20_000)  # noqa: B019 - there is one thesaurus, for as long as the process lives
    def _entry(self, word: str) -> _Entry:
        line = self._words.starting(word)
        if line is None:
            # What WordNet lacks means what another word for it does.
            others = alike(word)
            known = next((self._entry(other) for other in others if self._words.starting(other)), _ALIKE)
            return known if others else _NOTHING
        _, digits, senses, plural = line.split("\t")
        noun, verb, adjective = map(int, digits[:3])
        named = senses.split()
        return _Entry(
            shares=NOUN if named and digits == "000" else Shares(noun, verb, adjective),
            senses=tuple(int(one.rstrip("^")) for one in named),
            capital=tuple(one.endswith("^") for one in named),
            plural_of=tuple(plural.split("|")) if plural else (),
            form=digits.endswith("f"),
        )

    @lru_cache(maxsize=20_000)  # noqa: B019
    def lemmas(self, word: str) -> tuple[str, ...]:
        """What a noun, of one word or several, is a form of; nothing where it is no noun."""
        found = [word] if self._is_noun(word) else []
        found += [one for one in self._entry(word).plural_of if self._entry(one).senses]
        for ending, singular in ENDINGS:
            stem = word.removesuffix(ending) + singular
            if word.endswith(ending) and len(stem) > 2 and self._is_noun(stem):
                found.append(stem)
        return tuple(dict.fromkeys(found))

    def _is_noun(self, word: str) -> bool:
        return bool(self._entry(word).senses or alike(word))

    def common(self, word: str) -> str:
        """The word itself, or where WordNet lacks it another word for it that it knows."""
        return next(filter(self._words.starting, (word, *alike(word))), word)

    def is_compound(self, word: str) -> bool:
        """Whether a name of several words is told by nothing but them, and so is what its last word is."""
        return self._words.starting(word) is None

    def shares(self, word: str) -> Shares:
        """How often a word is what; of a plural, its singular. All 0: nobody knows it."""
        own = self._entry(word).shares
        if own.noun:
            return own
        # Who is bats or nuts is seldom in a picture.
        return max((own, *(self._entry(lemma).shares for lemma in self.lemmas(word))), key=_nounness)

    def noun_share(self, word: str) -> float:
        """How often a word is a noun where it is used, 0 to 1."""
        return self.shares(word).noun / 9

    def is_known(self, word: str) -> bool:
        """Whether it is a word of English: a noun, another word, or a form of one."""
        entry = self._entry(word)
        return entry.known or bool(self.lemmas(word)) or self.is_verb_form(word) or self._is_compared(word)

    def is_verb_form(self, word: str) -> bool:
        """Whether a word can be a form of a verb other than its base: wearing, garnished, sits, wore."""
        return self.verb_share(word) > 0 and not self._is_base(word)

    @lru_cache(maxsize=20_000)  # noqa: B019
    def verb_share(self, word: str) -> float:
        """How often a word, or what it is an inflected form of, is a verb, 0 to 1."""
        return max(self._entry(base).shares.verb for base in _verb_bases(word)) / 9

    def _is_base(self, word: str) -> bool:
        entry = self._entry(word)
        return entry.shares.verb > 0 and not entry.form and not word.endswith(("ing", "ed"))

    def _is_compared(self, word: str) -> bool:
        stems = (word.removesuffix(ending) + base for ending, base in COMPARED if word.endswith(ending))
        return any(self._entry(one).shares.adjective for stem in stems for one in (stem, _undoubled(stem)))

    def senses(self, lemma: str, capital: bool = False) -> tuple[int, ...]:
        """Synsets, the most common first; of a word that is also a name, those of what is written."""
        return self._written(lemma, capital)[:SENSES]

    def _written(self, lemma: str, capital: bool) -> tuple[int, ...]:
        entry = self._entry(lemma)
        written = tuple(s for s, name in zip(entry.senses, entry.capital, strict=True) if name == capital)
        return written or entry.senses

    def is_name(self, lemma: str) -> bool:
        """Whether a noun means something else where it is written with a capital: Turkey."""
        capital = self._entry(lemma).capital
        return any(capital) and not all(capital)

    def is_only_name(self, lemma: str) -> bool:
        """Whether a noun is always written with a capital."""
        return all(self._entry(lemma).capital) and not alike(lemma)

    def seen(self, lemma: str, capital: bool = False) -> float:
        """How far a noun is something that a picture can show, 0 to 1: by its senses, the first the most."""
        if alike(lemma) and not capital:
            return AS_SEEN
        senses = self.senses(lemma, capital)
        weights = [1 / 2**rank for rank in range(len(senses))]
        shown = sum(w for w, sense in zip(weights, senses, strict=True) if self._is_shown(sense))
        return shown / sum(weights) if senses else 0.0

    def is_kind(self, lemma: str) -> bool:
        """Whether a noun before another says which kind that is (a Santa hat), not what of (a copper pot)."""
        senses = self.senses(lemma)
        return bool(senses) and self._is_shown(senses[0]) and self._file(senses[0]) != SUBSTANCE

    def is_thing(self, lemma: str) -> bool:
        """Whether a noun is first of all something to be seen, and not said: a building, but no talking."""
        senses = self.senses(lemma)
        return bool(senses) and self._is_shown(senses[0]) and self._file(senses[0]) != COMMUNICATION

    def is_kind_of(self, lemma: str, other: str) -> bool:
        """Whether a thing is one of the others: a tow truck is a truck, a hot dog no dog."""
        sought, level = set(self.senses(other)), set(self.senses(lemma))
        for _ in range(HEIGHT):
            if sought & level:
                return True
            level = {above for sense in level for above in self._above(sense)}
        return False

    @lru_cache(maxsize=2_000)  # noqa: B019
    def related(self, lemma: str, capital: bool = False) -> Mapping[str, float]:
        """Words that may name the same thing, each with its closeness; the lemma itself is 1."""
        found = dict(self._by_senses(lemma, capital))
        for other in () if capital else alike(lemma):
            for word, closeness in self._by_senses(other, capital=False):
                found[word] = max(found.get(word, 0.0), round(closeness * AS_ALIKE, 4))
        return found | {lemma: SAME}

    def _by_senses(self, lemma: str, capital: bool) -> Iterator[tuple[str, float]]:
        found = {lemma: SAME}
        senses = self._shown_senses(lemma, capital)
        for rank, sense in enumerate(senses[:SENSES]):
            less = RARER[rank] * self._less(sense, senses[0])
            for word, closeness in self._around(sense):
                found[word] = max(found.get(word, 0.0), round(closeness * less, 4))
        yield from found.items()

    def _shown_senses(self, lemma: str, capital: bool = False) -> list[int]:
        """Of a word's senses those of a picture: a wrench is a tool first, and in no picture a sprain."""
        return [sense for sense in self._written(lemma, capital) if self._is_shown(sense)]

    def _around(self, sense: int) -> Iterator[tuple[str, float]]:
        for count, (synset, steps) in enumerate(self._below(sense)):
            if count == MOST_RELATED:
                break
            yield from self._named(synset, NARROWER - EACH_STEP * steps if steps else SYNONYM)
        for above, steps in self._over(sense):
            kinds = self._kinds(above)
            if self._file(above) in BROADER and kinds <= MOST_KINDS:
                closeness = BROADER_AT_MOST - EACH_DOUBLING * log2(kinds) - EACH_STEP * (steps - 1)
                yield from self._named(above, closeness)

    def _over(self, sense: int) -> Iterator[tuple[int, int]]:
        level = [sense]
        for steps in range(1, DEPTH + 1):
            level = list(dict.fromkeys(above for one in level for above in self._above(one)))
            yield from ((above, steps) for above in level)

    @lru_cache(maxsize=20_000)  # noqa: B019
    def _kinds(self, synset: int) -> int:
        """How many narrower synsets there are, to a little over MOST_KINDS."""
        return sum(1 for _ in islice(self._below(synset), MOST_KINDS + 1))

    def _named(self, synset: int, closeness: float) -> Iterator[tuple[str, float]]:
        for word in self._synsets[synset].rsplit("\t", 1)[1].split("|"):
            lemma, _, rare = word.partition("#")
            yield lemma, closeness * (self._as_rarer(synset, lemma) if rare else 1.0)

    @lru_cache(maxsize=20_000)  # noqa: B019
    def _as_rarer(self, synset: int, lemma: str) -> float:
        senses = [sense for sense in self._entry(lemma).senses if sense == synset or self._is_shown(sense)]
        rank = senses.index(synset)
        return AS_RARER[min(rank, len(AS_RARER) - 1)] * self._less(synset, senses[0])

    def _less(self, sense: int, first: int) -> float:
        """What a sense is worth that is another sort of thing than the first: a goose that is a fool."""
        if self._file(sense) == self._file(first):
            return 1.0
        return AS_FIGURE if self._file(sense) == PERSON else AS_OTHER

    def _below(self, sense: int) -> Iterator[tuple[int, int]]:
        """The synset and those beneath it, with the steps to each."""
        seen = {sense}
        level = [sense]
        for steps in range(DEPTH + 1):
            yield from ((synset, steps) for synset in level)
            beneath = [one for synset in level for one in self._beneath(synset)]
            level = [one for one in dict.fromkeys(beneath) if one not in seen]
            seen.update(level)

    def _above(self, sense: int) -> list[int]:
        return [int(one) for one in self._synsets[sense].split("\t", 2)[1].split()]

    def _beneath(self, sense: int) -> list[int]:
        return [int(one) for one in self._synsets[sense].split("\t", 3)[2].split()]

    @lru_cache(maxsize=20_000)  # noqa: B019
    def _is_shown(self, sense: int) -> bool:
        """Of the broadest (animal, object) those can be shown most of whose kinds can."""
        if self._file(sense) != TOP:
            return self._file(sense) in FILES
        beneath = self._beneath(sense)
        return 2 * sum(self._file(one) in FILES for one in beneath) > len(beneath)

    def _file(self, sense: int) -> int:
        return int(self._synsets[sense].split("\t", 1)[0])


def _nounness(shares: Shares) -> int:
    return shares.noun


def _verb_bases(word: str) -> Iterator[str]:
    yield word
    for ending, verb in VERB_ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            base = word.removesuffix(ending) + verb
            yield base
            yield _undoubled(base)


def _undoubled(base: str) -> str:
    """sit, of sitting."""
    return base[:-1] if len(base) > 3 and base[-1] == base[-2] else base


@cache
def thesaurus() -> Thesaurus:
    """The one of this process."""
    return Thesaurus()
