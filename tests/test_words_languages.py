"""Which language a text is in, and what it names in it."""

from __future__ import annotations

import pytest

from rage_pg.words.foreign import glossed, names
from rage_pg.words.languages import language_of
from rage_pg.words.reading import tokens


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A red apple.", "en"), ("lotion, soap", "en"), ("One.", "en"),
        ("Plus", "en"), ("a pan with a lid", "en"),
        ("a lion's den", "en"), ("An American football", "en"), ("a lotion, thing1 thing2 thing3", "en"),
        ("Der Vollmond.", "de"), ("Sonnenbrille", "de"), ("zwei Zelte und eine Seife", "de"),
        ("Un pélican.", "fr"), ("le pain", "fr"), ("Un bébé gnou.", "fr"),
        ("Un caribú.", "es"), ("Un ratón.", "es"), ("sombrero de paja", "es"),
        ("una lucertola", "it"), ("um cavalo", "pt"), ("een paard", "nl"), ("en häst", "sv"), ("koń", "pl"),
        ("Сова.", "ru"), ("Bir kuş", "tr"), ("猫と犬", "ja"), ("猫", "ja"),
        ("a hot air balloon zwischen no entry! und less than or equal to", "de"),
        ("xyzzy", "und"), ("", "en"), ("12 %", "en"),
    ],
)  # fmt: skip
def test_the_language_is_that_which_knows_most_of_the_words(text: str, language: str) -> None:
    assert language_of(tokens(text)) == language


@pytest.mark.parametrize(("given", "language"), [("de-AT", "de"), ("PT", "pt"), ("xx", "xx")])
def test_what_the_caller_says_is_not_told_anew(given: str, language: str) -> None:
    assert language_of(tokens("A red apple."), given) == language


@pytest.mark.parametrize(
    ("text", "nouns"),
    [
        ("Сова.", "owl"), ("eine Katze und ein Hund am Strand", "cat dog beach"),
        ("宇宙飛行士と猫", "astronaut cat"),
        ("une chèvre", "goat"), ("ein Sportwagen", "car"), ("eine gelbe Flagge", "flag"),
    ],
)  # fmt: skip
def test_english_nouns_stand_behind_a_text_of_another_language(text: str, nouns: str) -> None:
    assert glossed(text) == f"{text}, {nouns}"


@pytest.mark.parametrize("text", ["A red apple.", "xyzzy", "", "\0", "\ud800", "und", "ein", "🙂"])
def test_behind_others_stands_nothing(text: str) -> None:
    assert glossed(text) is None


def test_a_long_text_is_glossed_too() -> None:
    assert str(glossed("ein Zelt und " * 2_000)).endswith("tent")


def test_a_name_of_several_words_is_what_its_thing_is() -> None:
    text = "un drapeau jaune et un ballon de volleyball"
    found = {one.said: one for one in names(text, tokens(text), "fr")}
    assert list(found["drapeau jaune"].english) == ["flag"]
    assert not found["drapeau jaune"].known
    assert not found["ballon de volleyball"].english, "of what is joined no one word tells"


@pytest.mark.parametrize(
    ("text", "language"), [("bleu nuit", "fr"), ("der blauen", "de"), ("rojo y verde", "es")]
)
def test_a_colour_is_no_thing(text: str, language: str) -> None:
    found = {one.said for one in names(text, tokens(text), language)}
    assert found.isdisjoint({"bleu", "blauen", "rojo", "verde"})
