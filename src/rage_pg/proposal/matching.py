"""How well an image serves a thing that is wanted: what it is called, and how near the vectors are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from functools import lru_cache
from math import exp, inf

from msgspec import Struct

from rage_pg.proposal.names import Name, Named, named
from rage_pg.proposal.things import Shown, Wanted
from rage_pg.words.languages import foreign_words
from rage_pg.words.reading import folded, has_digits, is_within
from rage_pg.words.speech import CONJUNCTIONS, DETERMINERS, FUNCTION_WORDS, PORTIONS, PREPOSITIONS, SIGNS

BIAS, BY_CLOSENESS, IF_RELATED, BY_PLAINNESS, IF_FIRST = -0.4, 3.1, -1.4, 0.8, 0.85
BY_SIMILARITY, BY_SIMILARITY_IF_RELATED = 3.3, 1.9
IF_AGREEING, IF_CONFLICTING, BY_OTHER, IF_KIND = 1.6, -0.8, -0.1, -0.9
BY_SHARE, BY_SEEN = 1.7, 1.5
"""What each sign counts for the log odds that an image is what is meant: a logistic regression of the best
image of each thing, on the odd lines of benchmarks/data/propose_*. Rounded; no word stands in them."""
USUAL = 0.4
"""The similarity that is assumed where there is none."""
EXACT = 0.94
NARROWER = 0.8
"""From here on another word for the same, or for a kind of it."""
LITERAL, EACH_WORD, MOST_LITERAL = 0.99, 0.001, 9
"""Of an image that is called just what the prompt says: the longer, the better."""
MOST, LEAST = 0.98, 0.45
SURE = 0.65
"""What the best served thing of a prompt takes for the others to count: where nothing is served surely, the
prompt is of something else, and what resembles its words does by chance."""
ALONE = PREPOSITIONS | {"and", "or", "with", "of"}
"""What may stand beside a single word that is just what an image is called: `mine is` is no mine."""
NEAR, NEAR_SHARING = 0.75, 0.64
"""The similarity from which on vectors suffice for English, of which the thesaurus knows most words;
and where the image is called by a word of the thing: a clock face, for a clock."""
NEAR_FOREIGN, NEAR_TRANSLATED = 0.48, 0.6
"""For another language: where the vectors are all there is, and where the word is known."""
BY_NEARNESS = 0.5
"""What vectors that are just so near are worth."""
SLOPE, SLOPE_FOREIGN = 1.0, 4.0
"""And what more counts: where nobody knows the word, .5 is right three times of four, .4 every other time."""


class Evidence(Struct, frozen=True, kw_only=True):
    """What a name of an image says for it: how close the words are, how plainly it is called so."""

    closeness: float
    plainness: float
    first: bool
    tagged: bool
    agreeing: int
    """Modifiers that prompt and name share."""
    missing: int
    """Modifiers of the prompt that are nouns and that no text of the image has."""
    other: int
    """Modifiers of the name that the prompt has not."""
    kind: bool
    """One of them tells of which kind it is: a Christmas light, where the prompt says lights."""


def evidence(wanted: Wanted, image: Named, brand: str = "") -> Iterator[Evidence]:
    """What each of its names says, of those that are related to a thing."""
    said = frozenset(folded(brand).split())
    # Who writes of Turkey means no turkey, whether the title says with a capital which it is or not.
    outright = image.names if wanted.named else ()
    others = {head for name in outright if name.capital is False for head in name.heads}
    for name in image.names:
        closeness = max((_closeness(wanted, head) for head in name.heads), default=0.0)
        if not closeness or not others.isdisjoint(name.heads):
            continue
        found = _evidence(wanted, name, closeness, image, said)
        if found.agreeing or not wanted.modifiers or wanted.heads[0] not in SIGNS:
            # A sign is what is on it: a euro symbol is no dollar sign.
            yield found


def _closeness(wanted: Wanted, head: str) -> float:
    """A post box, squashed, is the postbox that the thesaurus knows."""
    return wanted.related.get(head) or wanted.related.get(head.removeprefix("="), 0.0)


def _evidence(wanted: Wanted, name: Name, closeness: float, image: Named, brand: Set[str]) -> Evidence:
    parts = [part for one in wanted.modifiers for part in one.split()]
    parts += [part for head in wanted.heads[:1] for part in head.split()[:-1]]
    portion = any(part in PORTIONS for part in parts) and any(
        part in PORTIONS for part in (*name.words, name.measure)
    )
    joined = any(head[0] == "=" for head in name.heads)
    agreeing = [part for part in parts if part in name.words or part in image.words or part in brand]
    missing = [one for one in wanted.kinds if not set(one.split()) & (image.words | brand)]
    inside = {part for head in name.heads for part in head.split()}
    if closeness < NARROWER and " " in wanted.heads[0] and wanted.heads[0] not in name.heads:
        # An electric guitar is no acoustic guitar, though a guitar may be one.
        missing += wanted.heads[0].split()[:-1]
    other = [word for word in name.words if word not in parts and word not in inside]
    return Evidence(
        closeness=closeness,
        plainness=name.plainness,
        first=name.first,
        tagged=name.tagged,
        agreeing=len(agreeing) + portion + (joined and bool(parts)),
        missing=len(missing),
        other=len(other),
        kind=any(word in other for one in name.kinds for word in one.split()),
    )


def literally(wanted: Wanted, image: Named) -> float:
    """0 for an image that is not called just what the prompt says around the thing; else the more, the longer
    that is, and still more where it is called nothing else."""
    said = _said(wanted.prompt)
    found = [called for called in image.called if called[0] in said and _is_said(wanted, called)]
    if not found:
        return 0.0
    words = min(max(map(len, found)), MOST_LITERAL)
    return LITERAL + EACH_WORD * (words + (len(found) == len(image.called)) / 2)


@lru_cache(maxsize=64)
def _said(prompt: tuple[str, ...]) -> Set[str]:
    return frozenset(prompt)


def _is_said(wanted: Wanted, called: Sequence[str]) -> bool:
    first, last = wanted.place
    if not wanted.heads:
        return tuple(called) == wanted.prompt[first:last]
    start = is_within(called, wanted.prompt, first - len(called) + 1, last - 1)
    if start is None:
        return False
    end = start + len(called)
    if wanted.named and len(called) == 1:
        # Turkey is no turkey.
        return False
    bound = FUNCTION_WORDS if len(called) > 1 or has_digits(called[0]) else ALONE
    if end < len(wanted.prompt) and wanted.prompt[end].removesuffix("s") in SIGNS:
        # A no entry sign is what it says.
        return _is_bound(wanted.prompt, start - 1, FUNCTION_WORDS)
    return _is_bound(wanted.prompt, start - 1, bound | DETERMINERS) and _is_bound(wanted.prompt, end, bound)


def _is_bound(prompt: Sequence[str], place: int, bound: Set[str]) -> bool:
    """Whether no word that means something stands there, which would be part of what is said."""
    if not 0 <= place < len(prompt) or not prompt[place][0].isalnum():
        return True
    return prompt[place] in bound or prompt[place] in CONJUNCTIONS or prompt[place] in foreign_words()


def service(wanted: Wanted, number: int, shown: Shown) -> float:
    """How well an image serves a thing, 0 to 1: the chance that it is what is meant; 0 below LEAST.

    `number`: which of `shown.similarity` is the thing's.
    """
    image = named(shown.title, shown.caption, shown.tags, shown.skus)
    similarity = shown.similarity[number] if number < len(shown.similarity) else None
    said = literally(wanted, image)
    if said:
        return said
    if not wanted.heads:
        return 0.0
    odds = (_by_words(wanted, found, similarity) for found in evidence(wanted, image, shown.brand))
    chance = max(_chance(max(odds, default=-inf)), _by_vectors(wanted, similarity, image))
    return round(min(chance, MOST), 4) if chance >= LEAST else 0.0


def _by_words(wanted: Wanted, found: Evidence, similarity: float | None) -> float:
    """Log odds."""
    related = found.closeness < EXACT
    similarity = USUAL if similarity is None else similarity
    return (
        BIAS
        - BY_CLOSENESS * (1 - found.closeness)
        - BY_PLAINNESS * (1 - found.plainness)
        - BY_SHARE * (1 - wanted.share)
        - BY_SEEN * (1 - wanted.seen)
        + (BY_SIMILARITY + BY_SIMILARITY_IF_RELATED * related) * similarity
        + IF_RELATED * related
        + IF_FIRST * found.first
        + IF_AGREEING * (found.agreeing > 0)
        + IF_CONFLICTING * (found.missing > 0 and found.other > 0)
        + BY_OTHER * min(found.other, 2)
        + IF_KIND * (found.kind and not wanted.modifiers)
    )


def _by_vectors(wanted: Wanted, similarity: float | None, image: Named) -> float:
    if similarity is None:
        return 0.0
    bar = _bar(wanted, image)
    if similarity < bar or wanted.seen * wanted.share < 0.3:
        return 0.0
    slope = SLOPE_FOREIGN if bar == NEAR_FOREIGN else SLOPE
    return BY_NEARNESS + (similarity - bar) * slope


def _bar(wanted: Wanted, image: Named) -> float:
    if wanted.language != "en":
        return NEAR_TRANSLATED if wanted.known else NEAR_FOREIGN
    return NEAR_SHARING if _shares_a_word(wanted, image) else NEAR


def _shares_a_word(wanted: Wanted, image: Named) -> bool:
    """Whether one of its names has a noun of the thing: a clock face. A private eye is no eye."""
    parts = {part for one in (*wanted.heads[:1], *wanted.kinds) for part in one.split()}
    last = wanted.heads[0].rsplit(" ", 1)[-1]
    if last != wanted.heads[0] and last not in wanted.related:
        parts.discard(last)
    return any(
        parts & {part for one in (*name.heads, *name.kinds) for part in one.split()}
        for name in image.names
        if name.first or name.tagged
    )


def _chance(odds: float) -> float:
    return 1 / (1 + exp(-odds)) if odds > -inf else 0.0


def surely_served(best: Sequence[float]) -> bool:
    """Whether a prompt is of what the store has, by how well each of its things is served at best."""
    return max(best, default=0.0) >= SURE


def settled(wanted: Sequence[Wanted], served: Sequence[float]) -> list[int]:
    """The numbers of the things that stay, in their order, once it is known how well each is served at best.

    Of things that overlap in the prompt (bonhomme, bonhomme de neige) the best served stays; of those that
    nothing serves, the longest.
    """
    kept: list[int] = []
    best_first = sorted(range(len(wanted)), key=lambda number: (-served[number], -_length(wanted[number])))
    for number in best_first:
        one = wanted[number]
        if all(one.end <= wanted[other].start or wanted[other].end <= one.start for other in kept):
            kept.append(number)
    return sorted(kept)


def _length(wanted: Wanted) -> int:
    return wanted.end - wanted.start
