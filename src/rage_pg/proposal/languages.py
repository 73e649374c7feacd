"""Which language a prompt is in, told by its function words and script; those words part what it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rage_pg.proposal.reading import Token, is_spaced
from rage_pg.proposal.speech import FUNCTION_WORDS
from rage_pg.proposal.thesaurus import thesaurus
from rage_pg.proposal.translations import translated
from rage_pg.proposal.word_lists import word_list

ENGLISH, UNKNOWN = "en", "und"
KANA = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
"""Letters of Japanese, and of no other language."""

PARTING: Mapping[str, frozenset[str]] = {
    language: word_list(f"{language}.function_words")
    for language in ("de", "fr", "es", "it", "pt", "nl", "sv", "pl", "tr", "ru")
}
"""Words that name nothing, by language: articles, pronouns, prepositions, conjunctions, auxiliaries."""

DEPICTING: Mapping[str, frozenset[str]] = {
    language: word_list(f"{language}.depictions") for language in ("de", "fr", "es", "it", "pt", "nl", "sv")
}
"""Words for what kind of picture is asked for, rather than for what it shows."""

JOINING: Mapping[str, frozenset[str]] = {
    "fr": frozenset(("de", "d", "à", "en", "du", "au", "aux", "des")),
    "es": frozenset(("de", "del")),
    "it": frozenset(("di", "d", "da", "a", "del", "della", "al", "dell")),
    "pt": frozenset(("de", "do", "da", "dos", "das")),
}
"""Of these words those that may stand inside a name: a bonhomme de neige."""

CAPITAL = frozenset(("de", "lb"))
"""Languages that write nouns with a capital."""

MARKS = frozenset(
    ("a", "an", "and", "at", "from", "in", "is", "it's", "of", "on", "our", "the", "their", "to", "with")
)
"""Function words by which English is known."""

MOST_ELIDED = 5
"""Letters of an article or the like that an apostrophe joins to a word: l'ail, dell'orso."""


def language_of(text: Sequence[Token], given: str | None = None) -> str:
    """Two letters; `und` for what is in none of these. `given`: what the caller says, as BCP 47 does."""
    if given:
        return given.split("-", maxsplit=1)[0].casefold()
    spoken = [part for token in text if token.is_word for part in _parts(token.text)]
    if spoken and sum(not is_spaced(word) for word in spoken) * 2 > len(spoken):
        return "ja" if any(KANA.search(word) for word in spoken) else UNKNOWN
    words = thesaurus()
    english = sum(word in FUNCTION_WORDS for word in spoken)
    counts = {language: sum(word in parting for word in spoken) for language, parting in PARTING.items()}
    best = max(counts, key=lambda language: counts[language])
    foreign = [word for word in spoken if word not in FUNCTION_WORDS and not words.is_known(word)]
    # Many a function word of another language is an English word as well: die, a, son. Of those it takes two.
    apart = any(word in PARTING[best] for word in foreign)
    if counts[best] >= max(english, 1) and (apart or counts[best] >= english + 2):
        return best
    # Without a function word in it, a list is English if most of its words are.
    return ENGLISH if english or len(foreign) * 2 <= len(spoken) else UNKNOWN


def _parts(word: str) -> list[str]:
    """l'ail is two words, maker's is one."""
    before, sign, after = word.partition("'")
    return [before, after] if sign and len(before) <= MOST_ELIDED and after else [before]


def english_parts(text: Sequence[Token], language: str) -> list[tuple[int, int]]:
    """Where English may stand between the function words of another language: from, to (without it)."""
    return [part for part in _parts_between(text, language) if _is_english(text[slice(*part)], language)]


def _parts_between(text: Sequence[Token], language: str) -> Iterator[tuple[int, int]]:
    first = 0
    for place, token in enumerate(text):
        if not token.is_word or _is_joint(token.text, text[first:place], language):
            yield first, place
            first = place + 1
    yield first, len(text)


def _is_joint(word: str, before: Sequence[Token], language: str) -> bool:
    """Whether a word is a function word of the language; `hat` is none of German behind `a propeller`."""
    if word in FUNCTION_WORDS or word not in PARTING.get(language, ()):
        return False
    return not (thesaurus().lemmas(word) and is_marked(before, language))


def is_marked(part: Sequence[Token], language: str) -> bool:
    """Whether function words stand there that are English and nothing else."""
    return any(token.text in MARKS and token.text not in PARTING.get(language, ()) for token in part)


def _is_english(part: Sequence[Token], language: str) -> bool:
    words, spoken = thesaurus(), [token.text for token in part]
    known = sum(word in FUNCTION_WORDS or words.is_known(word) for word in spoken)
    if not any(words.lemmas(word) for word in spoken) or known * 3 < len(spoken) * 2:
        return False
    if is_marked(part, language):
        return True
    if len(spoken) == 1 or known < len(spoken):
        return False
    if language in CAPITAL:
        return not any(token.capital for token in part)
    return not any(translated(word, language) for word in spoken)
