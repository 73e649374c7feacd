"""A prompt → the things that it may name, each with how it is looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from rage_pg.proposal.english import Phrase, phrases
from rage_pg.proposal.names import squashed
from rage_pg.proposal.other_languages import spans
from rage_pg.proposal.things import MOST_THINGS, MOST_WORDS, Wanted
from rage_pg.words.languages import english_parts, is_marked, language_of
from rage_pg.words.reading import Token, tokens
from rage_pg.words.speech import (
    CONJUNCTIONS,
    DEPICTIONS,
    DETERMINERS,
    MEASURES,
    PORTIONS,
    PREPOSITIONS,
    SIGNS,
    bases,
)
from rage_pg.words.thesaurus import Thesaurus, thesaurus

LEFT_OUT = re.compile(
    r'(?<!\S)-(?:["\u201c\u201d\u201e][^"\u201c\u201d\u201e]+["\u201c\u201d\u201e]|[^\W_]\S*)'
)
"""What a search by the prompt leaves out: a word or phrase behind a minus."""
LATER = 0.95
"""What a rarer reading of a form is worth: glasses are spectacles, or else of glass."""
COMPOUND = 0.7
"""What the thing of a compound's last word is worth: any truck, for a tow truck."""
AS_SIGN = 0.92
"""What one word for a sign is worth for another: a euro sign, for a euro symbol."""
LONGEST_LITERAL = 12
"""Words of a part of a prompt that may be what an image is called."""
SHOWING = frozenset(("of", "showing", "with"))
JOINTS = frozenset((",", ";", ".", ":", "!", "?", "and", "&", "(", ")", "-", "with")) | CONJUNCTIONS


def wanted(prompt: str, language: str | None = None) -> list[Wanted]:
    """The things that a prompt may name, at most MOST_THINGS, in its order. `language`: as BCP 47 says; told
    by the words of the prompt where it is not given."""
    text = tokens(LEFT_OUT.sub(lambda found: f",{' ' * (len(found[0]) - 1)}", prompt))
    told = language_of(text, language)
    found = list(_in_english(prompt, text)) if told == "en" else list(_in_another(prompt, text, told))
    return sorted(_surest(found), key=lambda one: (one.start, -one.end))


def _in_english(prompt: str, text: Sequence[Token]) -> Iterator[Wanted]:
    found = list(_english(prompt, text, thesaurus()))
    yield from found
    yield from _literal(prompt, text, found, "en")


def _in_another(prompt: str, text: Sequence[Token], language: str) -> Iterator[Wanted]:
    """What is English in it, as captions are that somebody pasted, is read as English.

    Where no function word tells that it is (a tour Eiffel), both ways: which is meant the images decide.
    """
    parts = english_parts(text, language)
    sure = any(is_marked(text[first:last], language) for first, last in parts)
    inside = {place for first, last in parts for place in range(first, last)} if sure else set()
    own = [token for place, token in enumerate(text) if place not in inside]
    found = list(spans(prompt, own, language, mixed=sure))
    yield from found
    for first, last in parts:
        yield from _in_english(prompt, text[first:last])
    if not sure:
        yield from _literal(prompt, text, found, language)


def _surest(found: Sequence[Wanted]) -> list[Wanted]:
    once: dict[tuple[str, ...], Wanted] = {}
    for one in found:
        # What is spoken of twice is wanted once; 10 yen and 500 yen are two things.
        once.setdefault((_number(one), one.embedded.casefold(), *one.heads), one)
    return sorted(once.values(), key=lambda one: (not one.heads, -one.share * one.seen))[:MOST_THINGS]


def _number(one: Wanted) -> str:
    before = one.prompt[one.place[0] - 1] if one.place[0] else ""
    return before if before.isdecimal() else ""


def _english(prompt: str, text: Sequence[Token], words: Thesaurus) -> Iterator[Wanted]:
    folded = tuple(token.text for token in text)
    for phrase in _shown(phrases(text, words, negated=False)):
        heads = bases(phrase.head, words)
        capital = bool(phrase.capital)
        related = _related(heads, capital, words) | _joined(phrase, heads[0], words)
        if heads[0] in SIGNS and phrase.modifiers:
            related = dict.fromkeys(SIGNS, AS_SIGN) | related
        portion = (phrase.measure,) if phrase.measure in PORTIONS else ()
        yield Wanted(
            text=prompt[phrase.start : phrase.end],
            # The encoder knows the more common word better.
            embedded=_sentence(
                (*phrase.text.split()[: -len(phrase.head.split())], words.common(heads[0]), *portion)
            ),
            words=_searched(heads, related),
            start=phrase.start,
            end=phrase.end,
            heads=heads,
            modifiers=(*phrase.modifiers, *portion),
            kinds=phrase.kinds,
            related=related,
            share=phrase.share,
            named=capital and any(words.is_name(one) for one in heads),
            seen=max(_seen(one, capital, words) for one in heads),
            prompt=folded,
            place=_place(text, phrase.start, phrase.end),
        )


