"""Which language a text is in, and where English stands inside another: by words, names and letters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise

from rage_pg.words.reading import Token, is_spaced
from rage_pg.words.speech import FUNCTION_WORDS
from rage_pg.words.thesaurus import thesaurus
from rage_pg.words.translations import is_name, translated
from rage_pg.words.word_lists import word_list

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

LETTERS: Mapping[str, str] = {
    "de": "äöüß", "es": "áéíñóúü", "fr": "àâæçéèêëîïôœùûüÿ", "it": "àèéìîòóù", "nl": "áéèêëïíöóüú",
    "pl": "ąćęłńóśźż", "pt": "áâãàçéêíóôõú", "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюяё", "sv": "åäöéà",
    "tr": "âçğıîöşüû",
}  # fmt: skip
"""Those beyond a to z that a language writes; what has others is no word of it."""
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789'-./&")

BY_FUNCTION_WORD = 1.5
"""What a function word tells; 1 what the name of a thing does, which languages share more often."""
BY_APART = 3.0
"""What one tells beyond that which is no word of English at all."""
BY_LETTERS, BY_OTHER_LETTERS = 0.5, -1.0
SURPLUS = 1.5
"""By how much another language must know more than English does that knows every word: `plus`, `one`."""

MOST_ELIDED = 5
"""Letters of an article or the like that an apostrophe joins to a word: l'ail, dell'orso."""


def language_of(text: Sequence[Token], given: str | None = None) -> str:
    """Two letters; `und` for what is in none of these. `given`: what the caller says, as BCP 47 does.

    The language that knows most of the words; between two of which each knows as many, English.
    """
    if given:
        return given.split("-", maxsplit=1)[0].casefold()
    spoken = [part for token in text if token.is_word for part in _parts(token.text)]
    if spoken and sum(not is_spaced(word) for word in spoken) * 2 > len(spoken):
        return "ja" if any(KANA.search(word) or is_name(word, "ja") for word in spoken) else UNKNOWN
    english = [_english(word) for word in spoken]
    apart = {language: _apart(language, spoken) for language in PARTING}
    counts = {language: _evidence(language, spoken) for language in PARTING}
    best = max(counts, key=lambda language: counts[language] + BY_APART * apart[language])
    # Captions of English may have been pasted between words that are no English at all.
    functions = sum(word in FUNCTION_WORDS for word in spoken)
    own = sum(word in PARTING[best] for word in spoken)
    plainly = apart[best] > 1 or (apart[best] and own >= functions)
    if plainly or counts[best] > sum(english) + SURPLUS * all(english):
        return best
    return ENGLISH if functions or sum(english) * 2 >= len(spoken) else UNKNOWN


def _apart(language: str, spoken: Sequence[str]) -> int:
    """How many function words of a language it has that are no words of English."""
    return sum(word in PARTING[language] and word in foreign_words() for word in spoken)


def _evidence(language: str, spoken: Sequence[str]) -> float:
    """How much of a text is of a language: its function words, names of things, its letters."""
    pairs = (f"{one} {other}" for one, other in pairwise(spoken))
    return (
        BY_FUNCTION_WORD * sum(word in PARTING[language] for word in spoken)
        + sum(is_name(word, language) for word in (*spoken, *pairs))
        + sum(word in DEPICTING.get(language, ()) for word in spoken)
        + sum(_by_letters(word, language) for word in spoken)
    )


def _by_letters(word: str, language: str) -> float:
    letters = set(word) - PLAIN
    if not letters:
        return 0.0
    return BY_LETTERS if letters <= set(LETTERS[language]) else BY_OTHER_LETTERS


def _english(word: str) -> float:
    if word in FUNCTION_WORDS:
        return BY_FUNCTION_WORD
    if word in _all_parting() and not _is_noun(word):
        return 0.0
    return float(thesaurus().is_known(word))


@cache
def _all_parting() -> frozenset[str]:
    return frozenset[str]().union(*PARTING.values())


@cache
def foreign_words() -> frozenset[str]:
    """The function words of all these languages that are no words of English."""
    return frozenset(
        word for word in _all_parting() if word not in FUNCTION_WORDS and not thesaurus().is_known(word)
    )


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
    return not (_is_noun(word) and is_marked(before, language))


def _is_noun(word: str) -> bool:
    """Of English, and not only as a name: UN, as of the United Nations, is none of `un violon`."""
    words = thesaurus()
    return not all(map(words.is_only_name, words.lemmas(word)))


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
