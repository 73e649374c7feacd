"""Vectors and descriptions of images: making them, choosing what is searched, and auditing it."""

from __future__ import annotations

from rage_pg.index.audit import Audit, audit
from rage_pg.index.calibration import Calibration, calibrate
from rage_pg.index.captioning import Described, DescribeProgress, describe
from rage_pg.index.filling import BATCH, TRIES, Encoder, Filled, Progress, fill
from rage_pg.index.rebuilding import Rebuilt, drop, rebuild
from rage_pg.index.spaces import activate, active_spaces, is_empty, space_of, spaces
from rage_pg.index.word_counts import count_words

__all__ = [
    "BATCH",
    "TRIES",
    "Audit",
    "Calibration",
    "DescribeProgress",
    "Described",
    "Encoder",
    "Filled",
    "Progress",
    "Rebuilt",
    "activate",
    "active_spaces",
    "audit",
    "calibrate",
    "count_words",
    "describe",
    "drop",
    "fill",
    "is_empty",
    "rebuild",
    "space_of",
    "spaces",
]
