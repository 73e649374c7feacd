"""What the form of the references says: which were chosen so far, for what, and who pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

import msgspec
from msgspec import Struct

from rage_pg.errors import InvalidInput
from rage_pg.types import GenerationRequest, Image, Purpose, ReferenceRequest, Role
from rage_pg.web.asked import NO_NUMBER
from rage_pg.web.fields import Fields, number_of, one_of, text_of

ROLE = "role."
"""A chosen image is one field, `role.ID`; the order of the fields is the order of the references."""

ROLES: tuple[Role, ...] = get_args(Role)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

DEFAULT = "default"
"""The brand of whatever no other is named for."""


class Choice(Struct, frozen=True, kw_only=True):
    """The references in their order, with what they are for and which brand pays ("" leaves it to them)."""

    references: tuple[ReferenceRequest, ...] = ()
    purpose: Purpose = "compose"
    brand: str = ""

    @property
    def image_ids(self) -> list[int]:
        return [reference.image_id for reference in self.references]

    def toggled(self, image: Image, role: Role) -> Choice:
        """Without the image if it was chosen, else with it as the last one."""
        others = tuple(reference for reference in self.references if reference.image_id != image.id)
        if len(others) == len(self.references):
            others += (ReferenceRequest(image_id=image.id, role=role),)
        return msgspec.structs.replace(self, references=others)


def choice_of(fields: Fields) -> Choice:
    """Raises InvalidInput."""
    # Not multi_items(): it loses the order of the fields.
    chosen = [(name.removeprefix(ROLE), role) for name, role in fields.items() if name.startswith(ROLE)]
    return Choice(
        references=tuple(
            ReferenceRequest(image_id=image_id_of(image_id), role=one_of(Role, role, "role"))
            for image_id, role in chosen
        ),
        purpose=one_of(Purpose, fields.get("purpose") or "compose", "purpose"),
        brand=text_of(fields, "pays"),
    )


def image_id_of(text: object) -> int:
    return number_of(text, "image_id", NO_NUMBER)


def paying_brand(choice: Choice, images: Sequence[Image], brands: Sequence[str]) -> str:
    """The brand that is named, else that of the first reference of one of `brands`, else the default one.

    `brands`: those that the caller may pay for; where the default one is not among them, the first of them.
    """
    if choice.brand:
        return choice.brand
    of_images = (image.brand for image in images if image.brand in brands)
    return next(of_images, DEFAULT if DEFAULT in brands else next(iter(brands), DEFAULT))


def generation_request(fields: Fields, choice: Choice, brand: str) -> GenerationRequest:
    """Raises InvalidInput for an empty prompt and an impossible search; the rest is checked at acceptance."""
    prompt = text_of(fields, "prompt").strip()
    if not prompt:
        raise InvalidInput("The prompt is empty: say what the picture should show.", field="prompt")
    search_id = fields.get("search_id") or None
    return GenerationRequest(
        prompt=prompt,
        brand=brand,
        references=choice.references,
        purpose=choice.purpose,
        search_id=one_of(UUID, search_id, "search_id"),
    )
