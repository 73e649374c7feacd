"""How well the search finds what it should: questions whose answers are known, and the usual metrics.

A question names what is relevant by sku, external id or path. A flat list names things of which each counts;
a list of lists names things that can each be shown in several ways. Either way the question has *things to
serve*, and a thing is served within the first k when one of its images is among them.

    recall_at    share of a question's things served within the first k, averaged over the questions
    mrr          1 / rank of the first image that serves anything, averaged; 0 beyond the first DEPTH
    coverage_at  of the questions made of lists, with no more lists than k: the share with all of them served
                 within the first k of what a person is shown: the proposed references, then the search's rest
    set_precision  of the references proposed for questions made of lists: the share that serves a thing
    empty_when_nothing  of the questions whose list is empty, which name nothing that is to be found: the
                 share for which nothing was proposed
    took_ms      time of one search, the embedding of a new prompt included
    proposal_took_ms  time of one proposal

An id that is not in the store counts as a thing that is never served. recall_at and mrr leave out the
questions that name nothing.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import TypeAlias

import msgspec
from msgspec import Struct, field

from rage_pg.database import Database, fetch_all
from rage_pg.errors import InvalidInput, NotFound
from rage_pg.faults import invalid
from rage_pg.resources import statements
from rage_pg.types import Filters, Prompt, Proposal, ProposalRequest, SearchAnswer, SearchRequest

SQL = statements("evaluation")

DEPTH = 20
"""How many images each search asks for: as many as a search does that is not told."""
RECALL_AT = (1, 5, 10)
COVERAGE_AT = (2, 3, 4)
FIRST_FEW = 5

Search: TypeAlias = Callable[[SearchRequest], Awaitable[SearchAnswer]]
Propose: TypeAlias = Callable[[ProposalRequest], Awaitable[Proposal]]
Thing: TypeAlias = frozenset[int]
"""The images that serve it."""


class Question(Struct, frozen=True, kw_only=True):
    """One line of the file. `things` has the ids of each thing to serve, `others` the members left unread."""

    line: int
    query: str
    things: list[list[str]]
    grouped: bool
    filters: Filters
    others: tuple[str, ...] = ()


class Milliseconds(Struct, frozen=True, kw_only=True):
    p50: float
    p95: float


class Evaluation(Struct, frozen=True, kw_only=True):
    """The metrics; null where no question tells. `missing`: the ids that are not in the store."""

    queries: int
    recall_at: dict[str, float]
    mrr: float
    coverage_at: dict[str, float | None]
    set_precision: float | None
    took_ms: Milliseconds
    empty_when_nothing: float | None = None
    proposal_took_ms: Milliseconds | None = None
    missing: tuple[str, ...] = ()


class _Line(Struct, frozen=True, kw_only=True):
    query: Prompt
    relevant: list[str | list[str]]
    filters: Filters = field(default_factory=Filters)


class _Resolved(Struct, frozen=True):
    id: str
    image_ids: frozenset[int]


class _Result(Struct, frozen=True, kw_only=True):
    """Of one question: the rank at which each thing is first served, None where it is not.

    `ranks`: by the search. `shown_ranks`: in what a person is shown, where references were proposed.
    `proposed`, `right`: how many those are, and how many of them serve a thing.
    """

    ranks: list[int | None]
    shown_ranks: list[int | None]
    grouped: bool
    took_ms: float
    proposed: int | None = None
    right: int = 0
    proposal_took_ms: float = 0.0


def read_questions(file: Path) -> list[Question]:
    """The questions of a JSON Lines file. Raises InvalidInput, naming the line."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 (byte {error.start:,}).") from error
    # Not splitlines(): JSON texts may hold U+2028 and its like.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        raise InvalidInput(f"{file} has no questions.")
    return [_question(file, number, line) for number, line in lines]


