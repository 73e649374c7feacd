"""English text as noun phrases: what a prompt names, and what a caption says that its picture shows.

No parser: function words and signs part the phrases, WordNet tells nouns from other words by how often each
is one, and what stands before a noun in its phrase modifies it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rage_pg.words.reading import Token, has_digits, is_apart, is_spaced
from rage_pg.words.speech import (
    CALLED,
    CONJUNCTIONS,
    DETERMINERS,
    FUNCTION_WORDS,
    LONGEST_NOUN,
    NUMBERS,
    SENTENCE_ENDS,
    Run,
    Word,
    base,
    is_kind,
    nouns,
)
from rage_pg.words.thesaurus import Thesaurus

LEAST_PART = 3
"""Letters of a part of a compound."""
SURELY = 0.6
"""How often the first word of a compound is a noun; else it rather tells what the second is like."""


class Phrase(Struct, frozen=True, kw_only=True):
    """A noun with what modifies it. `head`: as it stands; `modifiers`: base forms; places are of letters."""

    text: str
    head: str
    modifiers: tuple[str, ...]
    kinds: tuple[str, ...]
    """Those of the modifiers that tell of which kind it is."""
    start: int
    end: int
    capital: bool | None
    """Whether the head is written with a capital; None where every word would be."""
    link: str
    """The function word or sign that it follows, articles aside: a comma or `and` makes it one of a list."""
    after: str
    sentence: int
    share: float
    """How often the head is a noun where it is used; 1 where only a noun can stand."""
    determined: bool
    measure: str | None = None
    """The head of the phrase before, where `of` stands between: pair, of pliers."""


def phrases(tokens: Sequence[Token], words: Thesaurus, *, negated: bool = True) -> list[Phrase]:
    """The noun phrases of a text, in order. `negated`: also what it says that is not to be seen."""
    found: list[Phrase] = []
    adjectives: Run | None = None
    for run in _runs(tokens, words):
        if adjectives is not None and run.before == ",":
            # A long-forgotten, moss-covered well is a well.
            run.before, run.link = adjectives.before, adjectives.link
        last = found[-1] if found and found[-1].sentence == run.sentence else None
        of = last.head if last is not None and run.link == "of" and last.after == "of" else None
        if run.negated and not negated:
            continue
        grouped = _grouped(run.words, words)
        count = len(found)
        for place, (head, modifiers, share) in enumerate(nouns(grouped, run, words)):
            parts = [*modifiers, head]
            found.append(
                Phrase(
                    text=" ".join(one.text for one in parts),
                    head=head.text,
                    modifiers=tuple(base(one.text, words) for one in modifiers),
                    kinds=tuple(base(one.text, words) for one in modifiers if is_kind(one, words)),
                    start=parts[0].start,
                    end=head.end,
                    capital=None if head.first else head.capital,
                    link=run.link if place == 0 else "",
                    after=run.after if head is grouped[-1] else "",
                    sentence=run.sentence,
                    share=share,
                    determined=place == 0 and run.before in DETERMINERS,
                    measure=base(of, words) if place == 0 and of is not None else None,
                )
            )
        adjectives = run if len(found) == count and run.before in DETERMINERS else None
    return found


def _runs(tokens: Sequence[Token], words: Thesaurus) -> list[Run]:
    """Words that no function word or sign parts, with what stands around them and which sentence it is."""
    found: list[Run] = []
    run: Run | None = None
    before, link, sentence, first = "", "", 0, True
    for place, token in enumerate(tokens):
        if token.text == '"':
            continue
        if _names(tokens, place, words):
            if run is None:
                run = Run(before=before, link=link, words=[], sentence=sentence)
                run.negated = before in ("no", "without") and tokens[place - 2].text not in DETERMINERS
                found.append(run)
            run.words.extend(_split(token, first, words))
            first = False
            continue
        if run is not None:
            run.after, run, link = token.text, None, ""
        before, first = token.text, first and not token.is_word
        link = link if before in DETERMINERS and link else before
        if token.text in SENTENCE_ENDS and is_apart(tokens, place):
            sentence, first = sentence + 1, True
    return found


def _names(tokens: Sequence[Token], place: int, words: Thesaurus) -> bool:
    """Whether a word says what there is, rather than how words belong together. A garbage can is a noun."""
    text = tokens[place].text
    if text == "can" and place:
        return bool(words.lemmas(f"{tokens[place - 1].text} {text}"))
    if (text in CONJUNCTIONS and not tokens[place].capital) or not is_spaced(text):
        return False
    return tokens[place].is_word and text not in FUNCTION_WORDS and text not in CALLED


def _split(token: Token, first: bool, words: Thesaurus) -> Iterator[Word]:
    """A word without its genitive; a compound with a hyphen in its parts, unless it is a word of its own."""
    possessive = token.text.endswith(("'s", "s'"))
    plain = token.text.removesuffix("'s").removesuffix("'")
    start, end = token.start, token.end
    spaced = plain.replace("-", " ")
    if "-" not in plain and not words.is_known(plain):
        spaced = _parted(plain, words)
    if "-" not in plain or has_digits(plain) or words.lemmas(plain) or words.lemmas(spaced):
        text = plain if words.lemmas(plain) or not words.lemmas(spaced) else spaced
        yield Word(text, token.capital, possessive, first, False, start, end)
        return
    parts = [part for part in re.finditer(r"[^-]+", plain) if part[0] not in FUNCTION_WORDS]
    for part in parts:
        last = part is parts[-1]
        place = (start + part.start(), end if last else start + part.end())
        yield Word(part[0], token.capital, possessive and last, first, not last, *place)


def _parted(word: str, words: Thesaurus) -> str:
    """A word that nobody knows, in the two that are known together: a pepper mill."""
    places = range(LEAST_PART, len(word) - LEAST_PART + 1)
    return next((two for at in places if words.lemmas(two := f"{word[:at]} {word[at:]}")), word)


def _grouped(run: Sequence[Word], words: Thesaurus) -> list[Word]:
    """Words that are one noun together are one: hot air balloon."""
    found: list[Word] = []
    place = 0
    while place < len(run):
        for length in range(min(LONGEST_NOUN, len(run) - place), 0, -1):
            part = run[place : place + length]
            text = " ".join(one.text for one in part)
            if length == 2 and _is_joined(part, words):
                text = text.replace(" ", "")
            if length == 1 or _is_one(part, text, words):
                capital = any(one.capital for one in part)
                last = part[-1]
                found.append(
                    Word(text, capital, last.possessive, part[0].first, last.part, part[0].start, last.end)
                )
                place += length
                break
    return found


def _is_joined(part: Sequence[Word], words: Thesaurus) -> bool:
    """Whether two nouns are usually written as one: a tug boat; a hot house is no hothouse."""
    first, last = part
    joined = first.text + last.text
    return (
        not words.lemmas(f"{first.text} {last.text}")
        and bool(words.lemmas(joined))
        and words.noun_share(first.text) >= SURELY
        and words.seen(words.lemmas(joined)[0]) > 0
    )


def _is_one(part: Sequence[Word], text: str, words: Thesaurus) -> bool:
    if not words.lemmas(text) or any(one.possessive for one in part[:-1]):
        return False
    # The Two Kettle are a people; two kettles are not.
    return part[0].text not in NUMBERS or not words.is_only_name(base(text, words))
