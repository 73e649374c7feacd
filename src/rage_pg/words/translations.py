"""English nouns for words of other languages: the CLDR's names of emoji, made by scripts/cldr_names.py.

Some three thousand words a language, of the sort that pictures show: animals, food, tools, clothes, vehicles.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import snowballstemmer

from rage_pg.words.word_lists import word_list

DATA = Path(__file__).with_name("data") / "names.txt.gz"
STEMMERS: Mapping[str, str] = {
    "de": "german", "es": "spanish", "fr": "french", "it": "italian", "nl": "dutch", "pl": "polish",
    "pt": "portuguese", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
COMPOUNDING = frozenset(("de", "nl", "sv"))
"""Languages that write a compound as one word, the thing last: a Sportwagen is a Wagen."""
LEAST_LETTERS = 4
"""Of the last part of a compound, and one less of what stands before it."""
AS_COMPOUND = 0.7
LATER = 0.95
BY_VOWEL = frozenset(("es", "pt"))
"""Languages in which a last vowel makes another word; in Italian it makes the plural."""
DOUBLED = re.compile(r"ss$")


def translated(name: str, language: str) -> dict[str, float]:
    """English nouns for a name of one word or several, in any of its forms, each with its closeness."""
    return {noun: LATER**place for place, noun in enumerate(_nouns(name, language))}


def translated_in_part(word: str, language: str) -> dict[str, float]:
    """The same of a compound's last part; nothing where the language writes none as one word."""
    if language not in COMPOUNDING or " " in word:
        return {}
    nouns = next(filter(None, (_nouns_within(part, language) for part in _last_parts(word))), ())
    return {noun: AS_COMPOUND * LATER**place for place, noun in enumerate(nouns)}


def _last_parts(word: str) -> Iterator[str]:
    """The longest first; behind a hyphen the rest as a whole."""
    before, hyphen, after = word.rpartition("-")
    if hyphen:
        yield after
    shortest = len(before) + len(hyphen) + LEAST_LETTERS - 1
    yield from (word[start:] for start in range(shortest, len(word) - LEAST_LETTERS + 1))


def _nouns_within(part: str, language: str) -> Sequence[str]:
    """Of a part that is a name or begins with one: that -wächs is no guard."""
    alike = _names(language).get(_stemmed(part, language), ())
    return tuple(dict.fromkeys(noun for name, nouns in alike if part.startswith(name) for noun in nouns))


def is_colour(name: str, language: str) -> bool:
    """Whether it says no more than which colour something has."""
    return all(_stemmed(word, language) in _colours(language) for word in name.split())


def is_name(name: str, language: str) -> bool:
    """Whether it is there in just this form; quick, for a glance at every language."""
    return name in _forms(language)


def _nouns(name: str, language: str) -> Sequence[str]:
    alike = _names(language).get(_stemmed(name, language), ())
    known = [one for one in alike if not _is_other(name, one[0], language)]
    # Bären are no bars, though they have one stem.
    closest = sorted(known, key=lambda one: -_alike(one[0], name))
    return tuple(dict.fromkeys(noun for _, nouns in closest for noun in nouns))


def _alike(one: str, other: str) -> int:
    """With how many of the same letters two words begin."""
    return next(
        (place for place, two in enumerate(zip(one, other, strict=False)) if two[0] != two[1]),
        min(len(one), len(other)),
    )


def _is_other(word: str, name: str, language: str) -> bool:
    """Whether two words of one stem differ by what is no plural: velo and vela, avocate and avocat."""
    if language in BY_VOWEL:
        return {word[-1], name[-1]} == {"a", "o"}
    return language == "fr" and word == f"{name}e"


def _stemmed(name: str, language: str) -> str:
    stem = _stemmer(language)
    # Kürbis and Kürbisse.
    return " ".join(DOUBLED.sub("s", stem(word)) for word in name.replace("-", " ").split())


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    name = STEMMERS.get(language)
    if name is None:
        return lambda word: word
    stem: Callable[[str], str] = snowballstemmer.stemmer(name).stemWord
    return stem


@cache
def _names(language: str) -> Mapping[str, Sequence[tuple[str, Sequence[str]]]]:
    """Of a language the names by their stems, each with its nouns."""
    found: dict[str, list[tuple[str, Sequence[str]]]] = defaultdict(list)
    for name, nouns in _lines()[language]:
        found[_stemmed(name, language)].append((name, nouns.split("|")))
    return found


@cache
def _colours(language: str) -> frozenset[str]:
    return frozenset(_stemmed(word, language) for word in word_list("any.colours"))


@cache
def _forms(language: str) -> frozenset[str]:
    return frozenset(name for name, _ in _lines()[language])


@cache
def _lines() -> Mapping[str, Sequence[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in gzip.decompress(DATA.read_bytes()).decode().splitlines():
        language, name, nouns = line.split("\t")
        found[language].append((name, nouns))
    return found
