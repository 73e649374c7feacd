"""Selection against what it is defined by, worked out the long way."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from rage_pg.proposal import covering
from rage_pg.proposal.covering import Option, cover, union, weight_of
from rage_pg.proposal.pareto import frontier
from rage_pg.proposal.scored import Scored
from rage_pg.proposal.selection import LEAST, MARGIN, Selection, select

SHARES = st.integers(0, 20).map(lambda twentieths: twentieths / 20)


@settings(deadline=None)
@given(data=st.data(), n=st.integers(1, 5))
def test_frontier_is_what_some_positive_weighting_puts_first(data: st.DataObject, n: int) -> None:
    masks = data.draw(st.lists(st.integers(1, 2**n - 1), min_size=1, max_size=14))
    dense = data.draw(st.lists(SHARES, min_size=len(masks), max_size=len(masks)))
    drawn = data.draw(st.lists(st.lists(st.integers(1, 10**6), min_size=n, max_size=n), max_size=50))
    # Of each set of concepts a weighting that all but ignores the others.
    leaning = [[1000 if wanted >> i & 1 else 1 for i in range(n)] for wanted in range(1, 2**n)]
    beta = 0.01  # the dense scores together count less than the least difference of coverage
    first = set()
    for weights in (*drawn, *leaning):
        scores = [
            sum(w for i, w in enumerate(weights) if mask >> i & 1) + beta * n * score
            for mask, score in zip(masks, dense, strict=True)
        ]
        first.add(scores.index(max(scores)))
    best_first = sorted(range(len(masks)), key=lambda row: (-dense[row], row))
    found = frontier([*masks, 0], [len(masks), *best_first])
    assert found == [row for row in best_first if row in first]


@settings(deadline=None)
@given(data=st.data(), n=st.integers(1, 6), slots=st.integers(0, 4))
def test_cover_is_the_optimum_of_few_options(data: st.DataObject, n: int, slots: int) -> None:
    options = data.draw(st.lists(st.builds(Option, st.integers(1, 2**n - 1), SHARES), max_size=8))
    weights = data.draw(st.lists(st.integers(1, 4).map(float), min_size=n, max_size=n))
    taken = cover(options, weights, slots)
    assert len(taken) <= slots
    assert value(options, weights, taken) == max(
        value(options, weights, some)
        for count in range(min(slots, len(options)) + 1)
        for some in combinations(range(len(options)), count)
    )


def value(
    options: Sequence[Option], weights: Sequence[float], taken: Sequence[int]
) -> tuple[float, int, float]:
    covered = weight_of(union(options[position].mask for position in taken), weights)
    return covered, -len(taken), round(sum(options[position].worth for position in taken), 6)


def test_cover_of_many_options_is_near_the_optimum_and_takes_nothing_superfluous() -> None:
    chance = random.Random(7)
    for _ in range(15):
        options = [Option(chance.getrandbits(14) | 1, chance.random()) for _ in range(20)]
        assert 2 ** union(option.mask for option in options).bit_count() * 20 > covering.MOST_STATES
        weights = [chance.uniform(0.5, 2) for _ in range(14)]
        taken = cover(options, weights, 3)
        best = max(value(options, weights, some)[0] for some in combinations(range(20), 3))
        assert value(options, weights, taken)[0] >= (1 - 1 / math.e) * best
        assert all(value(options, weights, [x for x in taken if x != y])[0] < best for y in taken)
        everything = cover(options, weights, 20)
        covered = value(options, weights, everything)[0]
        assert covered == round(sum(weights), 9)
        for superfluous in everything:
            assert value(options, weights, [x for x in everything if x != superfluous])[0] < covered


@st.composite
def images(draw: st.DrawFn, first_id: int, most: int, looks: bool = False) -> list[Scored]:
    serves = draw(st.lists(st.dictionaries(st.integers(0, 4), SHARES, max_size=4), max_size=most))
    relevances = draw(st.lists(SHARES, min_size=len(serves), max_size=len(serves)))
    hashes = [
        draw(st.none() | st.sampled_from([0, 1, 2**40 - 1, 2**64 - 1])) if looks else None for _ in serves
    ]
    return [
        Scored(image_id=first_id + place, serves=of_image, relevance=relevance, perceptual_hash=look)
        for place, (of_image, relevance, look) in enumerate(zip(serves, relevances, hashes, strict=True))
    ]


CONCEPTS = ["a", "b", "c", "d", "e"]


@settings(deadline=None)
@given(candidates=images(1, 7))
def test_with_slots_enough_as_few_images_as_can_serve_all_about_as_well_as_the_best(
    candidates: list[Scored],
) -> None:
    selection = select(candidates, CONCEPTS, slots=5)
    best = {c: max((image.serves.get(c, 0.0) for image in candidates), default=0.0) for c in range(5)}
    servable = {c for c, service in best.items() if service >= LEAST}
    assert selection.unserved == tuple(c for c in range(5) if c not in servable)
    assert selection.without_slot == ()
    well = {
        image.image_id: {
            c for c in servable if image.serves.get(c, 0.0) >= max(LEAST, best[c] - MARGIN - 1e-9)
        }
        for image in candidates
    }
    assert sorted(c for pick in selection.references for c in pick.serves) == sorted(servable)
    assert all(set(pick.serves) <= well[pick.image_id] for pick in selection.references)
    fewest = next(
        count
        for count in range(6)
        if any(set().union(*(well[x] for x in some)) == servable for some in combinations(well, count))
    )
    assert len(selection.references) == fewest


@settings(max_examples=200, deadline=None)
@given(
    candidates=images(1, 9, looks=True),
    chosen=images(100, 2, looks=True),
    slots=st.integers(0, 5),
    diversity=st.sampled_from([0.0, 0.3, 1.0]),
    fill=st.booleans(),
    data=st.data(),
)
def test_whatever_is_asked_the_selection_keeps_its_promises(
    candidates: list[Scored],
    chosen: list[Scored],
    slots: int,
    diversity: float,
    fill: bool,
    data: st.DataObject,
) -> None:
    def selected(offered: Sequence[Scored]) -> Selection:
        return select(offered, CONCEPTS, slots=slots, chosen=chosen, diversity=diversity, fill=fill)

    selection = selected(candidates)
    assert selected(data.draw(st.permutations(candidates))) == selection
    ids = [pick.image_id for pick in selection.references]
    assert ids[: len(chosen)] == [image.image_id for image in chosen]
    assert len(set(ids)) == len(ids) <= max(slots, len(chosen))
    by_id = {image.image_id: image for image in (*candidates, *chosen)}
    assert all(by_id[pick.image_id].serves[c] >= LEAST for pick in selection.references for c in pick.serves)
    proposed = [pick for pick in selection.references if not pick.chosen]
    assert all(pick.serves and pick.reason for pick in proposed)
    settled = [*selection.unserved, *selection.without_slot]
    served = {c for pick in selection.references for c in pick.serves}
    assert sorted([*settled, *served]) == [0, 1, 2, 3, 4]
    assert not selection.without_slot or len(ids) >= slots
    if not fill:
        by_choice = {c for pick in selection.references if pick.chosen for c in pick.serves}
        once = [c for pick in proposed for c in pick.serves]
        assert len(once) == len(set(once))
        assert by_choice.isdisjoint(once)
    told = {lost.image_id: lost for lost in selection.passed_over}
    assert sorted([*told, *(pick.image_id for pick in proposed)]) == [image.image_id for image in candidates]
    for image_id, lost in told.items():
        serves_nothing = all(service < LEAST for service in by_id[image_id].serves.values())
        assert (lost.code == "serves_nothing") == serves_nothing
        assert (lost.lost_to in ids) == (lost.code in ("served_by", "looks_like"))


@settings(deadline=None)
@given(candidates=images(1, 7), slots=st.integers(1, 3))
def test_few_slots_go_to_nearly_as_much_service_as_could_be_had(candidates: list[Scored], slots: int) -> None:
    def served(images: Sequence[Scored]) -> float:
        """What the concepts are served in sum, less the margin for each image."""
        of_concepts = [[image.serves.get(c, 0.0) for image in images] for c in range(5)]
        best = [max((s for s in of_concept if s >= LEAST), default=0.0) for of_concept in of_concepts]
        return sum(best) - MARGIN * len(images)

    ids = {pick.image_id for pick in select(candidates, CONCEPTS, slots=slots).references}
    optimum = max(served(some) for count in range(slots + 1) for some in combinations(candidates, count))
    assert served([image for image in candidates if image.image_id in ids]) >= 0.75 * optimum - 1e-9
