"""Text as tokens, with where each stands in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from msgspec import Struct

UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]"
)
LETTERS = rf"(?:(?!{UNSPACED.pattern})[^\W_])+"
TOKEN = re.compile(
    rf"{UNSPACED.pattern}+|\d+(?:[.,]\d+)+(?!\w)|{LETTERS}(?:['\u2019\-./&]{{1,2}}{LETTERS})*['\u2019]?|[$€£%]|[^\w\s]"
)
"""A run of letters of one sort: between a word and a script without spaces none need stand."""
APOSTROPHES, QUOTES, DASHES = "\u2019\u2018", "\u201c\u201d\u201e\u00ab\u00bb", "\u2013\u2014\u2010\u2011"
PLAIN = str.maketrans(
    {
        **dict.fromkeys(APOSTROPHES, "'"),
        **dict.fromkeys(QUOTES, '"'),
        **dict.fromkeys(DASHES, "-"),
    }
)
MOST_LETTERS = 10_000
"""Of a text; what is beyond is not read."""


class Token(Struct, frozen=True):
    """A word or a sign. `text`: in lower case, with plain quotes; `start` and `end`: letters of the text."""

    text: str
    capital: bool
    is_word: bool
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words and signs of a text, but for quotes: what is quoted is part of what is said."""
    found = (_token(match) for match in TOKEN.finditer(text[:MOST_LETTERS]))
    return [token for token in found if token.text != '"']


def _token(match: re.Match[str]) -> Token:
    text = match[0]
    return Token(folded(text), text[0].isupper(), text[0].isalnum(), match.start(), match.end())


def folded(text: str) -> str:
    """As words are compared: lower case, composed letters, plain apostrophes, quotes and dashes."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", text.casefold()).translate(PLAIN)


def is_apart(text: Sequence[Token], place: int) -> bool:
    """Whether nothing follows a sign directly, as it does in $.05."""
    return place + 1 == len(text) or text[place + 1].start > text[place].end


def is_spaced(word: str) -> bool:
    """Whether a word is in a script that puts spaces between words: not Chinese, Japanese, Thai."""
    return not any(UNSPACED.match(letter) for letter in word)


def has_digits(word: str) -> bool:
    return any(letter.isdigit() for letter in word)


def is_within(sought: Sequence[str], text: Sequence[str], first: int, last: int) -> int | None:
    """Where a run of words begins in a text, between two places; None where it does not stand there."""
    for place in range(max(0, first), min(last, len(text) - len(sought)) + 1):
        if text[place] == sought[0] and list(text[place : place + len(sought)]) == list(sought):
            return place
    return None
