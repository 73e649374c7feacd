"""What an image is called: the things that its title, tags and caption say it shows, and how plainly."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from rage_pg.proposal.english import Phrase, base, phrases
from rage_pg.proposal.thesaurus import Thesaurus

OUTRIGHT, LISTED, BESIDE, MENTIONED = 1.0, 0.9, 0.6, 0.3


class Name(Struct, frozen=True, kw_only=True):
    """A thing that is said to be shown. `head` in the singular; `plainness` 0 to 1: the subject, or a mention."""

    head: str
    words: tuple[str, ...]
    plainness: float


def names_in(text: str, words: Thesaurus) -> list[Name]:
    """The things of a caption or title. Its first phrase is what it is of; later sentences talk about it."""
    found: list[Name] = []
    first: Phrase | None = None
    for phrase in phrases(text, words):
        plainness = _plainness(phrase, first)
        first = first or phrase
        found.extend(_named(phrase, plainness, words))
    return found


def _plainness(phrase: Phrase, first: Phrase | None) -> float:
    if first is None or (phrase.measure is not None and phrase.sentence == first.sentence):
        return OUTRIGHT
    if phrase.sentence != first.sentence:
        return MENTIONED
    return LISTED if phrase.before in ("and", "or", ",") else BESIDE


def _named(phrase: Phrase, plainness: float, words: Thesaurus) -> Iterator[Name]:
    head = base(phrase.head, words)
    parts = (*phrase.modifiers, head)
    yield Name(head=head, words=parts, plainness=plainness)
    if " " in head:
        # A palm tree is a tree.
        yield Name(head=base(head.rsplit(" ", 1)[1], words), words=(*phrase.modifiers, *head.split()), plainness=plainness)
