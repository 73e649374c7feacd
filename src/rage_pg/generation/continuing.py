"""Going on from an output of an earlier generation: the picture to change, and what it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from rage_pg.database import Connection, fetch_all, fetch_one
from rage_pg.errors import InvalidInput, NotFound
from rage_pg.resources import statements
from rage_pg.types import GenerationRequest, ReferenceRequest, Role, Status

SQL = statements("generation")


class Continued(Struct, frozen=True, kw_only=True):
    """What a request takes over from its parent.

    `target`: the output to change, the first reference of the call. `target_may_be_draft`: it is the paying
    brand's own, and nobody need have approved it. `inherited`: what the parent was made from, in its order;
    the request's own references come before.
    """

    target: ReferenceRequest | None = None
    target_may_be_draft: bool = False
    inherited: Sequence[ReferenceRequest] = ()

    def may_be_draft(self, image_id: int) -> bool:
        return self.target_may_be_draft and self.target is not None and self.target.image_id == image_id

    def remedy(self, image_id: int) -> str:
        """What else could be done about an image that may not be used, where nobody named it."""
        if all(reference.image_id != image_id for reference in self.inherited):
            return ""
        return " It comes from the parent; parent_references false leaves the parent's references out."

    def around(self, own: Sequence[ReferenceRequest]) -> list[ReferenceRequest]:
        """All references in the order sent. What the request names itself keeps the role that it gives it."""
        named = {reference.image_id for reference in own}
        target = () if self.target is None or self.target.image_id in named else (self.target,)
        named.update(reference.image_id for reference in target)
        return [*target, *own, *(one for one in self.inherited if one.image_id not in named)]


class _Output(Struct, frozen=True):
    brand_id: int
    status: Status
    outputs: int
    image_id: int | None
    """None where there is no such output, or its picture was deleted."""


class _Inherited(Struct, frozen=True):
    image_id: int
    role: Role
    note: str | None


async def continued(connection: Connection, request: GenerationRequest, brand_id: int) -> Continued:
    """What `parent_id` brings along. Raises NotFound, and InvalidInput where there is no such picture."""
    if request.parent_id is None:
        return Continued()
    parent, image_id = await _output(connection, request.parent_id, request.parent_output)
    target = ReferenceRequest(image_id=image_id, role="edit_target")
    own = parent.brand_id == brand_id
    if not request.parent_references:
        return Continued(target=target, target_may_be_draft=own)
    values = {"generation_id": request.parent_id}
    inherited = await fetch_all(connection, SQL["get_inherited_references"], values, _Inherited)
    references = [ReferenceRequest(image_id=one.image_id, role=one.role, note=one.note) for one in inherited]
    return Continued(target=target, target_may_be_draft=own, inherited=references)


async def _output(connection: Connection, parent_id: UUID, position: int) -> tuple[_Output, int]:
    values = {"generation_id": parent_id, "position": position}
    found = await fetch_one(connection, SQL["get_parent_output"], values, _Output)
    if found is None:
        raise NotFound(f"There is no generation {parent_id}.")
    if found.status != "succeeded":
        reason = f"Generation {parent_id} is {found.status}: it has no picture to go on from."
        raise InvalidInput(reason, field="parent_id")
    if position > found.outputs:
        count = "one picture" if found.outputs == 1 else f"{found.outputs} pictures"
        raise InvalidInput(f"Generation {parent_id} has {count}, not {position}.", field="parent_output")
    if found.image_id is None:
        reason = f"Picture {position} of generation {parent_id} was deleted."
        raise InvalidInput(reason, field="parent_output")
    return found, found.image_id
