"""What the local generator can do, and the refusal of everything else, before a pixel is decoded."""

from __future__ import annotations

from rage_pg.errors import NotPossible
from rage_pg.providers.layout import LAYOUTS, MAX_PIECES
from rage_pg.providers.models import LOCAL
from rage_pg.providers.ports import GenerationCall
from rage_pg.providers.within import check_within
from rage_pg.types import Role

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
    if call.purpose not in LOCAL.purposes:
        raise NotPossible(
            f"The local generator cannot {call.purpose} from a prompt. {READS_PROMPT}",
            field="purpose",
            allowed=LOCAL.purposes,
        )
    if not call.references:
        raise NotPossible(
            f"The local generator needs references: it only transforms pictures. {READS_PROMPT}"
        )
    check_within(call, MODEL, LOCAL)
    if call.purpose == "enhance":
        _check_enhance(call)
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
