"""Nouns and how they are related."""

from __future__ import annotations

import pytest

from rage_pg.words import alike
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


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("lorry", "truck"), ("truck", "lorry"), ("kitten", "cat"), ("kitty", "cat"), ("cat", "kitten"),
        ("rubbish bin", "trash can"), ("trash can", "rubbish bin"), ("thought bubble", "thought balloon"),
        ("raven", "crow"), ("restroom", "toilet"),
    ],
)  # fmt: skip
def test_everyday_words_are_as_good_as_each_other(word: str, other: str) -> None:
    assert WORDS.related(word)[other] == 0.95
    assert WORDS.related(word)[word] == 1
    assert WORDS.seen(word) > 0.8


def test_what_another_word_may_be_is_what_the_first_may_be() -> None:
    assert WORDS.related("lorry")["dump truck"] > 0.7, "a dump truck is a truck"
    assert WORDS.related("rubbish bin").keys() >= WORDS.related("trash can").keys() - {"trash can"}


@pytest.mark.parametrize("word", ["rubbish bins", "kitties", "dinos", "thought bubbles"])
def test_everyday_words_have_plurals(word: str) -> None:
    assert WORDS.lemmas(word)
    assert WORDS.noun_share(WORDS.lemmas(word)[0]) == 1


def test_every_everyday_word_is_looked_up_as_it_stands() -> None:
    groups = [line.split(", ") for line in alike.DATA.read_text().splitlines() if line[0] != "#"]
    words = [word for group in groups for word in group]
    assert all(len(set(group)) == len(group) > 1 for group in groups)
    assert [word for word in words if word != word.strip().lower() or not WORDS.lemmas(word)] == []
    assert [word for word in words if not set(WORDS.lemmas(word)) & {word}] == []
