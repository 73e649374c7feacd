"""How well an image serves a thing that is wanted: what it is called, and how near the vectors are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp

from msgspec import Struct

from rage_pg.proposal.english import FUNCTION_WORDS, PORTIONS
from rage_pg.proposal.names import Name, Named, named
from rage_pg.proposal.reading import is_within
from rage_pg.proposal.things import Shown, Wanted


class Weights(Struct, frozen=True, kw_only=True):
    """What each sign counts for the log odds that an image is what is meant; fitted on benchmarks/data/propose_*.

    Few prompts (two hundred) were enough for few numbers: they are rounded, and no word stands in them.
    """

    bias: float
    similarity: float
    closeness: float = 0.0
    plainness: float
    agreeing: float
    missing: float
    conflict: float
    """The prompt says Santa hat, the image is called top hat."""
    other: float
    share: float
    seen: float
    said: float
    unknown: float
    """The similarity that is assumed where there is none."""


OF_SAME = Weights(
    bias=-0.4, similarity=4.4, plainness=-1.0, agreeing=1.2, missing=0.0, conflict=-1.5, other=-0.7, share=-1.7,
    seen=-1.5, said=1.5, unknown=0.4,
)  # fmt: skip
"""For an image that is called by the same word."""
OF_RELATED = Weights(
    bias=-0.5, similarity=4.0, closeness=-5.4, plainness=-0.5, agreeing=2.0, missing=-1.5, conflict=-1.0, other=-0.2,
    share=0.0, seen=-0.7, said=0.0, unknown=0.3,
)  # fmt: skip
"""For one that is called by a synonym, a narrower or a broader word."""
EXACT = 0.94
LITERAL, MOST, LEAST = 1.0, 0.98, 0.5
NEAR = 0.75
"""The similarity from which on vectors suffice for English, of which the thesaurus knows most words."""
NEAR_FOREIGN = 0.5


class Evidence(Struct, frozen=True, kw_only=True):
    """What speaks for an image. `closeness` of the words, 0 where no name is related; `plainness` of the name."""

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

    @property
    def worth(self) -> float:
        return self.closeness * self.plainness * (1 + 0.1 * self.agreeing) * (1 - 0.03 * self.other)


def evidence(wanted: Wanted, image: Named, brand: str = "") -> Evidence | None:
    """The best of the names that are related to a thing."""
    return max(_related(wanted, image, brand), key=lambda one: one.worth, default=None)


def _related(wanted: Wanted, image: Named, brand: str) -> Iterator[Evidence]:
    said = set(brand.casefold().split())
    for name in image.names:
        closeness = max((wanted.related.get(head, 0.0) for head in name.heads), default=0.0)
        if closeness and not (wanted.named and name.capital is False):
            yield _evidence(wanted, name, closeness, image, said)


def _evidence(wanted: Wanted, name: Name, closeness: float, image: Named, brand: set[str]) -> Evidence:
    parts = [part for one in wanted.modifiers for part in one.split()]
    parts += [part for head in wanted.heads[:1] for part in head.split()[:-1]]
    portion = any(part in PORTIONS for part in parts) and any(part in PORTIONS for part in name.words)
    agreeing = [part for part in parts if part in name.words or part in image.words or part in brand]
    missing = [one for one in wanted.kinds if not set(one.split()) & (image.words | brand)]
    inside = {part for head in name.heads for part in head.split()}
    other = [word for word in name.words if word not in parts and word not in inside]
    return Evidence(
        closeness=closeness,
        plainness=name.plainness,
        first=name.first,
        tagged=name.tagged,
        agreeing=len(agreeing) + portion,
        missing=len(missing),
        other=len(other),
    )


def literally(wanted: Wanted, image: Named) -> int:
    """How many words of the prompt, around the thing, are just what the image is called; 0 for none."""
    return max((len(called) for called in image.called if _is_said(wanted, called)), default=0)


def _is_said(wanted: Wanted, called: Sequence[str]) -> bool:
    first, last = wanted.place
    start = is_within(called, wanted.prompt, first - len(called) + 1, last + len(called) - 1)
    if start is None:
        return False
    return _is_bound(wanted.prompt, start - 1) and _is_bound(wanted.prompt, start + len(called))


def _is_bound(prompt: Sequence[str], place: int) -> bool:
    """Whether no word that means something stands there, which would be part of what is said."""
    return not 0 <= place < len(prompt) or prompt[place] in FUNCTION_WORDS or not prompt[place][0].isalnum()


def service(wanted: Wanted, number: int, shown: Shown) -> float:
    """How well an image serves a thing, 0 to 1: the chance that it is what is meant; 0 below LEAST.

    `number`: which of `shown.similarity` is the thing's.
    """
    image = named(shown.title, shown.caption, shown.tags, shown.skus)
    similarity = shown.similarity[number] if number < len(shown.similarity) else None
    said = literally(wanted, image)
    if said > 1 or (said and not wanted.heads):
        return LITERAL
    if not wanted.heads:
        return 0.0
    found = evidence(wanted, image, shown.brand)
    by_words = _chance(_by_words(wanted, found, similarity, bool(said))) if found else 0.0
    chance = max(by_words, _by_vectors(wanted, similarity))
    return round(min(chance, MOST), 4) if chance >= LEAST else 0.0


def _by_words(wanted: Wanted, found: Evidence, similarity: float | None, said: bool) -> float:
    """Log odds."""
    exact = found.closeness >= EXACT
    weights = OF_SAME if exact else OF_RELATED
    if similarity is None:
        similarity = weights.unknown
    conflict = found.missing > 0 and found.other > 0
    return (
        weights.bias
        + weights.similarity * similarity
        + weights.closeness * (1 - found.closeness)
        + weights.plainness * (1 - found.plainness)
        + weights.agreeing * (found.agreeing > 0)
        + weights.missing * (found.missing > 0)
        + weights.conflict * conflict
        + weights.other * min(found.other, 2)
        + weights.share * (1 - wanted.share)
        + weights.seen * (1 - wanted.seen)
        + weights.said * said
    )


def _by_vectors(wanted: Wanted, similarity: float | None) -> float:
    if similarity is None:
        return 0.0
    bar = NEAR if wanted.language == "en" else NEAR_FOREIGN
    if similarity < bar or wanted.seen * wanted.share < 0.3:
        return 0.0
    return LEAST + (similarity - bar)


def _chance(odds: float) -> float:
    return 1 / (1 + exp(-odds))
