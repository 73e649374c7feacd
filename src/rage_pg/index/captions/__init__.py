"""Captions by a model: which images lack one, asking for it within a budget, keeping it beside a person's.

describing   a run: calls in flight, waiting, what becomes of each image
claims       which images a run is at, so that no two describe the same
calls        the paid calls of a run, each written down before it is made
budget       what a run and a month may cost
pace         when the next call may go out, and when none may any more
context      what a model is told beside the picture
storing      a description into the store; a person's caption stays
"""

from __future__ import annotations

from rage_pg.index.captions.describing import Described, DescribeProgress, describe

__all__ = ["DescribeProgress", "Described", "describe"]
