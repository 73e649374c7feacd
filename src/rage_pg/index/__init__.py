"""Vectors and descriptions of images: making them, choosing what is searched, and auditing it."""

from __future__ import annotations

from rage_pg.index.audit import Audit, audit
from rage_pg.index.calibration import Calibration, calibrate
from rage_pg.index.captions import Described, DescribeProgress, describe
from rage_pg.index.claims import BATCH
from rage_pg.index.filling import Filled, Progress, fill, note_trouble, retry
from rage_pg.index.hashing import hash_pictures
from rage_pg.index.looks import Looks
from rage_pg.index.rebuilding import Rebuilt, drop, rebuild
from rage_pg.index.spaces import (
    activate,
    active_spaces,
    add_space,
    identity_of,
    is_in_use,
    kept_up_spaces,
    newest_space,
    retire,
    space_of,
    spaces,
    switch,
)
from rage_pg.index.word_counts import count_words

__all__ = [
    "BATCH",
    "Audit",
    "Calibration",
    "DescribeProgress",
    "Described",
    "Filled",
    "Looks",
    "Progress",
    "Rebuilt",
    "activate",
    "active_spaces",
    "add_space",
    "audit",
    "calibrate",
    "count_words",
    "describe",
    "drop",
    "fill",
    "hash_pictures",
    "identity_of",
    "is_in_use",
    "kept_up_spaces",
    "newest_space",
    "note_trouble",
    "rebuild",
    "retire",
    "retry",
    "space_of",
    "spaces",
    "switch",
]
