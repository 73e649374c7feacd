"""The names in a text of another language: words between function words, alone and joined.

A name may be a part of another (bonhomme de neige): each is told, and what is meant others decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from rage_pg.words.languages import CAPITAL, DEPICTING, ENGLISH, JOINING, PARTING, language_of
from rage_pg.words.reading import Token, is_spaced, tokens
from rage_pg.words.translations import is_colour, translated, translated_in_part

LONGEST = 3
"""Words of a name, without what joins them."""
LEAST_LETTERS = 3
HEAD_FIRST = frozenset(("es", "fr", "it", "pt"))
"""Languages in which most adjectives follow: a drapeau jaune."""
AS_HEAD = 0.95
SCRIPTS = re.compile(r"[\u30a0-\u30ff\uff66-\uff9f]+|[\u3005\u3400-\u9fff\uf900-\ufaff]+|[\u0e00-\u0eff]+")
"""Of Japanese the names: katakana and kanji; hiragana stands between them, as function words do elsewhere."""


class ForeignName(Struct, frozen=True, kw_only=True):
    """Where a name stands (letters `start` to `end`, tokens `place`); English nouns, with their closeness."""

    said: str
    word: str
    """As it is looked up."""
    start: int
    end: int
    place: tuple[int, int]
    english: Mapping[str, float]
    known: bool
    """As a whole; else its last part may be."""


def names(text: str, read: Sequence[Token], language: str, *, mixed: bool = False) -> Iterator[ForeignName]:
    """The names that a text may hold, each with its parts. `mixed`: there is English in it, which writes no
    noun with a capital."""
    read = parted(read, language)
    for first, last in _places(read, language, language in CAPITAL and not mixed):
        start, end = read[first].start, read[last - 1].end
        said = text[start:end]
        word = read[first].text if last - first == 1 else said.casefold()
        if is_colour(word, language):
            continue
        english = translated(word, language)
        yield ForeignName(
            said=said,
            word=word,
            start=start,
            end=end,
            place=(first, last),
            english=english or _in_part(word, language),
            known=bool(english),
        )


def _in_part(word: str, language: str) -> Mapping[str, float]:
    """By the thing of a name of several words (a yellow flag is a flag), or of a compound."""
    words = word.split()
    if len(words) == 1:
        return translated_in_part(word, language)
    if any(one in JOINING.get(language, ()) for one in words):
        # Of what is joined (ballon de volleyball) no one word tells.
        return {}
    likely = words if language in HEAD_FIRST else words[::-1]
    known = next(filter(None, (translated(one, language) for one in likely)), {})
    return {noun: AS_HEAD * closeness for noun, closeness in known.items()}


def glossed(text: str) -> str | None:
    """A text of another language, and behind it English nouns for what it names; None where none is known."""
    read = tokens(text)
    language = language_of(read)
    if language == ENGLISH:
        return None
    kept: list[ForeignName] = []
    for one in sorted(names(text, read, language), key=lambda one: (not one.known, one.start - one.end)):
        if one.english and all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    nouns = [next(iter(one.english)) for one in sorted(kept, key=lambda one: one.start)]
    return f"{text}, {' '.join(nouns)}" if nouns else None


def parted(text: Sequence[Token], language: str) -> list[Token]:
    """With l'ail as two words, and what is written without spaces in parts."""
    found: list[Token] = []
    parting = PARTING.get(language, frozenset())
    for token in text:
        if not is_spaced(token.text) and len(token.text) == token.end - token.start:
            parts = SCRIPTS.finditer(token.text)
            found += [Token(p[0], False, True, token.start + p.start(), token.start + p.end()) for p in parts]
            continue
        before, sign, _ = token.text.partition("'")
        if not sign or before not in parting or len(token.text) != token.end - token.start:
            found.append(token)
            continue
        place = token.start + len(before)
        found.append(Token(before, token.capital, True, token.start, place))
        found += [_moved(one, place + 1) for one in tokens(token.text[len(before) + 1 :])]
    return found


def _moved(token: Token, by: int) -> Token:
    return Token(token.text, token.capital, token.is_word, token.start + by, token.end + by)


def _places(text: Sequence[Token], language: str, capitals: bool) -> Iterator[tuple[int, int]]:
    """Where names may begin and end: the whole run of words, then what is in it."""
    parting = PARTING.get(language, frozenset())
    joining = JOINING.get(language, frozenset())
    capitals = capitals and any(token.capital for token in text[1:])
    parting |= DEPICTING.get(language, frozenset())
    content = [_names(token, parting) for token in text]
    for first in range(len(text)):
        if not content[first]:
            continue
        inside, place = 1, first + 1
        if not capitals or text[first].capital:
            yield first, place
        while place < len(text) and inside < LONGEST:
            if content[place]:
                inside, place = inside + 1, place + 1
                if not capitals or text[place - 1].capital:
                    yield first, place
                if capitals and text[first].capital:
                    # Between two nouns stands a verb.
                    break
            elif text[place].text in joining and place + 1 < len(text) and content[place + 1]:
                place += 1
            else:
                break


def _names(token: Token, parting: frozenset[str]) -> bool:
    least = LEAST_LETTERS if is_spaced(token.text) else 1
    return (
        token.is_word
        and token.text not in parting
        and len(token.text) >= least
        and not token.text.isdecimal()
    )
