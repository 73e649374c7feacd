"""Which images are proposed as references for a prompt."""

from rage_pg.proposal.answer import note_on, role_of
from rage_pg.proposal.planners import Planned, Planner, by_catalogue, by_model, without
from rage_pg.proposal.propose import propose
from rage_pg.proposal.recall import Recalled, has_offered, recall

__all__ = [
    "Planned",
    "Planner",
    "Recalled",
    "by_catalogue",
    "by_model",
    "has_offered",
    "note_on",
    "propose",
    "recall",
    "role_of",
    "without",
]
