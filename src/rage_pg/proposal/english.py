"""English text as noun phrases: what a prompt names, and what a caption says that its picture shows.

No parser: function words and punctuation part the phrases, WordNet tells nouns from other words by how often each is
one, and what stands before a noun in its phrase modifies it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rage_pg.proposal.thesaurus import Thesaurus

TOKEN = re.compile(r"[\w$€£%]+(?:['\-./][\w]+)*|[^\w\s]")
FUNCTION_WORDS = frozenset(
    """a about above across after again against all along also although always am amid among an and another any are
    around as at be because been before behind being below beneath beside besides between beyond both but by can could
    did do does done down during each either else even ever every few for from full had has have he her here hers him
    his how i if in inside into is it its itself just let lets like made many may me might more most much must my near
    neither never next no nor not now of off on onto or other our out outside over per please quite rather s shall she
    should so some somebody someone something still such t than that the their them then there these they this those
    though through till to together too toward towards under until up upon us very via was we were what when where
    which while who whom whose will with within without would yet you your""".split()
)
NUMBERS = frozenset("one two three four five six seven eight nine ten eleven twelve dozen hundred thousand".split())
MEASURES = frozenset(
    """assortment band basket bit block bouquet bowl box bunch bundle cluster collection couple crate cup dozen drop
    field flock group half handful head heap herd jar kind lot number pack pair patch piece pile plate plenty pot
    quarter row scoop selection series set shape slice sort species stack string swarm type variety image picture
    photo photograph illustration drawing painting sketch close-up closeup view shot portrait poster print""".split()
)
"""What stands before `of` and is not what is shown: a pair of pliers. Half of them can be shown by themselves."""
ONLY_NOUNS = frozenset("a an the his her their my your its our some any no of with".split())
ONLY_VERBS = frozenset("to i we they you he she who can could will would should must may might".split())
LEAST_NOUN = 0.25
"""A word that is a noun less often than this is none, unless it stands where only a noun can."""


class Word(Struct, frozen=True):
    text: str
    possessive: bool
    start: int
    end: int


class Phrase(Struct, frozen=True, kw_only=True):
    """A noun with what modifies it. `head`: the noun as it stands; `modifiers`: base forms. Places are of letters."""

    text: str
    head: str
    modifiers: tuple[str, ...]
    start: int
    end: int
    before: str
    """The function word or sign that it follows."""
    sentence: int
    measure: str | None = None
    """The head of the phrase before, where `of` stands between: pair, of pliers."""


def normal(text: str) -> str:
    """Lower case, plain apostrophes and quotes; as long as the text, letter by letter."""
    table = str.maketrans("’‘“”„–—", "''\"\"\"--")
    folded = "".join(one if len(one := letter.lower()) == 1 else letter for letter in text)
    return unicodedata.normalize("NFC", folded).translate(table)


def phrases(text: str, words: Thesaurus) -> list[Phrase]:
    """The noun phrases of a text, in order."""
    found: list[Phrase] = []
    for before, sentence, run in _runs(text, words):
        head_before = found[-1].head if found and before == "of" and found[-1].sentence == sentence else None
        for place, (head, modifiers) in enumerate(_nouns(run, before, words)):
            parts = [*modifiers, head]
            found.append(
                Phrase(
                    text=" ".join(one.text for one in parts),
                    head=head.text,
                    modifiers=tuple(base(one.text, words) for one in modifiers),
                    start=parts[0].start,
                    end=head.end,
                    before=before if place == 0 else "",
                    sentence=sentence,
                    measure=head_before if place == 0 and head_before in MEASURES else None,
                )
            )
    return found


def base(word: str, words: Thesaurus) -> str:
    """A noun in the singular; other words as they are."""
    lemmas = words.lemmas(word)
    return lemmas[0] if lemmas else word


def _runs(text: str, words: Thesaurus) -> Iterator[tuple[str, int, list[Word]]]:
    """Words that no function word or sign parts, with what stands before them and the number of the sentence."""
    before, sentence, run = "", 0, []
    for match in TOKEN.finditer(normal(text)):
        token = match[0]
        if token == '"':
            continue
        if token in FUNCTION_WORDS or not (token[0].isalnum() or token[0] in "$€£"):
            if run:
                yield before, sentence, run
            before, run = token, []
            sentence += token in ".!?;:-("
            continue
        run.extend(_split(token, match.start(), words))
    if run:
        yield before, sentence, run


def _split(token: str, start: int, words: Thesaurus) -> Iterator[Word]:
    """A word without its genitive; a compound with a hyphen in its parts, unless it is a word of its own."""
    possessive = token.endswith("'s")
    plain = token.removesuffix("'s")
    if "-" not in plain or words.lemmas(plain) or words.lemmas(plain.replace("-", " ")):
        yield Word(plain.replace("-", " ") if words.lemmas(plain.replace("-", " ")) else plain, possessive, start, start + len(token))
        return
    for part in re.finditer(r"[^-]+", plain):
        yield Word(part[0], possessive, start + part.start(), start + part.end())


def _grouped(run: Sequence[Word], words: Thesaurus) -> list[Word]:
    """Words that are one noun together are one: hot air balloon."""
    found: list[Word] = []
    place = 0
    while place < len(run):
        for length in range(min(4, len(run) - place), 0, -1):
            part = run[place : place + length]
            text = " ".join(one.text for one in part)
            if length == 1 or (words.lemmas(text) and not any(one.possessive for one in part[:-1])):
                found.append(Word(text, part[-1].possessive, part[0].start, part[-1].end))
                place += length
                break
    return found


def _nouns(run: Sequence[Word], before: str, words: Thesaurus) -> Iterator[tuple[Word, list[Word]]]:
    """The heads in a run, each with what modifies it."""
    grouped = _grouped(run, words)
    modifiers: list[Word] = []
    for place, word in enumerate(grouped):
        following = grouped[place + 1] if place + 1 < len(grouped) else None
        if not _is_noun(word, before if place == 0 else "", following, words):
            # What was said before a verb does not modify what follows it.
            modifiers = [*modifiers, word]
        elif following is not None and _modifies(word, following, words):
            modifiers.append(word)
        else:
            yield word, modifiers
            modifiers = []


def _is_noun(word: Word, before: str, following: Word | None, words: Thesaurus) -> bool:
    text = word.text
    if text in NUMBERS or text[0].isdigit() and text.isdecimal() or words.is_verb_form(text):
        return False
    lemmas = words.lemmas(text)
    if not lemmas:
        # What nobody knows is a name.
        return not words.is_known(text)
    share = words.noun_share(text)
    if before in ONLY_VERBS:
        return share >= 0.8
    if before in ONLY_NOUNS and following is None:
        return True
    return share >= LEAST_NOUN


def _modifies(word: Word, following: Word, words: Thesaurus) -> bool:
    """Whether a noun stands before a noun as an adjective would: fire in `fire truck`."""
    if word.possessive:
        return True
    if words.is_verb_form(following.text) or not _is_noun(following, "", None, words):
        return False
    plural = base(word.text, words) != word.text
    return not plural and words.noun_share(following.text) >= 0.5
