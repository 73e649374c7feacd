"""English text as noun phrases: what a prompt names, and what a caption says that its picture shows.

No parser: function words and signs part the phrases, WordNet tells nouns from other words by how often each is
one, and what stands before a noun in its phrase modifies it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rage_pg.proposal.reading import Token, has_digits, is_apart
from rage_pg.proposal.thesaurus import Thesaurus

FUNCTION_WORDS = frozenset(
    """a about above across after again against all along also although always am amid among an and another any are
    around as at be because been before behind being below beneath beside besides between beyond both but by can
    cannot could did do does doing done down during each either else even ever every everyone everything few for
    from had has have having he her here hers herself him himself his how however i if in inside into is it its
    itself just let lets like many may maybe me might more most much must my myself near neither never next no
    nobody none nor not nothing now of off often on onto only or other others ought our ours ourselves out outside
    over past per perhaps please quite rather really same shall she should since so some somebody someone something
    somewhere soon still such than that the their theirs them themselves then there these they this those though
    through throughout till to together too toward towards under underneath until up upon us usually versus very via
    vs was we were what whatever when where whether which while who whom whose why will with within without would
    yet you your yours yourself""".split()
)
NUMBERS = frozenset(
    """zero one two three four five six seven eight nine ten eleven twelve dozen hundred thousand several first second
    third last""".split()
)
MEASURES = frozenset(
    """assortment back bit bottom bunch center centre cluster collection couple dozen drop edge end field flock front group
    half handful heap herd hundred kind line lot mass middle number pack pair pile plenty quarter rest row selection
    series set shape side sort species stack swarm top trio type variety
    """.split()
)
"""What stands before `of` and is not what is shown: a pair of pliers."""
PORTIONS = frozenset("bar bulb bunch clove cob half head loaf piece quarter segment slice sprig stick wedge".split())
"""A slice of lemon and a lemon slice are both a lemon."""
DEPICTIONS = frozenset(
    """artwork close-up closeup cover depiction drawing engraving etching illustration image linocut lithograph
    painting panel photo photograph photography picture portrait poster print rendering render scene shot sketch
    snapshot still style view woodcut""".split()
)
"""What a prompt asks for, rather than what it shows: a poster of a bear, a bear, oil painting."""
CALLED = frozenset(("called", "named", "alias"))
DETERMINERS = frozenset(
    "a an the his her their my your its our some any these those this that another each every both".split()
)
SINGULAR = frozenset(("a", "an", "each", "every", "one"))
ONLY_NOUNS = DETERMINERS | {"no", "of", "with", "and"}
ONLY_VERBS = frozenset("i we they you he she who can could will would should must may might cannot".split())
COPULAS = frozenset("am are be been is was were".split())
SENTENCE_ENDS = frozenset(".!?;")
LEAST_NOUN = 0.25
"""A word that is a noun less often than this is none, unless it stands where only a noun can."""
SURE_NOUN = 0.9
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


class Phrase(Struct, frozen=True, kw_only=True):
    """A noun with what modifies it. `head`: the noun as it stands; `modifiers`: base forms. Places are of letters."""

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
    """The function word or sign that it follows, articles aside: a comma or `and` links it to what is before."""
    after: str
    sentence: int
    share: float
    """How often the head is a noun where it is used; 1 where only a noun can stand."""
    determined: bool
    measure: str | None = None
    """The head of the phrase before, where `of` stands between: pair, of pliers."""


class _Run(Struct, kw_only=True):
    before: str
    link: str
    """What stands before it, articles aside."""
    words: list[Word]
    sentence: int
    after: str = ""
    negated: bool = False


def phrases(tokens: Sequence[Token], words: Thesaurus, *, negated: bool = True) -> list[Phrase]:
    """The noun phrases of a text, in order. `negated`: also what it says that is not to be seen."""
    found: list[Phrase] = []
    for run in _runs(tokens, words):
        last = found[-1] if found and found[-1].sentence == run.sentence else None
        of = last.head if last is not None and run.link == "of" and last.after == "of" else None
        if run.negated and not negated:
            continue
        grouped = _grouped(run.words, words)
        for place, (head, modifiers, share) in enumerate(_nouns(grouped, run, words)):
            parts = [*modifiers, head]
            found.append(
                Phrase(
                    text=" ".join(one.text for one in parts),
                    head=head.text,
                    modifiers=tuple(base(one.text, words) for one in modifiers),
                    kinds=tuple(base(one.text, words) for one in modifiers if _is_kind(one, words)),
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
    return found


def _is_kind(word: Word, words: Thesaurus) -> bool:
    lemma = base(word.text, words)
    return not (word.possessive or word.part) and words.noun_share(word.text) > 0.5 and words.is_kind(lemma)


def base(word: str, words: Thesaurus) -> str:
    """A noun in the singular; other words as they are."""
    return bases(word, words)[0]


def bases(word: str, words: Thesaurus) -> tuple[str, ...]:
    """What a noun may be a form of, the likeliest first; of a word that nobody knows, without its s as well."""
    lemmas = words.lemmas(word)
    if lemmas or words.is_known(word) or not word.endswith("s") or word.endswith("ss"):
        return lemmas or (word,)
    return (word.removesuffix("s"), word)


def _runs(tokens: Sequence[Token], words: Thesaurus) -> list[_Run]:
    """Words that no function word or sign parts, with what stands around them and the number of the sentence."""
    found: list[_Run] = []
    run: _Run | None = None
    before, link, sentence, first = "", "", 0, True
    for place, token in enumerate(tokens):
        if token.text == '"':
            continue
        if token.is_word and token.text not in FUNCTION_WORDS:
            if run is None:
                run = _Run(before=before, link=link, words=[], sentence=sentence)
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


def _split(token: Token, first: bool, words: Thesaurus) -> Iterator[Word]:
    """A word without its genitive; a compound with a hyphen in its parts, unless it is a word of its own."""
    possessive = token.text.endswith(("'s", "s'"))
    plain = token.text.removesuffix("'s").removesuffix("'")
    start, end = token.start, token.end
    spaced = plain.replace("-", " ")
    if "-" not in plain or has_digits(plain) or words.lemmas(plain) or words.lemmas(spaced):
        text = plain if words.lemmas(plain) or not words.lemmas(spaced) else spaced
        yield Word(text, token.capital, possessive, first, False, start, end)
        return
    parts = [part for part in re.finditer(r"[^-]+", plain) if part[0] not in FUNCTION_WORDS]
    for part in parts:
        last = part is parts[-1]
        place = (start + part.start(), end if last else start + part.end())
        yield Word(part[0], token.capital, possessive and last, first, not last, *place)


def _grouped(run: Sequence[Word], words: Thesaurus) -> list[Word]:
    """Words that are one noun together are one: hot air balloon."""
    found: list[Word] = []
    place = 0
    while place < len(run):
        for length in range(min(LONGEST_NOUN, len(run) - place), 0, -1):
            part = run[place : place + length]
            text = " ".join(one.text for one in part)
            if length == 1 or (words.lemmas(text) and not any(one.possessive for one in part[:-1])):
                capital = any(one.capital for one in part)
                last = part[-1]
                found.append(
                    Word(text, capital, last.possessive, part[0].first, last.part, part[0].start, last.end)
                )
                place += length
                break
    return found


def _nouns(
    grouped: Sequence[Word], run: _Run, words: Thesaurus
) -> Iterator[tuple[Word, list[Word], float]]:
    """The heads in a run, each with what modifies it and how surely it is a noun."""
    modifiers: list[Word] = []
    noun: Word | None = None
    for place, word in enumerate(grouped):
        rest = grouped[place + 1 :]
        if noun is not None and _is_verb(word, noun, rest, run, words):
            # What was said before a verb does not modify what follows it.
            modifiers, noun = [], None
            continue
        if place == 0 and _is_order(word, run, grouped, words):
            continue
        share = _nounness(word, run, rest, words, first=place == 0, only=noun is None)
        if share < LEAST_NOUN or _modifies(word, rest, run, words):
            if word.text not in NUMBERS and not word.text.isdecimal() and not _is_adverb(word, words):
                modifiers = [*modifiers, word]
            continue
        yield word, modifiers, share
        modifiers, noun = [], word


def _is_adverb(word: Word, words: Thesaurus) -> bool:
    shares = words.shares(word.text)
    return word.text.endswith("ly") and not shares.noun and not shares.adjective


def _is_verb(word: Word, noun: Word, rest: Sequence[Word], run: _Run, words: Thesaurus) -> bool:
    """Whether a word that follows a noun is a verb: a rabbit wearing, a dog barks, hunters crouch, a wolf ate."""
    text, verb = word.text, words.verb_share(word.text)
    if " " in text or not verb:
        return False
    if text.endswith("ing"):
        thing = text in DEPICTIONS or (words.noun_share(text) >= SURE_NOUN and words.seen(text) > 0.6)
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


def _is_order(word: Word, run: _Run, grouped: Sequence[Word], words: Thesaurus) -> bool:
    """Whether a sentence begins with what is to be done: Paint a battlefield. Show him from behind."""
    ordered = run.before in ("", ".", "!", ":", ";", "please", "and", "then")
    return (
        ordered
        and len(grouped) == 1
        and (run.after in DETERMINERS or run.after in ("me", "us", "him", "them", "it"))
        and words.verb_share(word.text) > 0
    )


def _nounness(
    word: Word, run: _Run, rest: Sequence[Word], words: Thesaurus, *, first: bool = False, only: bool = False
) -> float:
    """How surely a word is a noun, 0 to 1. `first`: of its run; `only`: no noun stands before it in the run."""
    text = word.text
    if text in NUMBERS or text.isdecimal() or word.part:
        return 0.0
    lemmas = words.lemmas(text)
    if not lemmas:
        # What nobody knows is a name.
        return 0.0 if words.is_known(text) else 1.0
    share, verb = words.noun_share(text), words.verb_share(text)
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
    # What can be seen is spoken of as a thing more often than WordNet's texts do, in which people tailor and hog.
    return max(share, LEAST_NOUN) if last and words.seen(lemmas[0]) > 0.5 else share


def _modifies(word: Word, rest: Sequence[Word], run: _Run, words: Thesaurus) -> bool:
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