async def evaluate(
    database: Database,
    search: Search,
    questions: Sequence[Question],
    *,
    propose: Propose | None = None,
    allow_missing: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Ask every question and measure the answers.

    References are proposed for the questions that tell what would be right: those of lists and empty ones.
    Raises NotFound where an id is not in the store, unless `allow_missing`. `progress` is called with the
    questions done and those in all.
    """
    images = await resolve(
        database, {one for question in questions for ids in question.things for one in ids}
    )
    missing = sorted(one for one, found in images.items() if not found)
    if missing and not allow_missing:
        raise NotFound(_missing(missing))
    results = []
    for done, question in enumerate(questions, start=1):
        results.append(await _ask(search, propose, question, images))
        if progress is not None:
            progress(done, len(questions))
    return _measured(results, missing)


async def resolve(database: Database, ids: Iterable[str]) -> dict[str, Thing]:
    """The images that each id stands for, in one round trip; none where it is not known."""
    async with database.transaction() as connection:
        rows = await fetch_all(connection, SQL["resolve_ids"], {"ids": sorted(ids)}, _Resolved)
    return {row.id: row.image_ids for row in rows}


def _question(file: Path, number: int, text: str) -> Question:
    place = f"{file}, line {number}"
    try:
        members = msgspec.json.decode(text.encode())
        line = msgspec.convert(members, _Line)
    except msgspec.DecodeError as error:
        raise invalid(error, f"{place}: ") from error
    except RecursionError as error:
        raise InvalidInput(f"{place}: it is nested too deeply.") from error
    grouped = any(isinstance(one, list) for one in line.relevant)
    things = [[one] if isinstance(one, str) else one for one in line.relevant]
    if not line.query.strip() or not all(things):
        raise InvalidInput(f"{place}: query is empty, or a list in relevant.")
    if grouped and not all(isinstance(one, list) for one in line.relevant):
        raise InvalidInput(f"{place}: relevant is a list of ids or a list of lists, not both.")
    if any("\0" in one for one in (line.query, *chain(*things))):
        raise InvalidInput(f"{place}: it holds a NUL character.")
    others = tuple(sorted(members.keys() - {"query", "relevant", "filters"}))
    return Question(
        line=number, query=line.query, things=things, grouped=grouped, filters=line.filters, others=others
    )


async def _ask(
    search: Search, propose: Propose | None, question: Question, images: Mapping[str, Thing]
) -> _Result:
    request = SearchRequest(prompt=question.query, filters=question.filters, k=DEPTH)
    try:
        answer = await search(request)
        proposal = await _proposal(propose, question)
    except InvalidInput as error:
        raise InvalidInput(f"Line {question.line}: {error}") from error
    things = [frozenset[int]().union(*(images[one] for one in ids)) for ids in question.things]
    found = [candidate.image.id for candidate in answer.items]
    proposed = [one.image.id for one in proposal.references] if proposal else []
    return _Result(
        ranks=_ranks(things, found),
        shown_ranks=_ranks(things, [*proposed, *(image for image in found if image not in proposed)]),
        grouped=question.grouped,
        took_ms=answer.took_ms,
        proposed=len(proposed) if proposal else None,
        right=sum(any(image in thing for thing in things) for image in proposed),
        proposal_took_ms=proposal.took_ms if proposal else 0.0,
    )


async def _proposal(propose: Propose | None, question: Question) -> Proposal | None:
    """Of a flat list nobody can tell whether it is all that a reference may show."""
    if propose is None or (question.things and not question.grouped):
        return None
    return await propose(ProposalRequest(prompt=question.query, filters=question.filters))


def _ranks(things: Sequence[Thing], shown: Sequence[int]) -> list[int | None]:
    place = {image: rank for rank, image in enumerate(shown, start=1)}
    return [min((place[image] for image in thing if image in place), default=None) for thing in things]


def _measured(results: Sequence[_Result], missing: Sequence[str]) -> Evaluation:
    naming = [one for one in results if one.ranks]
    proposed = [one for one in results if one.proposed is not None]
    return Evaluation(
        queries=len(results),
        recall_at={str(k): _mean([_recall(one.ranks, k) for one in naming]) or 0.0 for k in RECALL_AT},
        mrr=_mean([_reciprocal(one) for one in naming]) or 0.0,
        coverage_at={str(k): _coverage(results, k) for k in COVERAGE_AT},
        set_precision=_set_precision([one for one in proposed if one.ranks]),
        took_ms=_milliseconds([result.took_ms for result in results]),
        empty_when_nothing=_mean([float(not one.proposed) for one in proposed if not one.ranks]),
        proposal_took_ms=_milliseconds([one.proposal_took_ms for one in proposed]) if proposed else None,
        missing=tuple(missing),
    )


def _milliseconds(took: Sequence[float]) -> Milliseconds:
    return Milliseconds(p50=percentile(took, 50), p95=percentile(took, 95))


def _mean(values: Sequence[float]) -> float | None:
    return _rounded(fmean(values)) if values else None


def _set_precision(results: Sequence[_Result]) -> float | None:
    proposed = sum(one.proposed or 0 for one in results)
    return _rounded(sum(one.right for one in results) / proposed) if proposed else None


def _recall(ranks: Sequence[int | None], k: int) -> float:
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def _reciprocal(result: _Result) -> float:
    served = [rank for rank in result.ranks if rank is not None]
    return 1 / min(served) if served else 0.0


def _coverage(results: Sequence[_Result], k: int) -> float | None:
    asked = [one.shown_ranks for one in results if one.grouped and len(one.ranks) <= k]
    return _mean([float(_recall(ranks, k) == 1) for ranks in asked])


def percentile(values: Sequence[float], percent: int) -> float:
    """By nearest rank: a value that was measured."""
    ordered = sorted(values)
    return round(ordered[math.ceil(len(ordered) * percent / 100) - 1], 2)


def _rounded(value: float) -> float:
    return round(value, 4)


def _missing(ids: Sequence[str]) -> str:
    few = ", ".join(ids[:FIRST_FEW])
    more = f" and {len(ids) - FIRST_FEW:,} more" if len(ids) > FIRST_FEW else ""
    return (
        f"{len(ids):,} of the ids are not in the store: {few}{more}. "
        "Import their images, or give --allow-missing to count them as not found."
    )
