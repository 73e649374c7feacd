"""What the local generator can do, and the refusal of everything else, before a pixel is decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rage_pg.errors import NotPossible
from rage_pg.providers.layout import LAYOUTS, MAX_PIECES
from rage_pg.providers.models import LOCAL
from rage_pg.providers.ports import GenerationCall
from rage_pg.providers.within import check_within
from rage_pg.types import Purpose, Role

MODEL = "rage-local-1"
STRENGTHS = (0.75, 1.0, 0.5)
"""How far each picture of one request goes towards the style; at the first, a label can still be read."""
REFERENCE_LIMITS: dict[Role, int] = {
    "product": MAX_PIECES,
    "subject": MAX_PIECES,
    "edit_target": MAX_PIECES,
    "logo": 1,
    "background": 1,
    "style": 1,
}
READS_PROMPT = "Set RAGE_GENERATOR=openai:MODEL or gemini:MODEL to use a model that reads the prompt."


def check_call(call: GenerationCall) -> None:
    """Raise NotPossible, naming what to change."""
    if call.model not in (None, MODEL):
        raise NotPossible(f"The local generator has no model {call.model!r}, only {MODEL}.")
    if not call.references:
        raise NotPossible(
            f"The local generator needs references: it only transforms pictures. {READS_PROMPT}"
        )
    check_within(call, MODEL, LOCAL)
    if call.mask is not None and call.purpose != "edit":
        raise NotPossible("The local generator takes a mask for the purpose edit alone.", field="mask")
    if call.purpose in ON_ONE:
        ON_ONE[call.purpose](call)
    elif any(reference.role == "style" for reference in call.references):
        _check_style(call)
    else:
        _check_compose(call)


def asked_size(size: str | None) -> tuple[int, int] | None:
    """Pixels of a size that `check_call` let pass; None for "auto" or nothing."""
    if size in (None, "", "auto"):
        return None
    width, height = map(int, size.split("x"))
    return width, height


def _check_enhance(call: GenerationCall) -> None:
    if len(call.references) != 1:
        raise NotPossible("enhance works on one picture: give one reference.")
    _check_count(call, 1, "enhance makes one picture")


def _check_prototype(call: GenerationCall) -> None:
    if len(call.references) != 1:
        raise NotPossible("prototype cuts one picture out: give one reference.", field="references")
    if call.references[0].role in ("style", "layout", "background"):
        named = call.references[0].role
        raise NotPossible(
            f"prototype cuts a product out: role {named} shows none. Choose another picture or role.",
            field="references",
        )
    if call.background == "opaque":
        raise NotPossible("prototype has a transparent background: leave background out.", field="background")
    if call.output_format == "jpeg":
        raise NotPossible(
            "prototype has a transparent background, which jpeg cannot hold: choose png or webp.",
            field="output_format",
            allowed=("png", "webp"),
        )
    _check_count(call, 1, "prototype makes one picture")


def _check_edit(call: GenerationCall) -> None:
    """The first reference is changed; a mask, or a reference of role background, says in what."""
    roles = [reference.role for reference in call.references[1:]]
    if unused := sorted({"style", "layout", "edit_target"} & set(roles)):
        raise NotPossible(
            "edit changes the first reference; the local generator can use none of role"
            f" {unused[0]} beside it: leave it out.",
            field="references",
        )
    if roles.count("background") > 1 or (call.mask is None and "background" not in roles):
        raise NotPossible(
            "The local generator edits what a mask leaves open, or the background: give a mask, or one"
            f" reference of role background after the picture to change. {READS_PROMPT}",
            field="references",
        )
    if call.mask is None and set(roles) - {"background", "logo"}:
        raise NotPossible(
            "Without a mask edit changes the background alone: give a mask for what shall be put into the"
            " picture, or use compose.",
            field="references",
        )
    _check_count(call, 1, "edit makes one picture")


def _check_style(call: GenerationCall) -> None:
    styles = sum(reference.role == "style" for reference in call.references)
    if styles > 1:
        raise NotPossible("The local generator takes one reference of role style, and paints all else in it.")
    if len(call.references) == 1:
        raise NotPossible("A style needs a picture to paint: add a reference of another role.")
    _check_count(call, len(STRENGTHS), f"a style has {len(STRENGTHS)} strengths")
    if len(call.references) > 2:
        _check_scene(call)


def _check_compose(call: GenerationCall) -> None:
    if call.purpose == "style":
        raise NotPossible("style needs one reference of role style beside the picture to paint.")
    _check_scene(call)
    _check_count(call, len(LAYOUTS), f"there are {len(LAYOUTS)} layouts")


def _check_scene(call: GenerationCall) -> None:
    roles = [reference.role for reference in call.references if reference.role != "style"]
    if "layout" in roles:
        raise NotPossible(f"The local generator cannot follow a layout. {READS_PROMPT}")
    if roles.count("background") > 1:
        raise NotPossible("A composed picture has one background: give one reference of role background.")
    if call.background == "transparent" and "background" in roles:
        raise NotPossible("background transparent contradicts a reference of role background: leave one out.")
    standing = len(roles) - roles.count("background")
    if standing == 0:
        raise NotPossible("A background alone would be a copy: add a product, a subject or a logo.")
    if standing > MAX_PIECES:
        raise NotPossible(f"The local generator composes at most {MAX_PIECES} pieces, not {standing}.")


def _check_count(call: GenerationCall, most: int, why: str) -> None:
    if call.count > most:
        raise NotPossible(f"{why[0].upper()}{why[1:]}: ask for a count of at most {most}, not {call.count}.")


ON_ONE: Mapping[Purpose, Callable[[GenerationCall], None]] = {
    "enhance": _check_enhance,
    "prototype": _check_prototype,
    "edit": _check_edit,
}
"""The purposes that work on the first reference."""
