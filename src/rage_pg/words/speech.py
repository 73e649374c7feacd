"""Which words of English are nouns, where they stand, and which of them modify the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from rage_pg.words.thesaurus import Thesaurus
from rage_pg.words.word_lists import word_list

FUNCTION_WORDS = word_list("en.function_words")
NUMBERS = word_list("en.numbers")
MEASURES = word_list("en.measures")
"""What stands before `of` and is not what is shown: a pair of pliers."""
PORTIONS = word_list("en.portions")
"""A slice of lemon and a lemon slice are both a lemon."""
DEPICTIONS = word_list("en.depictions")
"""What a prompt asks for, rather than what it shows: a poster of a bear, a bear, oil painting."""
DETERMINERS = word_list("en.determiners")
PREPOSITIONS = word_list("en.prepositions")
ONLY_VERBS = word_list("en.only_verbs")
"""Words that a verb follows, not a noun."""
COPULAS = word_list("en.copulas")
SIGNS = word_list("en.signs")
"""Words for a sign, any of which may stand for the other: a euro symbol."""
TRAILING = word_list("en.trailing")
"""Adverbs that may stand behind a noun, though they can be nouns or adjectives: a raven overhead."""
COLOURS = word_list("en.colours")
CONJUNCTIONS = word_list("any.conjunctions")
"""Words of other languages that may join what is named in English: a red apple und a zebra."""
CALLED = frozenset(("called", "named", "alias"))
SINGULAR = frozenset(("a", "an", "each", "every", "one"))
ONLY_NOUNS = DETERMINERS | {"no", "of", "with", "and"}
SENTENCE_ENDS = frozenset(".!?;")
LEAST_NOUN = 0.25
"""A word that is a noun less often than this is none, unless it stands where only a noun can."""
LIKELY_NOUN, SURE_NOUN = 0.75, 0.9
ADJECTIVE = 4
"""Times of nine from which on a word is an adjective where a noun may stand as well."""
LONGEST_NOUN = 4
"""Words that WordNet knows as one: hot air balloon."""


class Word(Struct, frozen=True):
    """A word, or several that are one noun. `first`: it begins a sentence, so a capital says nothing."""

    text: str
    capital: bool
    possessive: bool
    first: bool
    part: bool
    """It stands before a hyphen: moss, in moss-covered."""
    start: int
    end: int


class Run(Struct, kw_only=True):
    before: str
    link: str
    """What stands before it, articles aside."""
    words: list[Word]
    sentence: int
    after: str = ""
    negated: bool = False


def nouns(grouped: Sequence[Word], run: Run, words: Thesaurus) -> Iterator[tuple[Word, list[Word], float]]:
    """The heads in a run, each with what modifies it and how surely it is a noun."""
    modifiers: list[Word] = []
    noun: Word | None = None
    while len(grouped) > 1 and grouped[-1].text in TRAILING:
        grouped = grouped[:-1]
    for place, word in enumerate(grouped):
        rest = grouped[place + 1 :]
        if noun is not None and _is_verb(word, noun, rest, run, words):
            # What was said before a verb does not modify what follows it.
            modifiers, noun = [], None
            continue
        if place == 0 and _is_order(word, run, grouped, words):
            continue
        share = _nounness(word, run, rest, words, first=place == 0, only=noun is None)
        if share and noun is None and _is_bound(grouped[:place], modifiers, words):
            share = max(share, SURE_NOUN)
        if share < LEAST_NOUN or _modifies(word, rest, run, words):
            if word.text not in NUMBERS and not word.text.isdecimal() and not _is_adverb(word, words):
                modifiers = [*modifiers, word]
            continue
        yield word, modifiers, share
        modifiers, noun = [], word


def _is_bound(before: Sequence[Word], modifiers: Sequence[Word], words: Thesaurus) -> bool:
    """Whether a number or an adjective stands before a word, and so it is no verb: two gulls, shy parrots."""
    if before and (before[-1].text in NUMBERS or before[-1].text.isdecimal()):
        return True
    return bool(modifiers) and words.noun_share(modifiers[-1].text) == 0


def _is_adverb(word: Word, words: Thesaurus) -> bool:
    shares = words.shares(word.text)
    return word.text.endswith("ly") and not shares.noun and not shares.adjective


def _is_verb(word: Word, noun: Word, rest: Sequence[Word], run: Run, words: Thesaurus) -> bool:
    """Whether a word that follows a noun is a verb: a rabbit wearing, a dog barks, hunters crouch."""
    text, verb = word.text, words.verb_share(word.text)
    if " " in text or not verb:
        return False
    if text.endswith("ing"):
        thing = text in DEPICTIONS or (words.noun_share(text) > LIKELY_NOUN and words.is_thing(text))
        return bool(rest) or run.after in DETERMINERS or not thing
    if text.endswith("ed"):
        # A participle before a noun belongs to that: a purple feathered hat.
        return not rest
    if _is_plural(text, words):
        # No plural follows an `a`.
        likelier = verb > words.noun_share(text) and not words.shares(noun.text).adjective
        return run.before in SINGULAR or likelier
    if words.is_verb_form(text):
        return verb > words.noun_share(text)
    return _is_plural(noun.text, words) and verb > words.noun_share(text)


def _is_plural(text: str, words: Thesaurus) -> bool:
    lemmas = words.lemmas(text)
    return bool(lemmas) and lemmas[0] != text


def _is_order(word: Word, run: Run, grouped: Sequence[Word], words: Thesaurus) -> bool:
    """Whether a sentence begins with what is to be done: Paint a battlefield. Show him from behind."""
    ordered = run.before in ("", ".", "!", ":", ";", "please", "and", "then")
    return (
        ordered
        and len(grouped) == 1
        and (run.after in DETERMINERS or run.after in ("me", "us", "him", "them", "it"))
        and words.verb_share(word.text) > 0
    )


def _nounness(
    word: Word, run: Run, rest: Sequence[Word], words: Thesaurus, *, first: bool = False, only: bool = False
) -> float:
    """How surely a word is a noun, 0 to 1. `first`: of its run; `only`: no noun stands before it there."""
    text = word.text
    if text in NUMBERS or text.isdecimal() or word.part:
        return 0.0
    lemmas = words.lemmas(text)
    if not lemmas:
        # What nobody knows is a name.
        return 0.0 if words.is_known(text) else 1.0
    share, verb = words.noun_share(text), words.verb_share(text)
    if text.endswith("s") and lemmas[0] != text and verb < LEAST_NOUN:
        # Nothing but a noun has a plural: sweets, nuts.
        return 1.0
    if first and run.before in ONLY_VERBS:
        return 0.0 if verb else share
    if first and run.before == "to" and verb > share:
        return 0.0
    if first and run.before in COPULAS and not rest and words.shares(text).adjective:
        # The economy is stable.
        return 0.0
    if not first and words.shares(text).adjective > ADJECTIVE:
        # A sign full of holes.
        return 0.0
    last = not rest or _is_verb(rest[0], word, rest[1:], run, words)
    if last and only and run.before in ONLY_NOUNS:
        return max(share, 0.75 if run.before in DETERMINERS else 0.5)
    if not last and text.endswith(("ing", "ed")) and verb and share < SURE_NOUN:
        return 0.0
    # Prompts speak of what can be seen; in WordNet's texts people rather tailor and hog.
    return max(share, LEAST_NOUN) if last and words.seen(lemmas[0]) > 0.5 else share


def _modifies(word: Word, rest: Sequence[Word], run: Run, words: Thesaurus) -> bool:
    """Whether a noun stands before a noun as an adjective would: fire in `fire truck`."""
    if not rest:
        return False
    following = rest[0]
    if word.possessive:
        return True
    if _is_verb(following, word, rest[1:], run, words):
        return False
    if _nounness(following, run, rest[1:], words, only=True) < LEAST_NOUN:
        return following.text.endswith("ed") and words.shares(word.text).adjective > 0
    return not _is_plural(word.text, words)


def is_kind(word: Word, words: Thesaurus) -> bool:
    lemma = base(word.text, words)
    return not (word.possessive or word.part) and words.noun_share(word.text) > 0.5 and words.is_kind(lemma)


def base(word: str, words: Thesaurus) -> str:
    """A noun in the singular; other words as they are."""
    return bases(word, words)[0]


def bases(word: str, words: Thesaurus) -> tuple[str, ...]:
    """What a noun may be a form of, the likeliest first; an unknown word is taken without its s as well."""
    lemmas = words.lemmas(word)
    if lemmas or words.is_known(word) or not word.endswith("s") or word.endswith("ss"):
        return lemmas or (word,)
    return (word.removesuffix("s"), word)
