"""What the page's two forms say: the search with its filters, and the references chosen so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar.datastructures import FormMultiDict, MultiDict
from msgspec import Struct

from rage_pg.errors import InvalidInput
from rage_pg.faults import fault
from rage_pg.texts import check_storable
from rage_pg.types import (
    MAX_PROMPT,
    Filters,
    GenerationRequest,
    Image,
    Kind,
    Purpose,
    ReferenceRequest,
    Role,
    TagFilter,
)

Fields: TypeAlias = MultiDict[Any] | FormMultiDict

ROLE = "role."
"""A chosen image is one field, `role.ID`; the order of the fields is the order of the references."""

ROLES: tuple[Role, ...] = get_args(Role)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

LONGEST_ADDRESS = 2_000
DEFAULT = "default"
"""The brand of whatever no other is named for."""


class Asked(Struct, frozen=True, kw_only=True):
    """The search form. An empty text sets no limit."""

    prompt: str = ""
    brand: str = ""
    kind: Kind | None = None
    tags: tuple[str, ...] = ()

    @property
    def filters(self) -> Filters:
        return Filters(
            brand=(self.brand,) if self.brand else (),
            kind=(self.kind,) if self.kind else (),
            tags=TagFilter(all=self.tags),
        )

    @property
    def filtered(self) -> bool:
        return bool(self.brand or self.kind or self.tags)

    @property
    def fields(self) -> dict[str, str | tuple[str, ...]]:
        """What the form held."""
        held: dict[str, str | tuple[str, ...]] = {"prompt": self.prompt, "brand": self.brand}
        held |= {"kind": self.kind or "", "tag": self.tags}
        return {name: value for name, value in held.items() if value}

    @property
    def address(self) -> str:
        """Where this search can be found again; the bare page where it is too long for an address."""
        given = urlencode(self.fields, doseq=True)
        return f"/?{given}" if 0 < len(given) <= LONGEST_ADDRESS else "/"


class Shown(Struct, frozen=True, kw_only=True):
    """The images that the page shows already, and where a list goes on after them."""

    image_ids: tuple[int, ...] = ()
    cursor: str | None = None


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


def asked_of(fields: Fields) -> Asked:
    """Raises InvalidInput for a kind that there is not, and for too long a prompt."""
    prompt = _text(fields, "prompt").strip()
    if len(prompt) > MAX_PROMPT:
        raise InvalidInput(f"A prompt has at most {MAX_PROMPT:,} characters.", field="prompt")
    return Asked(
        prompt=prompt,
        brand=_text(fields, "brand"),
        kind=_one_of(Kind, fields.get("kind") or None, "kind"),
        tags=_tags(fields),
    )


def shown_of(fields: Fields) -> Shown:
    """Raises InvalidInput."""
    return Shown(
        image_ids=tuple(image_id_of(image_id) for image_id in fields.getall("shown", [])),
        cursor=_text(fields, "cursor") or None,
    )


def choice_of(fields: Fields) -> Choice:
    """Raises InvalidInput."""
    # Not multi_items(): it loses the order of the fields.
    chosen = [(name.removeprefix(ROLE), role) for name, role in fields.items() if name.startswith(ROLE)]
    return Choice(
        references=tuple(
            ReferenceRequest(image_id=image_id_of(image_id), role=_one_of(Role, role, "role"))
            for image_id, role in chosen
        ),
        purpose=_one_of(Purpose, fields.get("purpose") or "compose", "purpose"),
        brand=_text(fields, "pays"),
    )


def image_id_of(text: object) -> int:
    if not (isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 19):
        raise InvalidInput("An image is named by its number.", field="image_id")
    return int(text)


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
    prompt = _text(fields, "prompt").strip()
    if not prompt:
        raise InvalidInput("The prompt is empty: say what the picture should show.", field="prompt")
    search_id = fields.get("search_id") or None
    return GenerationRequest(
        prompt=prompt,
        brand=brand,
        references=choice.references,
        purpose=choice.purpose,
        search_id=_one_of(UUID, search_id, "search_id"),
    )


def _text(fields: Fields, name: str) -> str:
    text = str(fields.get(name) or "")
    check_storable(name, text)
    return text


def _tags(fields: Fields) -> tuple[str, ...]:
    """The tags that are ticked, each once."""
    tags = tuple(dict.fromkeys(str(tag) for tag in fields.getall("tag", []) if tag))
    for tag in tags:
        check_storable("tag", tag)
    return tags


def _one_of(kind: Any, value: object, field: str) -> Any:
    """The value as this type; None stays None."""
    try:
        return None if value is None else msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(fault(str(error), field)[1], field=field) from None
