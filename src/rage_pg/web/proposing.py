"""Asks for references that together show what a prompt names, for the model that is chosen in the panel."""

from __future__ import annotations

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from rage_pg.api.scopes import needs
from rage_pg.catalogue import images
from rage_pg.errors import InvalidInput
from rage_pg.runtime import MOST_PROPOSED, Runtime
from rage_pg.types import Proposal, ProposalRequest
from rage_pg.web.asked import Asked, asked_of, moved
from rage_pg.web.forms import Choice, choice_of
from rage_pg.web.found import found
from rage_pg.web.offers import Offers, offers
from rage_pg.web.shaping import going_along

PageRequest = Request[Any, Any, Any]


@post("/page/propose", status_code=200, opt=needs("read"))
async def propose(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template | Redirect:
    """A proposal for the prompt, under the filter of the page; without a script, where it is to be found."""
    fields = await request.form()
    asked = asked_of(fields)
    asked = asked.proposed((await _proposal(runtime, asked, choice_of(fields))).proposal_id)
    if "hx-request" not in request.headers:
        return Redirect(asked.address, status_code=303)
    return Template("found.html", context=await found(runtime, asked), headers=moved(request, asked))


async def _proposal(runtime: Runtime, asked: Asked, choice: Choice) -> Proposal:
    """What is chosen comes first, as far as it is still there."""
    if not asked.prompt:
        raise InvalidInput("The prompt is empty: say what the picture should show.", field="prompt")
    chosen = [image.id for image in await images.get_many(runtime.database, choice.image_ids)]
    offered = offers(runtime, choice.generator)
    return await runtime.propose(
        ProposalRequest(
            prompt=asked.prompt,
            filters=asked.filters,
            slots=_slots(len(chosen), offered, await going_along(runtime, choice)),
            chosen=tuple(chosen),
        )
    )


def _slots(chosen: int, offered: Offers, along: int) -> int:
    """What the model has left beside what goes along by itself, and no more at a time than one looks through.

    What is chosen keeps its slots, also where the model takes fewer: sending it says so. Raises
    InvalidInput where there is room for none.
    """
    most = min(offered.most_references - along, chosen + MOST_PROPOSED)
    if max(chosen, most) < 1:
        beside = " beside what goes along: leave the change, or" if along else ":"
        raise InvalidInput(f"{offered.called} takes no references{beside} choose another generator.")
    return max(chosen, most)


HANDLERS = (propose,)
