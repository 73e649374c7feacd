"""What the page is asked to show: a prompt's images, those proposed for it, those like one, or the newest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from litestar import Request
from msgspec import Struct
from msgspec.structs import replace

from rage_pg.errors import InvalidInput
from rage_pg.texts import check_storable
from rage_pg.types import MAX_PROMPT, Filters, Kind, TagFilter
from rage_pg.web.fields import Fields, number_of, one_of, text_of, texts_of

T = TypeVar("T")
By = Literal["caption", "image", "style"]
ATTRIBUTE = "attribute."
"""An attribute is one field, `attribute.NAME`, like a parameter of the HTTP interface."""
LONGEST_ADDRESS = 2_000
NO_NUMBER = "An image is named by its number."
SWAP = re.compile(r"(\d{1,2})\.(\d{1,18})", re.ASCII)


class Asked(Struct, frozen=True, kw_only=True):
    """All that the address of the page says. Values of one field are alternatives, tags are all required.

    `proposal`: what was proposed for the prompt. `swaps`: the number of a concept there and the image that is
    to show it instead; what is said later counts. `anew`: to be proposed once more, under another filter.
    """

    prompt: str = ""
    like: int | None = None
    by: By = "caption"
    proposal: UUID | None = None
    swaps: tuple[tuple[int, int], ...] = ()
    anew: bool = False
    brand: tuple[str, ...] = ()
    kind: tuple[Kind, ...] = ()
    tag: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def filters(self) -> Filters:
        values: dict[str, list[str]] = {}
        for name, value in self.attributes:
            values.setdefault(name, []).append(value)
        return Filters(brand=self.brand, kind=self.kind, tags=TagFilter(all=self.tag), attributes={**values})

    @property
    def filtered(self) -> bool:
        return bool(self.brand or self.kind or self.tag or self.attributes)

    @property
    def filter_fields(self) -> list[tuple[str, str]]:
        """What of the filter a form holds, each value as a field of its own."""
        own = [(name, value) for name in ("brand", "kind", "tag") for value in getattr(self, name)]
        return own + [(f"{ATTRIBUTE}{name}", value) for name, value in self.attributes]

    @property
    def fields(self) -> dict[str, list[str]]:
        """All of it, as a form holds it."""
        held: dict[str, list[str]] = {"prompt": [self.prompt]} if self.prompt else {}
        if self.like is not None:
            held |= {"like": [str(self.like)], "by": [self.by]}
        if self.proposal is not None:
            held["proposal"] = [str(self.proposal)]
            held["swap"] = [f"{concept}.{image_id}" for concept, image_id in self.swaps]
        for name, value in self.filter_fields:
            held.setdefault(name, []).append(value)
        return held

    @property
    def address(self) -> str:
        """Where this can be found again; the bare page where it is too long for an address.

        A proposal knows its prompt.
        """
        given = urlencode(self.fields, doseq=True)
        if len(given) > LONGEST_ADDRESS and self.proposal is not None:
            given = urlencode(replace(self, prompt="").fields, doseq=True)
        return f"/?{given}" if 0 < len(given) <= LONGEST_ADDRESS else "/"

    def has(self, field: str, value: str) -> bool:
        return (field, value) in self.filter_fields

    def toggled(self, field: str, value: str) -> Asked:
        """The same with one more value to be filtered by, or one less."""
        if field.startswith(ATTRIBUTE):
            pair = (field.removeprefix(ATTRIBUTE), value)
            return replace(self.refiltered(), attributes=_toggled(self.attributes, pair))
        return replace(self.refiltered(), **{field: _toggled(getattr(self, field), value)})

    def unfiltered(self) -> Asked:
        return replace(self.refiltered(), brand=(), kind=(), tag=(), attributes=())

    def refiltered(self) -> Asked:
        """For another filter: what was proposed under this one counts no more."""
        shown = self.proposal is not None and self.like is None
        return replace(self.searched(), anew=shown)

    def searched(self) -> Asked:
        """What a search finds, instead of what is proposed."""
        return replace(self, proposal=None, swaps=())

    def proposed(self, proposal: UUID) -> Asked:
        return replace(self, like=None, by="caption", proposal=proposal, swaps=())

    def swapped(self, concept: int, image_id: int) -> Asked:
        """With another image for a concept."""
        swap = (concept, image_id)
        return replace(self, swaps=(*(one for one in self.swaps if one != swap), swap))

    def more_like(self, image_id: int, by: By) -> Asked:
        return replace(self, like=image_id, by=by)

    def back(self) -> Asked:
        """What was shown before images like one were."""
        return replace(self, like=None, by="caption")


class Shown(Struct, frozen=True, kw_only=True):
    """How many images the page shows already, and where they go on."""

    number: int
    cursor: str
    search_id: UUID | None
    best: float
    """The score of the first, which the bars of the others are measured by."""


def asked_of(fields: Fields) -> Asked:
    """Raises InvalidInput for what there cannot be, and for too long a prompt."""
    prompt = text_of(fields, "prompt").strip()
    if len(prompt) > MAX_PROMPT:
        raise InvalidInput(f"A prompt has at most {MAX_PROMPT:,} characters.", field="prompt")
    return Asked(
        prompt=prompt,
        like=number_of(fields["like"], "like", NO_NUMBER) if fields.get("like") else None,
        by=one_of(By, fields.get("by") or "caption", "by"),
        proposal=one_of(UUID, fields.get("proposal") or None, "proposal"),
        swaps=_swaps(texts_of(fields, "swap")),
        brand=texts_of(fields, "brand"),
        kind=tuple(one_of(Kind, kind, "kind") for kind in texts_of(fields, "kind")),
        tag=texts_of(fields, "tag"),
        attributes=_attributes(fields),
    )


def shown_of(fields: Fields) -> Shown:
    """Raises InvalidInput."""
    return Shown(
        number=number_of(fields.get("number"), "number", "number must be a whole number."),
        cursor=text_of(fields, "cursor"),
        search_id=one_of(UUID, fields.get("search_id") or None, "search_id"),
        best=_score(fields.get("best")),
    )


def moved(request: Request[Any, Any, Any], asked: Asked) -> dict[str, str]:
    """A place of its own in the browser's history, unless it is the same one again."""
    here = urlsplit(request.headers.get("hx-current-url", ""))
    same = f"{here.path}?{here.query}".removesuffix("?") == asked.address
    return {} if same else {"HX-Push-Url": asked.address}


