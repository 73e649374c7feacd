"""What an English prompt names."""

from __future__ import annotations

import pytest

from rage_pg.proposal.english import Phrase, phrases
from rage_pg.proposal.wanting import wanted
from rage_pg.words.reading import tokens
from rage_pg.words.thesaurus import thesaurus


def named(text: str) -> list[str]:
    return [phrase.text for phrase in found(text)]


def found(text: str) -> list[Phrase]:
    return phrases(tokens(text), thesaurus())


def heads(prompt: str) -> list[str]:
    return [one.heads[0] for one in wanted(prompt) if one.heads]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a shiny red apple on a plate", ["shiny red apple", "plate"]),
        ("a fire truck and a garbage truck", ["fire truck", "garbage truck"]),
        ("a salesman selling lotion and soap to ladies", ["salesman", "lotion", "soap", "ladies"]),
        ("a fireman wading through a current", ["fireman", "current"]),
        ("a lone hiker howls at the moon", ["lone hiker", "moon"]),
        ("a purple feathered hat", ["purple feathered hat"]),
        ("a moss-covered well", ["moss covered well"]),
        ("the economy is stable", ["economy"]),
        ("he waters his tomatoes", ["tomatoes"]),
        ("a farmer's wife in the kitchen", ["farmer wife", "kitchen"]),
        ("Paint a huge battlefield.", ["huge battlefield"]),
        ("a sign full of holes", ["sign", "holes"]),
    ],
)
def test_nouns_are_named_with_what_stands_before_them(text: str, expected: list[str]) -> None:
    assert named(text) == expected


def test_a_phrase_says_where_it_stands() -> None:
    prompt = "Two shiny kettles, and a “Räuchermännchen” — in the snow"
    for one in wanted(prompt):
        assert prompt[one.start : one.end] == one.text
    assert [one.text for one in wanted(prompt)] == ["shiny kettles", "Räuchermännchen", "snow"]


def test_what_measures_and_what_kind_of_picture_is_asked_for_are_not_wanted() -> None:
    assert heads("a photo of a pair of pliers and a herd of zebras, oil painting") == ["pliers", "zebra"]
    assert heads("a bowl of soup") == ["bowl", "soup"]


def test_a_slice_of_lemon_is_a_lemon_slice() -> None:
    (lemon,) = wanted("a slice of lemon")
    assert (lemon.heads, lemon.modifiers, lemon.embedded) == (("lemon",), ("slice",), "A lemon slice.")


def test_what_is_not_to_be_seen_is_not_wanted() -> None:
    assert heads("a beach without people, no boats, and a no entry sign") == ["beach", "sign"]


def test_what_is_embedded_reads_like_a_caption() -> None:
    assert [one.embedded for one in wanted("two shiny kettles and an old owl")] == [
        "A shiny kettle.",
        "An old owl.",
    ]


def test_it_is_looked_for_by_the_closest_words_first_and_by_no_more_than_64() -> None:
    (bird,) = wanted("birds")
    assert bird.words[0] == "bird"
    assert len(bird.words) == 64
    (sofa,) = wanted("a sofa")
    assert {"sofa", "couch"} <= set(sofa.words)


def test_a_word_that_nobody_knows_is_a_name() -> None:
    assert heads("a bottle of Glowlixir next to SKU-12 and dreidels") == [
        "bottle",
        "glowlixir",
        "sku-12",
        "dreidel",
    ]


def test_things_that_nothing_names_by_a_noun_are_wanted_word_by_word() -> None:
    (four, less) = [one for one in wanted("four, a zebra and less than") if not one.heads]
    assert (four.text, less.text, less.words) == ("four", "less than", ("less", "than"))


def test_what_is_spoken_of_twice_is_wanted_once() -> None:
    assert heads("a dragon runs a bakery, and the dragon is shy") == ["dragon", "bakery"]


def test_two_numbers_of_a_thing_are_two_things() -> None:
    assert heads("10 Japanese yen next to 500 Japanese yen") == ["yen", "yen"]


@pytest.mark.parametrize("prompt", ["", "   ", "of the and", "???", "\n\t", "no", "—"])
def test_a_prompt_without_a_noun_names_none(prompt: str) -> None:
    assert heads(prompt) == []


@pytest.mark.parametrize(
    "prompt",
    [
        "a\0b kettle",
        "😀 a kettle 🍎",
        "a kettle\u202e\u200b",
        "e\u0301clair kettle",
        "\ud800 kettle",
        "KETTLE",
        "ﬁre kettle",
    ],
)
def test_odd_letters_do_no_harm(prompt: str) -> None:
    assert "kettle" in heads(prompt)
    for one in wanted(prompt):
        assert prompt[one.start : one.end] == one.text


def test_of_many_things_24_are_wanted_in_their_order() -> None:
    nouns = ("zebra", "kettle", "owl", "hammer", "tomato", "violin", "tent", "candle", "skull", "horse")
    prompt = ", ".join(f"a {one} and a {other}" for one in nouns for other in reversed(nouns))
    found = wanted(prompt)
    assert len(found) == len(nouns)
    many = wanted(" and ".join(f"a glow{number}x kettle{number}" for number in range(500)))
    assert len(many) == 24
    assert [one.start for one in many] == sorted(one.start for one in many)


@pytest.mark.parametrize(
    "prompt", ["-" * 20_000, "a'" * 10_000, "kettle-" * 3_000, "a " * 10_000, "x" * 50_000]
)
def test_long_and_strange_prompts_end(prompt: str) -> None:
    assert len(wanted(prompt)) <= 24


@pytest.mark.parametrize(
    ("prompt", "head"),
    [
        ("Two bats over a barn", "bats"), ("assorted nuts", "nuts"), ("Foxes prowling outside", "Foxes"),
        ("colourful gulls everywhere at dusk", "gulls"), ("a rhinoceros talking in a bubble", "rhinoceros"),
        ("an old brick building in the rain", "building"), ("a long-forgotten, moss-covered well", "well"),
    ],
)  # fmt: skip
def test_a_noun_is_told_from_a_verb_by_what_stands_before_it(prompt: str, head: str) -> None:
    assert head.lower() in {phrase.head.lower() for phrase in phrases(tokens(prompt), thesaurus())}
