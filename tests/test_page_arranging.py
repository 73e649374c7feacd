"""How a person arranges what is proposed: which image shows which thing, in which order, with which note."""

from __future__ import annotations

from uuid import UUID

import pytest

from rage_pg.errors import InvalidInput
from rage_pg.types import Concept, Proposal, ProposedReference
from rage_pg.web.arranging import Arranged, arranged, earlier_notes, reason_for
from rage_pg.web.asked import Asked
from rage_pg.web.proposed import pieces
from tests.proposing import image_of

ID = UUID(int=1)


def proposal(*concepts: Concept, chosen: tuple[int, ...] = ()) -> Proposal:
    """References in the order in which the concepts name them; those that are chosen first."""
    served = [image_id for concept in concepts for image_id in concept.served_by]
    references = [
        ProposedReference(
            image=image_of(image_id),
            role="product",
            serves=tuple(one.text for one in concepts if image_id in one.served_by),
            reason=f"reason {image_id}",
            chosen=image_id in chosen,
        )
        for image_id in dict.fromkeys((*chosen, *served))
    ]
    return Proposal(
        proposal_id=ID,
        concepts=concepts,
        references=tuple(references),
        unserved=(),
        planner="catalogue",
        slots=8,
        strategy="exact",
        took_ms=1.0,
    )


def concept(text: str, *served_by: int, others: tuple[int, ...] = ()) -> Concept:
    return Concept(text=text, served_by=served_by, alternatives=others)


LOTION = concept("lotion", 1, others=(2, 3))
SOAP = concept("soap", 1, others=(3,))
SHELF = concept("shelf", 4, others=(5,))


def taken(order: Arranged) -> list[tuple[int, tuple[int, ...]]]:
    return [(one.image_id, one.concepts) for one in order.taken]


def test_nothing_swapped_is_what_was_proposed() -> None:
    order = arranged(proposal(LOTION, SOAP, SHELF), [])
    assert taken(order) == [(1, (0, 1)), (4, (2,))]
    assert order.displaced == ()


def test_another_image_stands_after_the_one_whose_thing_it_shows() -> None:
    order = arranged(proposal(LOTION, SOAP, SHELF), [(0, 2)])
    assert taken(order) == [(1, (1,)), (2, (0,)), (4, (2,))]
    assert order.displaced == ()


def test_what_shows_nothing_any_more_gives_up_its_place() -> None:
    order = arranged(proposal(LOTION, SOAP, SHELF), [(0, 3), (1, 3)])
    assert taken(order) == [(3, (0, 1)), (4, (2,))]
    assert order.displaced == (1,)


def test_later_swaps_count_and_earlier_ones_are_displaced() -> None:
    order = arranged(proposal(LOTION, SHELF), [(0, 2), (0, 3), (1, 5)])
    assert taken(order) == [(3, (0,)), (5, (1,))]
    assert order.displaced == (1, 4, 2)
    assert taken(arranged(proposal(LOTION, SHELF), [(0, 2), (0, 1)])) == [(1, (0,)), (4, (1,))]


def test_what_a_person_had_chosen_stays_in_front_and_is_never_displaced() -> None:
    order = arranged(proposal(LOTION, SHELF, chosen=(4, 9)), [(1, 5), (0, 2)])
    assert taken(order) == [(4, ()), (9, ()), (5, (1,)), (2, (0,))]
    assert order.displaced == (1,)


def test_a_thing_that_had_no_slot_can_be_shown_all_the_same() -> None:
    order = arranged(proposal(LOTION, concept("tent", others=(7,))), [(1, 7)])
    assert taken(order) == [(1, (0,)), (7, (1,))]


@pytest.mark.parametrize("swap", [(0, 4), (7, 1), (0, 10**17)])
def test_what_was_no_alternative_is_refused(swap: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match="was no alternative"):
        arranged(proposal(LOTION, SHELF), [swap])


def test_reasons_say_what_holds_now() -> None:
    given = proposal(LOTION, SOAP, SHELF)
    said = [reason_for(one, given) for one in arranged(given, [(0, 2)]).taken]
    assert said == ['serves "soap"', 'your choice for "lotion"', "reason 4"]


def test_notes_of_earlier_arrangements_are_known() -> None:
    given = proposal(LOTION, SOAP)
    assert earlier_notes(given, []) == {}
    assert earlier_notes(given, [(0, 2), (1, 3)]) == {
        1: ["use only lotion, soap of this image", "use only soap of this image"],
        2: ["use only lotion of this image"],
    }


def test_prompt_is_cut_where_things_are_named() -> None:
    prompt = "a soap and a soap dish"
    concepts = [
        Concept(text="soap dish", start=13, end=22),
        Concept(text="soap", start=2, end=6),
        Concept(text="dish", start=18, end=22),
        Concept(text="beyond", start=20, end=99),
        Concept(text="unplaced"),
    ]
    cut = pieces(prompt, concepts, ["open", "shown", "shown", "shown", "lacking"])
    assert [(one.text, one.standing) for one in cut] == [
        ("a ", None),
        ("soap", "shown"),
        (" and a ", None),
        ("soap dish", "open"),
    ]
    assert "".join(one.text for one in pieces("", [], [])) == ""


def test_address_of_a_proposal_is_short_enough_and_keeps_its_filter() -> None:
    asked = Asked(prompt="soap", brand=("lumen",)).proposed(ID).swapped(0, 2).swapped(1, 3).swapped(0, 2)
    assert asked.address == f"/?prompt=soap&proposal={ID}&swap=1.3&swap=0.2&brand=lumen"
    long = Asked(prompt="soap " * 1000, brand=("lumen",)).proposed(ID)
    assert long.address == f"/?proposal={ID}&brand=lumen"
    assert asked.searched().address == "/?prompt=soap&brand=lumen"
    assert asked.toggled("brand", "lumen").anew
    assert asked.toggled("brand", "lumen").address == "/?prompt=soap"
    assert not asked.more_like(1, "style").toggled("brand", "lumen").anew
    assert asked.more_like(1, "style").back() == asked
