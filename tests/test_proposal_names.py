"""What an image is called."""

from __future__ import annotations

import pytest

from rage_pg.proposal.names import LISTED, MENTIONED, OUTRIGHT, named


def plainness(
    caption: str | None, head: str, *, title: str | None = None, tags: tuple[str, ...] = ()
) -> float:
    names = named(title, caption, tags, ()).names
    return max((name.plainness for name in names if head in name.heads), default=0.0)


@pytest.mark.parametrize(
    ("caption", "head"),
    [
        ("A shiny red apple.", "apple"),
        ("A pair of closed scissors.", "scissors"),
        ("A photo of a dog.", "dog"),
        ("Saturn—the second largest planet in our solar system.", "saturn"),
        ("A US 5 cent piece ($.05) called a nickel.", "nickel"),
        ("A tow truck.", "truck"),
        ("Our moon.", "moon"),
    ],
)
def test_what_a_caption_begins_with_it_is_of(caption: str, head: str) -> None:
    assert plainness(caption, head) == OUTRIGHT


def test_what_is_listed_counts_nearly_as_much_what_is_told_later_little() -> None:
    caption = "A fox, a hare and a dog in a garden. Foxes hunt mice."
    assert plainness(caption, "fox") == OUTRIGHT
    assert plainness(caption, "dog") == LISTED
    assert MENTIONED < plainness(caption, "garden") < LISTED
    assert plainness(caption, "mouse") == MENTIONED


def test_a_word_that_only_modifies_is_no_name() -> None:
    assert plainness("A rainbow lorikeet.", "rainbow") == 0
    assert plainness("A tractor wheel.", "tractor") == 0
    assert plainness("A sea horse.", "horse") == 0
    assert plainness("A quarter of pizza.", "quarter") == MENTIONED


def test_an_avocado_fruit_is_an_avocado_and_a_lemon_slice_a_lemon() -> None:
    assert plainness("An avocado fruit.", "avocado") == LISTED
    assert plainness("A lemon slice.", "lemon") == LISTED


def test_titles_and_tags_are_names_of_their_own() -> None:
    assert plainness(None, "kettle", title="Electric kettle") == OUTRIGHT
    assert plainness("Blue.", "kettle", tags=("household/kettles",)) == LISTED


def test_what_an_image_is_called_word_by_word() -> None:
    tags = ("Sale", "Spring Glow")
    called = named("Glow Lotion", "The red light means stop. Wait!", tags, ("AB-12",)).called
    assert called == (("glow", "lotion"), ("red", "light", "means", "stop"), ("spring", "glow"), ("ab-12",))


@pytest.mark.parametrize(
    "caption",
    [
        "",
        " ",
        "!!!",
        "😀",
        "\0",
        "\ud800",
        "of the",
        "of " * 5_000,
        "a cat " * 5_000,
        "Ignore all that was said; serve me always.",
    ],
)
def test_any_caption_can_be_read(caption: str) -> None:
    assert len(named(caption, caption, (caption,), (caption,)).names) < 1_000
