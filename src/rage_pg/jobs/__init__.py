"""The work queue: procrastinate's tables in the schema `rage`, four tasks, and the worker that runs them.

    generate        carries a generation of the ledger out
    accept_batch    begins items of a batch, as many as may be under way
    embed_prompt    embeds a prompt, so that SQL alone can search by it
    fill_index      embeds whatever is missing; at most one waits, and each worker runs some at a time

What the tasks do is handed in as `Work`. A job whose worker was lost runs again: each task is made for that.
"""

from __future__ import annotations

from rage_pg.jobs.alone import Claim, TakenOver, alone
from rage_pg.jobs.hold import Hold, holding
from rage_pg.jobs.imagining import searched
from rage_pg.jobs.queue import defer_batch, defer_fill_index, defer_generation
from rage_pg.jobs.work import OutputImages, Work, batch_work, generation_work, means_of, rules_of
from rage_pg.jobs.worker import run_worker

__all__ = [
    "Claim",
    "Hold",
    "OutputImages",
    "TakenOver",
    "Work",
    "alone",
    "batch_work",
    "defer_batch",
    "defer_fill_index",
    "defer_generation",
    "generation_work",
    "holding",
    "means_of",
    "rules_of",
    "run_worker",
    "searched",
]
