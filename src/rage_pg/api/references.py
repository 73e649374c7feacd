"""References proposed for a prompt, over HTTP."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from rage_pg.api.problems import problems
from rage_pg.api.scopes import needs
from rage_pg.runtime import Runtime
from rage_pg.types import Proposal, ProposalRequest


@post(
    "/references/propose",
    tags=["search"],
    summary="Propose references for a prompt",
    status_code=200,
    opt=needs("read"),
    responses=problems(404),
)
async def propose(runtime: NamedDependency[Runtime], data: JSONBody[ProposalRequest]) -> Proposal:
    """The few images that together show what the prompt names, as far as the store has it.

    The prompt is split into concepts; each is served by the image that shows it best, and an image that
    shows two of them well takes one slot. What is `chosen` comes first and stays. `unserved`: concepts that
    nothing in the store shows; a prompt that names nothing here gets no references. Hand `references` on to
    a generation with their `role` and `note`, and the `proposal_id`.
    """
    return await runtime.propose(data)


HANDLERS = (propose,)
