"""The loop behind a generation that is refined: draft, judge, look up what it lacks, make it again.

driving      what comes next after each end; carried on from the ledger, whoever was lost
judging      one call of the judge after another, each written down before it is made
answering    one call, and what came of it
retrieving   an image of the store for each thing that is lacking
drawing      the next generation, from what was found
state        where a refinement stands, and what it may still cost

Every step is a row before it is taken: a worker that comes after a lost one asks for nothing twice.
"""

from __future__ import annotations

from rage_pg.generation.refining.driving import go_on, prepare
from rage_pg.generation.refining.state import Means

__all__ = ["Means", "go_on", "prepare"]
