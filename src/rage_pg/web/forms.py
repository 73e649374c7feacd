"""What the form of the references says: which were chosen so far, for what, how, and who pays."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rage_pg.errors import InvalidInput
from rage_pg.types import GenerationRequest, Image, Purpose, Rating, ReferenceRequest, Role
from rage_pg.web.asked import NO_NUMBER
from rage_pg.web.fields import Fields, number_of, one_of, text_of, texts_of

ROLE = "role."
"""A chosen image is one field, `role.ID`; the order of the fields is the order of the references."""
NOTE = "note."
PROPOSED, PROPOSED_NOTE = "proposed.", "proposed_note."
"""An image that is to be taken over from a proposal, in the same manner."""

ROLES: tuple[Role, ...] = get_args(Role)

DEFAULT = "default"
"""The brand of whatever no other is named for."""
OPTIONS = ("size", "own_size", "tier", "quality", "background", "input_fidelity", "output_format")
REASONS = ("wrong label", "off-brand", "artefact", "wrong product", "other")
"""Codes of `types.Rating`."""


class Parent(Struct, frozen=True, kw_only=True):
    """The picture to go on from; `references`: whether what it was made from goes along."""

    id: UUID
    output: int = 1
    references: bool = True


class Choice(Struct, frozen=True, kw_only=True):
    """The references in their order, with what they are for and which brand pays ("" leaves it to them).

    `generator`: by its name, as the registry takes it; "" is the one of the settings. `options` by name, as
    they were typed; what is not said is the model's to choose. `change` is the prompt where there is a
    parent. `proposal_id`: where references of these come from.
    """

    references: tuple[ReferenceRequest, ...] = ()
    purpose: Purpose = "compose"
    brand: str = ""
    generator: str = ""
    options: dict[str, str] = {}
    count: str = "1"
    labels: str = ""
    parent: Parent | None = None
    change: str = ""
    proposal_id: UUID | None = None

    @property
    def image_ids(self) -> list[int]:
        return [reference.image_id for reference in self.references]

    def option(self, name: str) -> str:
        return self.options.get(name, "")

    def toggled(self, reference: ReferenceRequest) -> Choice:
        """Without the image if it was chosen, else with it as the last one."""
        others = self.without([reference.image_id])
        unchosen = len(others.references) == len(self.references)
        return self.adding([reference]) if unchosen else others

    def adding(self, references: Sequence[ReferenceRequest]) -> Choice:
        return replace(self, references=(*self.references, *references))

    def renoted(self, reference: ReferenceRequest, outdated: Sequence[str]) -> Choice:
        """With its note, where the one that is there is among those that are outdated."""
        return replace(
            self,
            references=tuple(
                replace(one, note=reference.note)
                if one.image_id == reference.image_id and one.note in outdated
                else one
                for one in self.references
            ),
        )

    def without(self, image_ids: Sequence[int]) -> Choice:
        left = tuple(one for one in self.references if one.image_id not in image_ids)
        return replace(self, references=left)


def choice_of(fields: Fields) -> Choice:
    """Raises InvalidInput."""
    return Choice(
        references=_references(fields, ROLE, NOTE),
        purpose=one_of(Purpose, fields.get("purpose") or "compose", "purpose"),
        brand=text_of(fields, "pays"),
        generator=text_of(fields, "generator"),
        options={name: text_of(fields, name).strip() for name in OPTIONS if fields.get(name)},
        count=text_of(fields, "count") or "1",
        labels=text_of(fields, "labels"),
        parent=parent_of(fields),
        change=text_of(fields, "change"),
        proposal_id=one_of(UUID, fields.get("proposal_id") or None, "proposal_id"),
    )


def proposed_of(fields: Fields) -> tuple[ReferenceRequest, ...]:
    """What is to be taken over from a proposal. Raises InvalidInput."""
    return _references(fields, PROPOSED, PROPOSED_NOTE)


def _references(fields: Fields, role: str, note: str) -> tuple[ReferenceRequest, ...]:
    # Not multi_items(): it loses the order of the fields.
    named = [(name.removeprefix(role), value) for name, value in fields.items() if name.startswith(role)]
    return tuple(
        ReferenceRequest(
            image_id=image_id_of(image_id),
            role=one_of(Role, value, "role"),
            note=text_of(fields, f"{note}{image_id}").strip() or None,
        )
        for image_id, value in named
    )


def parent_of(fields: Fields) -> Parent | None:
    """Raises InvalidInput. A box that is not ticked is no field."""
    if not fields.get("parent"):
        return None
    return Parent(
        id=one_of(UUID, fields.get("parent"), "parent_id"),
        output=number_of(fields.get("parent_output") or "1", "parent_output", "A picture has a number."),
        references=bool(fields.get("parent_references")),
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
    parent = choice.parent
    prompt = (choice.change if parent else text_of(fields, "prompt")).strip()
    if not prompt:
        wanted = "what should change" if parent else "what the picture should show"
        raise InvalidInput(f"The prompt is empty: say {wanted}.", field="prompt")
    formats = Literal["png", "webp", "jpeg"]
    return GenerationRequest(
        prompt=prompt,
        brand=brand,
        references=choice.references,
        purpose=choice.purpose,
        search_id=one_of(UUID, fields.get("search_id") or None, "search_id"),
        proposal_id=choice.proposal_id,
        provider=choice.generator or None,
        size=size_of(choice),
        quality=choice.option("quality") or None,
        background=choice.option("background") or None,
        input_fidelity=choice.option("input_fidelity") or None,
        output_format=one_of(formats, choice.option("output_format") or None, "output_format"),
        count=number_of(choice.count, "count", "The number of pictures is a whole number."),
        mask=text_of(fields, "mask") or None,
        labels=labels_of(choice.labels),
        parent_id=parent.id if parent else None,
        parent_output=parent.output if parent else 1,
        parent_references=parent.references if parent else True,
    )


def size_of(choice: Choice) -> str | None:
    """Pixels that were typed, else what was picked: a size, or a ratio, a tier or both."""
    typed = re.sub(r"\s*[x*\u00d7]\s*", "x", choice.option("own_size").lower())
    picked = [one for one in (choice.option("size"), choice.option("tier")) if one]
    return typed or "@".join(picked) or None


def labels_of(text: str) -> dict[str, str]:
    """ "campaign=spring, channel=print" as names and values. Raises InvalidInput."""
    labels: dict[str, str] = {}
    for part in _parts(text):
        name, is_told, value = (side.strip() for side in part.partition("="))
        if part and not (name and is_told and value):
            raise InvalidInput(f"A label is written NAME=VALUE, unlike {part!r}.", field="labels")
        if name in labels:
            raise InvalidInput(f"The label {name!r} is given twice.", field="labels")
        if part:
            labels[name] = value
    return labels


def _parts(text: str) -> list[str]:
    """The labels of a line, those with a comma in quotes, as in CSV."""
    try:
        row = next(csv.reader([" ".join(text.splitlines())], skipinitialspace=True), [])
    except csv.Error as error:
        raise InvalidInput(f"The labels cannot be read: {error}.", field="labels") from None
    return [part.strip() for part in row]


def labels_text(labels: dict[str, str]) -> str:
    """Labels as `labels_of` reads them."""
    if not labels:
        return ""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"{name}={value}" for name, value in labels.items()])
    return " ".join(line.getvalue().splitlines())


def request_key(fields: Fields, request: GenerationRequest) -> str | None:
    """For a form that is sent again because its answer got lost: the same form is the same generation.

    The form has a number of its own until it was answered; whatever is changed in it makes another request.
    """
    number = one_of(UUID, fields.get("nonce") or None, "nonce")
    if number is None:
        return None
    return f"page {number} {sha256(msgspec.json.encode(request, order='deterministic')).hexdigest()}"


def rating_of(fields: Fields) -> Rating:
    """Raises InvalidInput."""
    rating = {"up": 1, "down": -1, "none": 0}.get(text_of(fields, "rating"))
    if rating is None:
        raise InvalidInput("A picture is rated up, down or none.", field="rating")
    reasons = texts_of(fields, "reason") if rating < 0 else ()
    said = {"rating": rating, "reasons": reasons, "comment": text_of(fields, "comment").strip() or None}
    rated: Rating = one_of(Rating, said, "reasons")
    return rated
