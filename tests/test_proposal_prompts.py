"""The prompts that measure proposals: well-formed, each once, and every picture they name is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "benchmarks" / "data"

NAMED = {
    "propose_words": (2, 3),
    "propose_nothing": (0, 0),
    "propose_de_fr": (2, 2),
    "propose_one": (1, 1),
    "propose_openclipart": (0, 3),
}
"""How many things of the store a prompt of the file names: at least, at most."""

AT_LEAST = {
    "propose_words": 170,
    "propose_nothing": 80,
    "propose_de_fr": 120,
    "propose_one": 60,
    "propose_openclipart": 90,
}

STAMPS = sorted(NAMED.keys() - {"propose_openclipart"})


def prompts(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def relevant(prompt: dict[str, object]) -> list[list[str]]:
    things = prompt["relevant"]
    assert isinstance(things, list)
    return things


def ids(name: str) -> set[str]:
    return {picture for prompt in prompts(name) for thing in relevant(prompt) for picture in thing}


@pytest.mark.parametrize("name", NAMED)
def test_every_line_is_a_prompt_with_what_it_names(name: str) -> None:
    least, most = NAMED[name]
    for prompt in prompts(name):
        assert list(prompt) == ["query", "relevant", "kind"]
        query, kind = prompt["query"], prompt["kind"]
        assert isinstance(query, str)
        assert query == " ".join(query.split())
        assert 4 <= len(query.split()) <= 60
        assert isinstance(kind, str)
        assert kind
        assert least <= len(relevant(prompt)) <= most, query
        for thing in relevant(prompt):
            assert thing, query
            assert all(isinstance(picture, str) for picture in thing)
            assert len(set(thing)) == len(thing), query


@pytest.mark.parametrize("name", NAMED)
def test_there_are_enough(name: str) -> None:
    assert len(prompts(name)) >= AT_LEAST[name]


def test_half_of_the_foreign_ones_are_german_and_half_french() -> None:
    kinds = [prompt["kind"] for prompt in prompts("propose_de_fr")]
    assert set(kinds) == {"german", "french"}
    assert kinds.count("german") == kinds.count("french")


def test_a_third_of_the_second_catalogue_names_nothing() -> None:
    named = [len(relevant(prompt)) for prompt in prompts("propose_openclipart")]
    assert named.count(0) >= 30
    assert named.count(2) + named.count(3) >= 60
    assert 1 not in named


def test_no_query_stands_there_twice() -> None:
    queries = [str(prompt["query"]).casefold() for name in NAMED for prompt in prompts(name)]
    assert len(set(queries)) == len(queries)


@pytest.mark.parametrize("name", NAMED)
def test_a_kind_stands_in_both_halves(name: str) -> None:
    """Odd lines are for development, even ones for the final measure."""
    kinds = [str(prompt["kind"]) for prompt in prompts(name)]
    odd, even = kinds[::2], kinds[1::2]
    assert all(abs(odd.count(kind) - even.count(kind)) <= 1 for kind in set(kinds))


@pytest.mark.parametrize("name", STAMPS)
def test_every_stamp_is_of_the_catalogue(name: str) -> None:
    stamps = (DATA / "stamps_ids.txt").read_text(encoding="utf-8").splitlines()
    assert stamps == sorted(set(stamps))
    assert ids(name) <= set(stamps)
