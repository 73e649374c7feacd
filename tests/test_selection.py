"""Which references are proposed for a prompt's concepts, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pytest

from rage_pg.proposal.passing import MOST_PASSED_OVER, PassedOver
from rage_pg.proposal.scored import Scored
from rage_pg.proposal.selection import Selection, select

LOTION, SOAP, TOWEL = 0, 1, 2
CONCEPTS = ("lotion", "soap", "towel")


def image(image_id: int, serves: Mapping[int, float] | None = None, **said: Any) -> Scored:
    return Scored(image_id=image_id, serves=serves or {}, **said)


def unit(*numbers: float) -> list[float]:
    vector = np.array(numbers)
    return [float(number) for number in vector / np.linalg.norm(vector)]


def choose(*candidates: Scored, slots: int = 16, **said: Any) -> Selection:
    return select(candidates, CONCEPTS, slots=slots, **said)


def ids(selection: Selection) -> list[int]:
    return [reference.image_id for reference in selection.references]


def test_nothing_comes_of_nothing() -> None:
    assert select([], [], slots=3) == Selection()
    assert choose() == Selection(unserved=(LOTION, SOAP, TOWEL))
    assert select([image(1)], [], slots=3).passed_over == (PassedOver(image_id=1, code="serves_nothing"),)


def test_lotion_and_soap_are_proposed_once_each_the_best_of_either() -> None:
    selection = choose(
        image(1, {LOTION: 0.7}), image(2, {LOTION: 0.9}), image(3, {SOAP: 0.8}), image(4, {LOTION: 0.5})
    )
    assert [(pick.image_id, pick.serves, pick.reason) for pick in selection.references] == [
        (2, (LOTION,), 'the best of 3 for "lotion"'),
        (3, (SOAP,), 'the only one for "soap"'),
    ]
    assert selection.unserved == (TOWEL,)
    assert selection.without_slot == ()
    assert selection.passed_over == (
        PassedOver(image_id=1, code="served_by", lost_to=2),
        PassedOver(image_id=4, code="served_by", lost_to=2),
    )


def test_image_that_serves_everything_well_is_enough() -> None:
    selection = choose(
        image(1, {LOTION: 0.9}), image(2, {SOAP: 0.9}), image(3, {LOTION: 0.85, SOAP: 0.8, TOWEL: 0.4})
    )
    assert [(pick.image_id, pick.serves) for pick in selection.references] == [(3, (LOTION, SOAP, TOWEL))]
    assert selection.references[0].reason == 'serves "lotion", "soap" and "towel"'
    assert {(lost.image_id, lost.code, lost.lost_to) for lost in selection.passed_over} == {
        (1, "served_by", 3),
        (2, "served_by", 3),
    }


def test_picture_that_merely_mentions_both_does_not_replace_two_good_ones() -> None:
    both = image(3, {LOTION: 0.6, SOAP: 0.6}, relevance=9.0)
    singles = (image(1, {LOTION: 0.9}), image(2, {SOAP: 0.9}))
    assert ids(choose(*singles, both)) == [1, 2]
    assert ids(choose(*singles, both, margin=0.3)) == [3]


def test_picture_of_both_is_better_than_half_of_it_where_one_slot_is_left() -> None:
    singles = (image(1, {LOTION: 0.9}), image(2, {SOAP: 0.9}))
    selection = choose(*singles, image(3, {LOTION: 0.6, SOAP: 0.6}), slots=1)
    assert ids(selection) == [3]
    assert {lost.code for lost in selection.passed_over} == {"no_slot"}
    # But not if it hardly serves either.
    assert ids(choose(*singles, image(3, {LOTION: 0.4, SOAP: 0.4}), slots=1)) == [1]


def test_slot_that_a_picture_of_all_saves_goes_to_what_is_served_much_better_alone() -> None:
    everything = image(1, dict.fromkeys((LOTION, SOAP, TOWEL), 0.65))
    singles = (image(2, {LOTION: 0.8}), image(3, {SOAP: 0.9}), image(4, {TOWEL: 0.85}))
    selection = choose(everything, *singles, slots=2)
    assert {pick.image_id: pick.serves for pick in selection.references} == {1: (LOTION, TOWEL), 3: (SOAP,)}
    assert ids(choose(everything, *singles, slots=3)) == [3, 4, 2]


def test_service_below_the_least_is_none() -> None:
    candidates = (image(1, {LOTION: 0.29, SOAP: float("nan")}), image(2, {TOWEL: 0.0}))
    selection = choose(*candidates)
    assert selection.references == ()
    assert selection.unserved == (LOTION, SOAP, TOWEL)
    assert [lost.code for lost in selection.passed_over] == ["serves_nothing", "serves_nothing"]
    assert ids(choose(*candidates, least=0.0)) == [1]


def test_slots_go_where_most_is_served() -> None:
    wide = image(1, {LOTION: 0.9, SOAP: 0.9})
    narrow = image(2, {TOWEL: 0.95})
    selection = choose(narrow, wide, slots=1)
    assert ids(selection) == [1]
    assert selection.without_slot == (TOWEL,)
    assert selection.unserved == ()
    assert selection.passed_over == (PassedOver(image_id=2, code="no_slot"),)
    assert ids(choose(narrow, wide, slots=1, weights=[1, 1, 5])) == [2]
    assert ids(choose(narrow, wide, slots=2)) == [1, 2]


def test_chosen_images_come_first_and_what_they_serve_is_served() -> None:
    chosen = [image(7, {SOAP: 0.4}), image(5)]
    selection = choose(image(1, {SOAP: 1.0}), image(2, {LOTION: 0.8}), slots=3, chosen=chosen)
    assert [(pick.image_id, pick.chosen, pick.reason) for pick in selection.references] == [
        (7, True, 'chosen; serves "soap"'),
        (5, True, "chosen"),
        (2, False, 'the only one for "lotion"'),
    ]
    assert selection.passed_over == (PassedOver(image_id=1, code="served_by", lost_to=7),)


def test_chosen_images_stay_beyond_the_slots_and_then_nothing_is_proposed() -> None:
    chosen = [image(number) for number in (3, 1, 2, 1)]
    for slots in (2, 0, -1):
        selection = choose(image(9, {LOTION: 1.0}), slots=slots, chosen=chosen, fill=True)
        assert ids(selection) == [3, 1, 2]
        assert selection.without_slot == (LOTION,)
        assert selection.passed_over == (PassedOver(image_id=9, code="no_slot"),)


def test_nothing_is_proposed_where_the_chosen_serve_everything() -> None:
    chosen = [image(1, dict.fromkeys((LOTION, SOAP, TOWEL), 0.5))]
    selection = choose(image(2, {LOTION: 0.9}), image(1, {SOAP: 0.9}), chosen=chosen)
    assert ids(selection) == [1]
    assert selection.passed_over == (PassedOver(image_id=2, code="served_by", lost_to=1),)


def test_ties_go_to_relevance_then_to_the_lower_id() -> None:
    tied = [image(number, {LOTION: 0.8}, relevance=0.5) for number in (4, 3, 5)]
    assert ids(choose(*tied)) == [3]
    assert ids(choose(*tied, image(6, {LOTION: 0.8}, relevance=0.6))) == [6]
    assert ids(choose(*tied, image(1, {LOTION: 0.8}, relevance=float("nan")))) == [3]


def test_candidate_given_twice_counts_once() -> None:
    selection = choose(image(1, {LOTION: 0.5}), image(1, {LOTION: 0.9}), image(1))
    assert [pick.reason for pick in selection.references] == ['the only one for "lotion"']
    assert selection.passed_over == ()


@pytest.mark.parametrize(
    "looks",
    [
        ({"perceptual_hash": 0b1111 << 60}, {"perceptual_hash": 0b1 << 63}),
        ({"perceptual_hash": -1}, {"perceptual_hash": 2**64 - 1}),
        ({"vector": unit(1, 0.1)}, {"vector": np.array(unit(1, 0), dtype=np.float32)}),
        ({"perceptual_hash": 0, "vector": unit(1, 0)}, {"perceptual_hash": 2**64 - 1, "vector": unit(1, 0)}),
    ],
)
def test_of_look_alikes_the_better_stays(looks: tuple[dict[str, Any], dict[str, Any]]) -> None:
    better = image(2, {LOTION: 0.9, SOAP: 0.7}, **looks[0])
    worse = image(1, {LOTION: 0.7, SOAP: 0.85}, **looks[1])
    selection = choose(better, worse)
    assert ids(selection) == [2]
    assert selection.references[0].serves == (LOTION, SOAP)
    assert selection.passed_over == (PassedOver(image_id=1, code="looks_like", lost_to=2),)


@pytest.mark.parametrize(
    "looks",
    [
        ({}, {}),
        ({"perceptual_hash": 0}, {"perceptual_hash": 0xFF}),
        ({"vector": unit(1, 0)}, {"vector": unit(1, 1)}),
        ({"vector": unit(1, 0)}, {"vector": unit(1, 0, 0)}),
        ({"perceptual_hash": 5}, {"vector": unit(1, 0)}),
    ],
)
def test_images_that_look_different_both_serve(looks: tuple[dict[str, Any], dict[str, Any]]) -> None:
    better = image(2, {LOTION: 0.9, SOAP: 0.7}, **looks[0])
    assert ids(choose(better, image(1, {LOTION: 0.7, SOAP: 0.85}, **looks[1]))) == [2, 1]


def test_look_alike_of_a_chosen_image_is_told_only_where_it_serves_the_same() -> None:
    chosen = [image(9, {LOTION: 0.5}, perceptual_hash=1)]
    twin, other = (
        image(1, {LOTION: 0.9}, perceptual_hash=1),
        image(2, {LOTION: 0.9, SOAP: 0.9}, perceptual_hash=1),
    )
    selection = choose(twin, other, chosen=chosen)
    assert ids(selection) == [9, 2]
    assert selection.passed_over == (PassedOver(image_id=1, code="looks_like", lost_to=9),)


def test_diversity_takes_what_differs_among_what_serves_about_as_well() -> None:
    lotion = image(1, {LOTION: 0.9}, vector=unit(1, 0, 0))
    soaps = (
        image(2, {SOAP: 0.9}, vector=unit(1, 0.5, 0)),
        image(3, {SOAP: 0.85}, vector=unit(0, 1, 0)),
        image(4, {SOAP: 0.5}, vector=unit(0, 0, 1)),
    )
    assert ids(choose(lotion, *soaps)) == [1, 2]
    selection = choose(lotion, *soaps, diversity=0.5)
    assert ids(selection) == [1, 3]
    assert selection.references[1].reason == 'one of 3 for "soap"'
    assert ids(choose(lotion, *soaps, diversity=1.0)) == [1, 3]
    chosen = [image(8, vector=unit(0, 1, 0.1))]
    assert ids(choose(*soaps, chosen=chosen, diversity=1.0)) == [8, 2]


def test_diversity_goes_by_the_hashes_where_there_are_no_vectors() -> None:
    lotion = image(1, {LOTION: 0.9}, perceptual_hash=0)
    soaps = (image(2, {SOAP: 0.9}, perceptual_hash=0x3FF), image(3, {SOAP: 0.85}, perceptual_hash=2**32 - 1))
    assert ids(choose(lotion, *soaps)) == [1, 2]
    assert ids(choose(lotion, *soaps, diversity=0.5)) == [1, 3]


def test_slots_that_are_left_are_filled_only_when_asked_and_never_with_what_serves_nothing() -> None:
    candidates = (
        image(1, {LOTION: 0.9}, vector=unit(1, 0)),
        image(2, {LOTION: 0.8}, vector=unit(1, 0.1)),
        image(3, {LOTION: 0.7}, vector=unit(1, 1)),
        image(4, {LOTION: 0.6}, vector=unit(0, 1)),
        image(5, {SOAP: 0.1}, vector=unit(1, 2)),
    )
    assert ids(choose(*candidates)) == [1]
    filled = choose(*candidates, fill=True)
    assert ids(filled) == [1, 3, 4]
    assert filled.references[1].reason == 'also serves "lotion"'
    assert [(lost.image_id, lost.code) for lost in filled.passed_over] == [
        (2, "looks_like"),
        (5, "serves_nothing"),
    ]
    assert ids(choose(*candidates, fill=True, slots=2)) == [1, 3]
    assert ids(choose(*candidates, fill=True, slots=2, diversity=0.9)) == [1, 4]


def test_passed_over_are_the_best_of_many() -> None:
    selection = choose(*(image(number, {LOTION: 0.5 + number / 1000}) for number in range(1, 200)))
    assert ids(selection) == [199]
    assert [lost.image_id for lost in selection.passed_over] == list(range(198, 198 - MOST_PASSED_OVER, -1))


def test_selection_of_thirty_two_concepts_goes_through_json() -> None:
    concepts = [f"concept {number}" for number in range(32)]
    selection = select([image(n, {n: 0.9, (n + 1) % 32: 0.85}) for n in range(32)], concepts, slots=16)
    assert len(selection.references) == 16
    assert selection.unserved == selection.without_slot == ()
    assert msgspec.json.decode(msgspec.json.encode(selection), type=Selection) == selection


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"concepts": ["x"] * 33}, "at most 32"),
        ({"candidates": [image(1, {1: 0.5})]}, "numbered 0 to 0"),
        ({"candidates": [image(1, {-1: 0.5})]}, "numbered 0 to 0"),
        ({"chosen": [image(1, {1: 0.5})]}, "numbered 0 to 0"),
        ({"weights": []}, "one weight"),
        ({"weights": [0.0]}, "one weight"),
        ({"weights": [float("nan")]}, "one weight"),
        ({"diversity": 1.5}, "diversity is 1.5"),
        ({"margin": float("nan")}, "margin is nan"),
        ({"least": -0.1}, "least is -0.1"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(said: dict[str, Any], message: str) -> None:
    values: dict[str, Any] = {"candidates": [], "concepts": ["soap"], "slots": 3, **said}
    with pytest.raises(ValueError, match=message):
        select(values.pop("candidates"), values.pop("concepts"), **values)
