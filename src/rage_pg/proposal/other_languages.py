"""What a prompt in another language may name.

There is no thesaurus of these: what they mean the vectors say, and the words themselves where a catalogue is
in that language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rage_pg.proposal.things import MOST_WORDS, Wanted
from rage_pg.words.foreign import names, parted
from rage_pg.words.reading import Token
from rage_pg.words.thesaurus import thesaurus


def spans(prompt: str, text: Sequence[Token], language: str, *, mixed: bool = False) -> Iterator[Wanted]:
    """The names that a prompt may hold, each with its parts. `mixed`: there is English in it."""
    folded = tuple(token.text for token in parted(text, language))
    for one in names(prompt, text, language, mixed=mixed):
        related = _related(one.english) | {one.word: 1.0}
        yield Wanted(
            text=one.said,
            embedded=_sentence(one.said, one.english),
            words=tuple(sorted(related, key=lambda word: -related[word])[:MOST_WORDS]),
            start=one.start,
            end=one.end,
            language=language,
            heads=(*one.english, one.word),
            related=related,
            seen=max(map(thesaurus().seen, one.english), default=1.0),
            known=one.known,
            prompt=folded,
            place=one.place,
        )


def _sentence(said: str, english: Mapping[str, float]) -> str:
    """Said twice it is nearer to a caption of it, and further from the others, than a bare word."""
    return f"{said}, {next(iter(english), said)}"


def _related(english: Mapping[str, float]) -> dict[str, float]:
    """What may name the same thing in English, of a word that may mean one of several nouns."""
    found: dict[str, float] = {}
    for noun, closeness in english.items():
        for word, near in thesaurus().related(noun).items():
            found[word] = max(found.get(word, 0.0), near * closeness)
    return found
