"""What an image is called: the things that its title, tags and caption say it shows, and how plainly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from rage_pg.proposal.english import Phrase, phrases
from rage_pg.words.reading import Token, is_apart, tokens
from rage_pg.words.speech import CALLED, COLOURS, DEPICTIONS, MEASURES, PORTIONS, base, bases
from rage_pg.words.thesaurus import Thesaurus, thesaurus

OUTRIGHT, LISTED, TAGGED, BESIDE, MENTIONED = 1.0, 0.9, 0.9, 0.6, 0.3
MOST_NAMES = 40
"""Of a text; a caption of many sentences has said by then what is to be seen."""
MOST_LETTERS = 600
ARTICLES = frozenset(("a", "an", "the", "some", "our", "my", "your"))
STOPS = frozenset(".!?;:-(")
KEPT = 4_096
"""Images whose names are kept; a few kilobytes each."""


class Name(Struct, frozen=True, kw_only=True):
    """A thing that is said to be shown. `heads`: base forms; `plainness` 0 to 1: a mention, the subject."""

    heads: tuple[str, ...]
    words: tuple[str, ...]
    plainness: float
    kinds: tuple[str, ...] = ()
    """Those of the words that tell of which kind it is: Christmas, before light."""
    measure: str | None = None
    first: bool = False
    """It is what the text begins with."""
    tagged: bool = False
    capital: bool | None = None


class Named(Struct, frozen=True, kw_only=True):
    """All that an image is called. `called`: word by word its title, tags, SKUs, how its caption begins."""

    names: tuple[Name, ...]
    called: tuple[tuple[str, ...], ...]
    words: frozenset[str]
    """Every word of its texts, folded."""


@lru_cache(maxsize=KEPT)
def named(title: str | None, caption: str | None, tags: tuple[str, ...], skus: tuple[str, ...]) -> Named:
    """What an image with these texts is called."""
    texts = [_read(text[:MOST_LETTERS]) for text in (title, caption) if text]
    texts += [_tag(part) for tag in tags for part in tag.split("/")]
    called = [*(one.called for one in texts), *(_called(tokens(sku)) for sku in skus)]
    return Named(
        names=tuple(name for one in texts for name in one.names),
        called=tuple(dict.fromkeys(filter(None, called))),
        words=frozenset[str]().union(*(one.words for one in texts)),
    )


class _Read(Struct, frozen=True):
    """What one text says."""

    names: tuple[Name, ...]
    called: tuple[str, ...]
    words: frozenset[str]


@lru_cache(maxsize=KEPT)
def _tag(part: str) -> _Read:
    """Images share their tags: each is read once."""
    return _read(part, tagged=True)


def _read(text: str, *, tagged: bool = False) -> _Read:
    read = tokens(text)
    called = _called(read)
    # A noun that many images are tagged with is no name of one of them.
    common = tagged and len(called) == 1 and bool(thesaurus().lemmas(called[0]))
    return _Read(
        names=tuple(_names(read, thesaurus(), tagged=tagged)),
        called=() if common else called,
        words=frozenset(token.text for token in read if token.is_word),
    )


def squashed(parts: Sequence[str]) -> str:
    """Words as one, without hyphens and apostrophes; marked, so that it is only like another of these."""
    return "=" + "".join(letter for part in parts for letter in part if letter.isalnum())


def _called(text: Sequence[Token]) -> tuple[str, ...]:
    """The first sentence, word by word, without its article: what a prompt has to say to mean just this."""
    found: list[str] = []
    for place, token in enumerate(text):
        if token.text in STOPS and found and (token.text != "." or is_apart(text, place)):
            break
        if token.is_word or token.text in "$€£%":
            found.append(token.text)
    return tuple(found[1:] if len(found) > 1 and found[0] in ARTICLES else found)


def _names(text: Sequence[Token], words: Thesaurus, *, tagged: bool = False) -> Iterator[Name]:
    """The things of a text. Its first phrase is what it is of; later sentences talk about it."""
    first: Phrase | None = None
    for phrase in phrases(text, words)[:MOST_NAMES]:
        plainness = TAGGED if tagged else _plainness(phrase, first)
        if phrase.after == "of" and base(phrase.head, words) in MEASURES | PORTIONS | DEPICTIONS:
            # A photo of a dog, a pair of boots, a quarter of pizza: the dog, the boots, pizza.
            yield from _named(phrase, MENTIONED, False, tagged, words)
            continue
        yield from _named(phrase, plainness, first is None, tagged, words)
        first = first or phrase


def _plainness(phrase: Phrase, first: Phrase | None) -> float:
    if first is None or phrase.link in CALLED:
        return OUTRIGHT
    if phrase.sentence != first.sentence:
        return MENTIONED
    return LISTED if phrase.link in ("and", "or", ",", "&", "/") else BESIDE


def _named(phrase: Phrase, plainness: float, first: bool, tagged: bool, words: Thesaurus) -> Iterator[Name]:
    heads = bases(phrase.head, words)
    modifiers = tuple(part for one in phrase.modifiers for part in one.split())

    def name(
        of: tuple[str, ...], others: tuple[str, ...], less: float = 1.0, more: Sequence[str] = ()
    ) -> Name:
        return Name(
            heads=of,
            words=others,
            kinds=(*phrase.kinds, *more),
            plainness=plainness * less,
            first=first,
            measure=phrase.measure,
            tagged=tagged,
            capital=None if tagged else phrase.capital,
        )

    yield name(heads, (*modifiers, *heads))
    if len(heads[0].split()) + len(modifiers) > 1 or not words.lemmas(heads[0]):
        # Whether in one word or in two: a mountaingoat.
        yield name((squashed((*modifiers[-1:], heads[0])),), (*modifiers, *heads))
    *before, last = heads[0].split()
    if before:
        coloured = before[0] in COLOURS
        plainly = coloured or words.is_compound(heads[0])
        ends = tuple(one for one in words.lemmas(last) if plainly or words.is_kind_of(heads[0], one))
        if ends:
            # A palm tree is a tree, and a black cat for once not the marten of that name.
            yield name(ends, (*modifiers, *before, *ends), more=before)
    for kind in phrase.kinds[-1:]:
        if any(words.is_kind_of(kind, head) for head in heads):
            # An avocado fruit is an avocado.
            yield name(bases(kind, words), (*modifiers, *heads), LISTED)
    if heads[0] in PORTIONS and phrase.modifiers:
        # A lemon slice is a lemon.
        whole = words.lemmas(phrase.modifiers[-1])
        if whole:
            yield name(whole, (*modifiers, *heads), LISTED)