def _swaps(texts: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Each once, where it was said last, however its numbers are written: every option names them all."""
    swaps: dict[tuple[int, int], None] = {}
    for swap in map(_swap, texts):
        swaps.pop(swap, None)
        swaps[swap] = None
    return tuple(swaps)


def _swap(text: str) -> tuple[int, int]:
    found = SWAP.fullmatch(text)
    if found is None:
        raise InvalidInput("A swap is written CONCEPT.IMAGE, as in 0.12.", field="swap")
    return int(found[1]), int(found[2])


def _score(text: object) -> float:
    """Only the length of a bar hangs on it."""
    sound = isinstance(text, str) and re.fullmatch(r"\d{1,9}(\.\d{1,20})?", text, re.ASCII)
    return float(str(text)) if sound else 0.0


def _attributes(fields: Fields) -> tuple[tuple[str, str], ...]:
    names = dict.fromkeys(name for name in fields if name.startswith(ATTRIBUTE) and name != ATTRIBUTE)
    for name in names:
        check_storable("The name of an attribute", name)
    return tuple((name.removeprefix(ATTRIBUTE), value) for name in names for value in texts_of(fields, name))


def _toggled(values: tuple[T, ...], value: T) -> tuple[T, ...]:
    others = tuple(one for one in values if one != value)
    return others if len(others) < len(values) else (*values, value)
