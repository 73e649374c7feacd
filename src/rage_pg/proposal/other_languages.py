"""What a prompt in another language may name: words between function words, alone and joined.

There is no thesaurus of these: what they mean the vectors say, and the words themselves where a catalogue is
in that language. A name may be a part of another (bonhomme de neige); which is meant the images decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rage_pg.proposal.languages import CAPITAL, DEPICTING, JOINING, PARTING
from rage_pg.proposal.reading import Token, is_spaced, tokens
from rage_pg.proposal.thesaurus import thesaurus
from rage_pg.proposal.things import MOST_WORDS, Wanted
from rage_pg.proposal.translations import translated, translated_in_part

LONGEST = 3
"""Words of a name, without what joins them."""
LEAST_LETTERS = 3
SCRIPTS = re.compile(r"[\u30a0-\u30ff\uff66-\uff9f]+|[\u3005\u3400-\u9fff\uf900-\ufaff]+|[\u0e00-\u0eff]+")
"""Of Japanese the names: katakana and kanji; hiragana stands between them, as function words do elsewhere."""


def spans(prompt: str, text: Sequence[Token], language: str, *, mixed: bool = False) -> Iterator[Wanted]:
    """The names that a prompt may hold, each with its parts. `mixed`: there is English in it, which writes no
    noun with a capital."""
    text = _elided(text, PARTING.get(language, frozenset()))
    folded = tuple(token.text for token in text)
    for first, last in _places(text, language, language in CAPITAL and not mixed):
        start, end = text[first].start, text[last - 1].end
        said = prompt[start:end]
        word = folded[last - 1] if last - first == 1 else said.casefold()
        english = translated(word, language)
        known = bool(english)
        english = english or translated_in_part(word, language)
        related = _related(english) | {word: 1.0}
        yield Wanted(
            text=said,
            embedded=_sentence(said, english),
            words=tuple(sorted(related, key=lambda one: -related[one])[:MOST_WORDS]),
            start=start,
            end=end,
            language=language,
            heads=(*english, word),
            related=related,
            seen=max(map(thesaurus().seen, english), default=1.0),
            known=known,
            prompt=folded,
            place=(first, last),
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


def _elided(text: Sequence[Token], parting: frozenset[str]) -> list[Token]:
    """With l'ail as two words, and what is written without spaces in parts."""
    found: list[Token] = []
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
