"""Two spaces side by side: the same searches, as they are now and as they would be after a switch.

Each space is searched within a transaction that switches to it and is rolled back: it is the real search, on
the real store, and nobody else sees the switch.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from statistics import fmean
from typing import TypeAlias

from msgspec import Struct

from rage_pg import evaluation, index, search
from rage_pg.database import Database, fetch_all
from rage_pg.errors import Conflict, InvalidInput, NotFound, SetupError
from rage_pg.evaluation import Evaluation, Milliseconds, Question, percentile
from rage_pg.providers.ports import EncoderIdentity, PromptEncoder
from rage_pg.resources import statements
from rage_pg.runtime import Runtime
from rage_pg.types import Filters, SearchAnswer, SearchRequest, Space

SQL = statements("evaluation")

MOST_PROMPTS = 100
"""Stored prompts that are compared, the last ones."""

Progress: TypeAlias = Callable[[int, int], None]


class Compared(Struct, frozen=True, kw_only=True):
    """One of the spaces. `took_ms`: a search by its vectors alone; `evaluation`: of the questions, if any."""

    name: str
    embedded: int
    missing: int
    took_ms: Milliseconds
    evaluation: Evaluation | None = None


class Comparison(Struct, frozen=True, kw_only=True):
    """`overlap`: the share of the best `k` by vectors alone that both spaces find, averaged over the prompts.

    `same_first`: the share of prompts with the same best image.
    """

    leg: str
    prompts: int
    k: int
    overlap: float
    same_first: float
    spaces: tuple[Compared, Compared]


class _Prompt(Struct, frozen=True):
    prompt: str


class _GivenUp(Exception):
    pass


async def compare(
    runtime: Runtime,
    names: tuple[str, str],
    questions: Sequence[Question] = (),
    *,
    k: int = 10,
    progress: Progress | None = None,
) -> Comparison:
    """Ask two spaces that embed the same thing: the questions, or what was searched for last.

    Raises NotFound, Conflict for spaces that cannot be compared, InvalidInput where there is nothing to ask,
    SetupError and ProviderError where a prompt cannot be embedded.
    """
    one, other = await _both(runtime.database, names)
    asked = list(questions) or await _stored(runtime.database)
    prompts = [question.query.strip() for question in asked]
    for space in (one, other):
        await _embed(runtime, space, prompts)
    steps = _Steps(progress, 2 * len(prompts) * (2 if questions else 1))
    found = [await _searched(runtime.database, space, asked, steps, k=k) for space in (one, other)]
    return _compared(one.encodes, k, found)


class _Steps:
    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


class _Found(Struct, frozen=True, kw_only=True):
    """What a space found for each prompt, best first."""

    compared: Compared
    best: list[list[int]]


async def _both(database: Database, names: tuple[str, str]) -> tuple[Space, Space]:
    spaces = {space.name: space for space in await index.spaces(database)}
    for name in names:
        if name not in spaces:
            raise NotFound(f"There is no space {name!r}; there are {', '.join(spaces)}.")
    one, other = (spaces[name] for name in names)
    if one.encodes != other.encodes:
        raise Conflict(
            f"{one.name} embeds the {one.encodes}, {other.name} the {other.encodes}: no leg searches both."
        )
    for space in (one, other):
        if not space.embedded:
            raise Conflict(
                f"The space {space.name} has no vectors yet: run `rage index fill --space {space.name}`."
            )
    return one, other


async def _stored(database: Database) -> list[Question]:
    async with database.reading() as connection:
        rows = await fetch_all(connection, SQL["stored_prompts"], {"most": MOST_PROMPTS}, _Prompt)
    if not rows:
        raise InvalidInput(
            "Nothing was searched for yet: give questions with --queries FILE.", field="queries"
        )
    return [
        Question(line=line, query=row.prompt, things=[], grouped=False, filters=Filters())
        for line, row in enumerate(rows, start=1)
    ]


async def _embed(runtime: Runtime, space: Space, prompts: Sequence[str]) -> None:
    """Outside of the transactions that are given up: what was paid for stays."""
    encoder = await runtime.encoders.encoder(index.identity_of(space))
    if not isinstance(encoder, PromptEncoder):
        raise SetupError(f"The encoder of {space.name} embeds no prompts.")
    for prompt in dict.fromkeys(prompts):
        await search.embed_in(runtime.database, space, encoder, prompt)


async def _searched(
    database: Database, space: Space, asked: Sequence[Question], steps: _Steps, *, k: int
) -> _Found:
    async with _as_if_active(database, space) as trial:
        took: list[float] = []
        best: list[list[int]] = []
        for question in asked:
            request = SearchRequest(
                prompt=question.query, filters=question.filters, k=k, legs={space.encodes: 1.0}
            )
            started = time.perf_counter()
            best.append([found.image.id for found in await search.look(trial, _nobody, request)])
            took.append((time.perf_counter() - started) * 1000)
            steps.step()
        result = await _evaluated(trial, asked, steps) if asked[0].things else None
    compared = Compared(
        name=space.name,
        embedded=space.embedded,
        missing=space.missing,
        took_ms=Milliseconds(p50=percentile(took, 50), p95=percentile(took, 95)),
        evaluation=result,
    )
    return _Found(compared=compared, best=best)


@asynccontextmanager
async def _as_if_active(database: Database, space: Space) -> AsyncIterator[Database]:
    try:
        async with database.transaction() as connection:
            trial = database.within(connection)
            await index.switch(connection, space)
            yield trial
            raise _GivenUp
    except _GivenUp:
        return


async def _evaluated(trial: Database, asked: Sequence[Question], steps: _Steps) -> Evaluation:
    async def ask(request: SearchRequest) -> SearchAnswer:
        return await search.search(trial, _nobody, request)

    return await evaluation.evaluate(
        trial, ask, asked, allow_missing=True, progress=lambda done, total: steps.step()
    )


async def _nobody(_: EncoderIdentity) -> None:
    """Every prompt is embedded already."""


def _compared(leg: str, k: int, found: Sequence[_Found]) -> Comparison:
    one, other = found
    pairs = list(zip(one.best, other.best, strict=True))
    shares = [len(set(a) & set(b)) / max(len(a), len(b), 1) for a, b in pairs]
    return Comparison(
        leg=leg,
        prompts=len(pairs),
        k=k,
        overlap=round(fmean(shares), 4),
        same_first=round(fmean(a[:1] == b[:1] for a, b in pairs), 4),
        spaces=(one.compared, other.compared),
    )