def _shown(found: Sequence[Phrase]) -> Iterator[Phrase]:
    """Without what only measures the next (a pair of pliers) or says what kind of picture is asked for."""
    for place, phrase in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else None
        counts = following is not None and following.measure is not None
        if phrase.head.rsplit(" ", 1)[-1] in DEPICTIONS and (
            counts or phrase.start == found[0].start or not phrase.determined
        ):
            continue
        lemma = following.measure if following is not None else None
        if counts and (lemma in MEASURES or lemma in PORTIONS):
            continue
        yield phrase


def _sentence(parts: Sequence[str]) -> str:
    """What a caption of just this would be: captions are nearer to it than to the bare words."""
    text = " ".join(parts)
    return f"{'An' if text[0] in 'aeiou' else 'A'} {text}."


def _related(heads: Sequence[str], capital: bool, words: Thesaurus) -> dict[str, float]:
    found: dict[str, float] = {}
    for place, head in enumerate(heads):
        for word, closeness in words.related(head, capital).items():
            found[word] = max(found.get(word, 0.0), closeness * (LATER if place else 1.0))
    return found


def _seen(head: str, capital: bool, words: Thesaurus) -> float:
    """1 for what nobody knows; for a compound also what its last word says: a full moon."""
    if not words.lemmas(head):
        return 1.0
    last = head.rsplit(" ", 1)[-1]
    return max(words.seen(head, capital), words.seen(last) if last != head else 0.0)


def _joined(phrase: Phrase, head: str, words: Thesaurus) -> dict[str, float]:
    """In one word or in two: a mountaingoat; and by a compound's last word: a tow truck is a truck."""
    found = {squashed((*phrase.modifiers[-1:], head)): 1.0, squashed((head,)): 1.0}
    last = head.rsplit(" ", 1)[-1]
    if last != head:
        plainly = words.is_compound(head)
        found |= {one: COMPOUND for one in words.lemmas(last) if plainly or words.is_kind_of(head, one)}
    return found


def _searched(heads: Sequence[str], related: dict[str, float]) -> tuple[str, ...]:
    last = [head.rsplit(" ", 1)[1] for head in heads if " " in head]
    closest = sorted((one for one in related if one[0] != "="), key=lambda word: -related[word])
    return tuple(dict.fromkeys((*heads, *closest[:MOST_WORDS], *last)))[:MOST_WORDS]


def _place(text: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    inside = [number for number, token in enumerate(text) if token.start < end and token.end > start]
    return inside[0], inside[-1] + 1


def _literal(prompt: str, text: Sequence[Token], found: Sequence[Wanted], language: str) -> Iterator[Wanted]:
    """The parts that name nothing by a noun (`greater than`, `five` by a tent): an image may be called so."""
    folded = tuple(token.text for token in text)
    for first, last in dict.fromkeys((*_parts(text, JOINTS), *_parts(text, JOINTS | PREPOSITIONS))):
        start, end = text[first].start, text[last - 1].end
        if any(one.start < end and start < one.end for one in found):
            continue
        said = prompt[start:end]
        if said == "one" and first and text[first - 1].text in PREPOSITIONS:
            # A raven perched on one.
            continue
        yield Wanted(
            text=said,
            embedded=f"{said[:1].upper()}{said[1:]}.",
            words=tuple(token.text for token in text[first:last]),
            start=start,
            end=end,
            language=language,
            share=0.0,
            prompt=folded,
            place=(first, last),
        )


def _parts(text: Sequence[Token], joints: Set[str]) -> Iterator[tuple[int, int]]:
    """Where the parts of a list begin and end, without their articles."""
    first = 0
    for place in range(len(text) + 1):
        if place < len(text) and text[place].text not in joints:
            continue
        begun = first
        while first < place and (not text[first].is_word or text[first].text in DETERMINERS):
            first += 1
        if first + 1 < place and text[first].text in DEPICTIONS and text[first + 1].text in SHOWING:
            first += 2
            while first < place and text[first].text in DETERMINERS:
                first += 1
        last = place
        while last > first and not text[last - 1].is_word:
            last -= 1
        # A hot, freshly baked pizza: of which `hot` is said to be, not what there is.
        adjective = last - first == 1 and first > begun and place < len(text) and text[place].text == ","
        if 0 < last - first <= LONGEST_LITERAL and not adjective:
            yield first, last
        first = place + 1
