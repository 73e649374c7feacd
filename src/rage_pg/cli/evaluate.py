"""`rage evaluate`: how well the search finds what it should."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from rage_pg.cli.options import json_option
from rage_pg.cli.output import bars, note, show, show_json, show_table
from rage_pg.cli.session import with_runtime

if TYPE_CHECKING:
    from rage_pg.evaluation import Evaluation, Question
    from rage_pg.runtime import Runtime


@click.command("evaluate")
@click.argument(
    "queries", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="QUERIES.jsonl"
)
@click.option("--allow-missing", is_flag=True, help="Count ids that are not in the store as not found.")
@json_option
def evaluate(queries: Path, allow_missing: bool, as_json: bool) -> None:
    """Measure searches and proposals with questions whose answers are known.

    One JSON object a line: {"query": "lotion", "relevant": ["LUM-LOT-LAV"], "filters": {…}}. An id is an
    sku, an external id or a path. A list of lists names several things, each served by any of its images;
    references are proposed for those, too. An empty list: the query names nothing that is to be found.

    \b
    recall@k    share of a question's things served within the first k
    MRR         1 / rank of the first relevant image, within the first 20
    coverage@k  share of the questions of up to k lists with every list served by the first k shown:
                the proposed references, then the rest of the search
    precision   share of the proposed references that serve a list
    empty       share of the questions that name nothing with nothing proposed
    """
    from rage_pg.evaluation import read_questions

    questions = read_questions(queries)
    if others := sorted({name for question in questions for name in question.others}):
        note(f"Not read: {', '.join(others)}. A question has query, relevant and filters.")
    result = with_runtime(lambda runtime: _evaluate(runtime, questions, allow_missing))
    if as_json:
        show_json(result)
        return
    _show(result)


async def _evaluate(runtime: Runtime, questions: Sequence[Question], allow_missing: bool) -> Evaluation:
    from msgspec.structs import replace

    from rage_pg import evaluation, index
    from rage_pg.callers import SYSTEM
    from rage_pg.providers.ports import PaidEncoder
    from rage_pg.search import search
    from rage_pg.types import ProposalRequest, SearchAnswer, SearchRequest

    database = runtime.database.acting_for(replace(SYSTEM, name="evaluate"))
    encoders = runtime.encoders.prompt_encoder
    for space in await index.active_spaces(database):
        encoder = await encoders(index.identity_of(space))
        if encoder is not None and not isinstance(encoder, PaidEncoder):
            # Loading a model is no part of a search.
            await encoder.encode_prompts(["warm up"])

    async def ask(request: SearchRequest) -> SearchAnswer:
        return await search(database, encoders, request)

    proposing = runtime.acting_for(database.caller)
    # The planner's word lists are loaded, too.
    await proposing.suggest(ProposalRequest(prompt="warm up"))
    with bars() as shown:
        return await evaluation.evaluate(
            runtime.database,
            ask,
            questions,
            propose=proposing.propose,
            allow_missing=allow_missing,
            progress=lambda done, total: shown.move("Asking", to=done, total=total),
        )


def _show(result: Evaluation) -> None:
    show(f"{result.queries:,} questions", bold=True)
    rows = [(f"recall@{k}", f"{value:.3f}") for k, value in result.recall_at.items()]
    rows.append(("MRR", f"{result.mrr:.3f}"))
    rows += [
        (f"coverage@{k}", f"{value:.3f}") for k, value in result.coverage_at.items() if value is not None
    ]
    shares = (("precision", result.set_precision), ("empty", result.empty_when_nothing))
    rows += [(name, f"{value:.3f}") for name, value in shares if value is not None]
    rows += [("p50", f"{result.took_ms.p50:.1f} ms"), ("p95", f"{result.took_ms.p95:.1f} ms")]
    if (took := result.proposal_took_ms) is not None:
        rows += [("p50 of proposals", f"{took.p50:.1f} ms"), ("p95 of proposals", f"{took.p95:.1f} ms")]
    show_table(("metric", "value"), rows)
    if result.missing:
        note(f"{len(result.missing):,} ids are not in the store and count as not found.")


COMMANDS = (evaluate,)
