"""Which images are proposed as references for a prompt."""

from rage_pg.proposal.planners import Planned, Planner, by_catalogue, by_model
from rage_pg.proposal.propose import propose

__all__ = ["Planned", "Planner", "by_catalogue", "by_model", "propose"]
