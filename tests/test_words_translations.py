"""English nouns for words of other languages."""

from __future__ import annotations

import gzip

import pytest

from rage_pg.words.thesaurus import thesaurus
from rage_pg.words.translations import DATA, STEMMERS, translated, translated_in_part


@pytest.mark.parametrize(
    ("name", "language", "noun"),
    [
        ("zelt", "de", "tent"), ("zelte", "de", "tent"), ("äpfel", "de", "apple"), ("mäuse", "de", "mouse"),
        ("chevaux", "fr", "horse"), ("tentes", "fr", "tent"),
        ("bonhomme de neige", "fr", "snowman"),
        ("gatos", "es", "cat"), ("mele", "it", "apple"), ("cavalos", "pt", "horse"),
        ("paarden", "nl", "horse"),
        ("hästar", "sv", "horse"), ("konie", "pl", "horse"), ("собаки", "ru", "dog"),
        ("kediler", "tr", "cat"),
        ("傘", "ja", "umbrella"),
    ],
)  # fmt: skip
def test_a_name_is_known_in_any_of_its_forms(name: str, language: str, noun: str) -> None:
    assert noun in translated(name, language)


def test_the_nearer_form_counts_first() -> None:
    assert next(iter(translated("bären", "de"))) == "bear"


@pytest.mark.parametrize(("word", "language"), [("velo", "es"), ("avocate", "fr")])
def test_a_word_that_differs_by_no_plural_is_another(word: str, language: str) -> None:
    assert not {"candle", "avocado"} & translated(word, language).keys()


def test_a_compound_is_in_part_what_its_last_word_is() -> None:
    assert translated("rennwagen", "de").keys() | translated_in_part("kinderwagen", "de").keys()
    assert translated_in_part("samtkissen", "de").keys() <= translated("kissen", "de").keys()
    assert translated_in_part("pommeverte", "fr") == {}


@pytest.mark.parametrize("name", ["", "\0", "xyzzy", "ß" * 500, "\ud800", "🙂"])
@pytest.mark.parametrize("language", ["de", "und", "ja", "xx"])
def test_what_nobody_knows_has_no_noun(name: str, language: str) -> None:
    assert translated(name, language) == {}
    assert translated_in_part(name, language) == {}


@pytest.mark.parametrize("language", [*STEMMERS, "ja"])
def test_every_language_has_its_words(language: str) -> None:
    assert len(_lines(language)) > 1_000


def _lines(language: str) -> list[str]:
    lines = gzip.decompress(DATA.read_bytes()).decode().splitlines()
    return [line for line in lines if line.startswith(f"{language}\t")]


def test_every_noun_is_one_of_the_thesaurus() -> None:
    nouns = {noun for line in _lines("de") for noun in line.split("\t")[2].split("|")}
    assert all(thesaurus().lemmas(noun) for noun in nouns)
