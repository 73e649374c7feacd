"""Nouns and how they are related."""

from __future__ import annotations

import pytest

from rage_pg.words.lines import Lines
from rage_pg.words.thesaurus import thesaurus

WORDS = thesaurus()


@pytest.mark.parametrize(
    ("form", "lemma"),
    [
        ("zebras", "zebra"), ("mice", "mouse"), ("geese", "goose"), ("cherries", "cherry"),
        ("torches", "torch"), ("snowmen", "snowman"), ("tow trucks", "tow truck"), ("scissors", "scissors"),
    ],
)  # fmt: skip
def test_a_plural_is_a_form_of_its_noun(form: str, lemma: str) -> None:
    assert lemma in WORDS.lemmas(form)


@pytest.mark.parametrize("word", ["quickly", "wearing", "inuksuk", "", "\0", "😀", "\ud800", "ß" * 300])
def test_what_is_no_noun_has_no_lemma(word: str) -> None:
    assert WORDS.lemmas(word) == () or word == "wearing"
    assert WORDS.related(word) == {word: 1.0}


def test_a_synonym_is_nearer_than_a_narrower_word_and_that_than_a_broader_one() -> None:
    assert (
        WORDS.related("couch")["sofa"] > WORDS.related("bird")["parrot"] > WORDS.related("husky")["dog"] > 0
    )


def test_the_nearer_the_narrower_word_the_closer() -> None:
    related = WORDS.related("bird")
    assert related["bird"] > related["parrot"] > related["lory"]


def test_a_broader_word_with_few_kinds_stands_for_one_of_them_rather_than_one_with_many() -> None:
    assert WORDS.related("cockerel")["rooster"] > WORDS.related("husky")["dog"]
    assert "animal" not in WORDS.related("husky")


def test_what_is_said_of_people_and_animals_alike_does_not_make_them_one() -> None:
    assert WORDS.related("goose").get("cuckoo", 0.0) < 0.6
    assert WORDS.related("girl").get("chick", 0.0) < 0.6


def test_a_compound_is_of_the_kind_of_its_last_word_only_where_it_is_one() -> None:
    assert WORDS.is_kind_of("tow truck", "truck")
    assert not WORDS.is_kind_of("sea horse", "horse")
    assert not WORDS.is_kind_of("hot dog", "dog")


def test_the_country_is_not_the_bird() -> None:
    assert WORDS.seen("turkey") > 0.5
    assert WORDS.seen("turkey", capital=True) == 0
    assert "turkey cock" not in WORDS.related("turkey", capital=True)


@pytest.mark.parametrize("word", ["loneliness", "economy", "autumn", "elegance"])
def test_what_no_picture_shows_is_not_seen(word: str) -> None:
    assert WORDS.seen(word) < 0.5


@pytest.mark.parametrize("word", ["kettle", "animal", "lightning", "coin", "soap", "firefighter"])
def test_what_a_picture_shows_is_seen(word: str) -> None:
    assert WORDS.seen(word) > 0.5


@pytest.mark.parametrize("word", ["wearing", "sitting", "wore", "unrolls", "garnished", "carries", "hung"])
def test_forms_of_verbs_are_known_as_such(word: str) -> None:
    assert WORDS.is_verb_form(word)
    assert WORDS.is_known(word)


@pytest.mark.parametrize("word", ["shinier", "biggest", "patiently", "hung"])
def test_other_words_are_known(word: str) -> None:
    assert WORDS.is_known(word)


@pytest.mark.parametrize("word", ["inuksuk", "acmeglow", "sku-12"])
def test_names_are_not_known(word: str) -> None:
    assert not WORDS.is_known(word)


def test_lines_are_found_by_their_number_and_by_how_they_start() -> None:
    lines = Lines("a\t1\nab\t2\nb c\t3\nä\t4\n".encode())
    assert (len(lines), lines[1], lines.starting("b c"), lines.starting("ä")) == (
        4,
        "ab\t2",
        "b c\t3",
        "ä\t4",
    )
    assert [lines.starting(field) for field in ("", "A", "abc", "b", "z")] == [None] * 5
