"""What is done with the references in the panel: one is chosen or given up, those proposed are taken over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.response import Template

from rage_pg.api.scopes import needs
from rage_pg.catalogue import images
from rage_pg.errors import InvalidInput
from rage_pg.generation import MAX_REFERENCES, ROLES
from rage_pg.runtime import Runtime
from rage_pg.types import Image, ReferenceRequest
from rage_pg.web.fields import Fields, texts_of
from rage_pg.web.forms import Choice, choice_of, image_id_of, proposed_of
from rage_pg.web.offers import Offers, offers
from rage_pg.web.shaping import begun, going_along, panel

PageRequest = Request[Any, Any, Any]


@post("/page/choice", status_code=200, opt=needs("read"))
async def choose(request: PageRequest, runtime: NamedDependency[Runtime]) -> Template:
    """The panel after an image was chosen or given up, what is proposed was taken over, a change was begun or
    left, or a generator chosen."""
    fields = await request.form()
    choice = choice_of(fields)
    begins = bool(fields.get("begin"))
    left_out: list[str] = []
    if begins and choice.parent:
        choice = await begun(runtime, choice, choice.parent)
    elif fields.get("image_id"):
        choice = await _toggled(runtime, choice, image_id_of(fields.get("image_id")), proposed_of(fields))
    elif proposed := proposed_of(fields):
        choice, left_out = await _taken_over(runtime, choice, proposed, fields)
    context = await panel(runtime, choice, begun=begins)
    return Template("choice.html", context={**context, "left_out": left_out})


async def _toggled(
    runtime: Runtime, choice: Choice, image_id: int, proposed: Sequence[ReferenceRequest]
) -> Choice:
    """An image that is proposed comes with its role and note."""
    image = await images.get(runtime.database, image_id)
    plain = ReferenceRequest(image_id=image.id, role=ROLES[image.kind])
    choice = choice.toggled(next((one for one in proposed if one.image_id == image_id), plain))
    if len(choice.references) > MAX_REFERENCES:
        raise InvalidInput(f"At most {MAX_REFERENCES} references go with a prompt; give one up first.")
    return choice


async def _taken_over(
    runtime: Runtime, choice: Choice, proposed: Sequence[ReferenceRequest], fields: Fields
) -> tuple[Choice, list[str]]:
    """With what is proposed, less what others took the places of; and what the generator has no use for.

    Of what is there already, only a note that says what was proposed before is another now.
    """
    displaced = [image_id_of(text) for text in texts_of(fields, "displaced")]
    choice = choice.without(displaced)
    known = {
        image.id: image
        for image in await images.get_many(runtime.database, [one.image_id for one in proposed])
    }
    offered = offers(runtime, choice.generator)
    along = await going_along(runtime, choice)
    left_out: list[str] = []
    for one in proposed:
        if one.image_id not in known:
            continue
        if one.image_id in choice.image_ids:
            choice = choice.renoted(one, texts_of(fields, f"outdated.{one.image_id}"))
        elif (reason := _why_not(one, choice, offered, along)) is None:
            choice = choice.adding([one])
        else:
            left_out.append(f"{_title(known[one.image_id])}: {reason}")
    return choice, left_out


def _title(image: Image) -> str:
    return f"\u201c{image.title or 'Untitled'}\u201d"


def _why_not(one: ReferenceRequest, choice: Choice, offered: Offers, along: int) -> str | None:
    """Why the generator could not use one more, as the end of a sentence; None where it can."""
    if len(choice.references) + along >= offered.most_references:
        return f"{offered.called} takes {offered.most_references} references"
    if offered.generator is None or one.role is None:
        return None
    most = offered.generator.reference_limits.get(one.role, 0)
    role = one.role.replace("_", " ")
    if most == 0:
        return f"{offered.called} has no use for the role {role}"
    taken = sum(other.role == one.role for other in choice.references)
    return f"{offered.called} takes {most} of the role {role}" if taken >= most else None


HANDLERS = (choose,)
