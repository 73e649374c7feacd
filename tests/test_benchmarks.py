"""The filters under which searches are compared mean the same to all that are asked."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import psycopg
import pytest
from pgvector.psycopg import register_vector

from benchmarks import clustered_store, ours
from benchmarks.clustered_store import Clustered
from benchmarks.peers import asking
from benchmarks.planner import Planner
from benchmarks.shapes import Shape, shapes_of
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.embedded import app_url
from rage_pg.search import look
from rage_pg.types import SearchRequest
from tests.conftest import clone
from tests.store import by

ALL = 200
"""No filter lets more than this pass: whoever is asked for so many gives them all."""

SHAPES = (
    "no filter", "one brand of ten", "tags, 10 %", "tags, 1 %", "tags, 0.1 %", "tags, two of 10 %",
    "tags, 10 %, far from the query", "among 50 ids",
)  # fmt: skip


@pytest.fixture(scope="module")
def store() -> Clustered:
    return clustered_store.made(ALL, 1)


@pytest.fixture(scope="module")
def store_url(server_18: str, template: str, store: Clustered) -> str:
    url = clone(server_18, template)
    clustered_store.fill(url, store)
    ours.store_prompts(url, store)
    return url


@pytest.fixture(scope="module")
def connection(store_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(store_url, autocommit=True) as opened:
        opened.execute("SET search_path = rage")
        register_vector(opened)
        yield opened


@pytest.fixture(scope="module")
def planner(connection: psycopg.Connection, store: Clustered) -> Planner:
    made = Planner(connection, store, ALL)
    made.fill()
    return made


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest, store: Clustered) -> Shape:
    return next(shape for shape in shapes_of(store, among=50) if shape.name == request.param)


def passing(shape: Shape) -> set[int]:
    return {int(place) + 1 for place in np.flatnonzero(shape.passing)}


def test_a_filter_in_sql_lets_the_same_images_pass(connection: psycopg.Connection, shape: Shape) -> None:
    assert set(ours.Sql(connection, ALL).ask(shape, 0)) == passing(shape)


def test_a_filter_of_the_planner_lets_the_same_images_pass(planner: Planner, shape: Shape) -> None:
    # An index scan of the planner's own choice may come short; it never gives what it should not.
    assert set(planner.ask(shape, 0)) <= passing(shape)


async def test_a_request_over_http_lets_the_same_images_pass(store_url: str, shape: Shape) -> None:
    body = msgspec.json.encode(ours.request_of(shape, ours.prompt_of(0), ALL))
    request = msgspec.json.decode(body, type=SearchRequest)
    async with Database(app_url(store_url), caller=SYSTEM) as database:
        found = await look(database, by(), request)
    assert {candidate.image.id for candidate in found} == passing(shape)


def test_the_best_setting_is_the_quickest_that_finds_enough(store: Clustered) -> None:
    shape = shapes_of(store, among=50)[0]
    answers = [
        {"setting": "sloppy", "shape": shape.name, "found": [[1, 9]], "times": [1.0]},
        {"setting": "right", "shape": shape.name, "found": [[2, 1]], "times": [2.0]},
        {"setting": "slow", "shape": shape.name, "found": [[1, 2]], "times": [3.0]},
    ]
    assert asking.best_of(answers, shape, [[1, 2]]).setting == "right"
    assert asking.best_of(answers[:1], shape, [[1, 2]]).setting == "sloppy"
