"""Image generator `local`: really transforms the references, with no key and no network.

It does not read the prompt (only `enhance` looks in it for the name of an operation), refuses what it cannot
really do, and never hands back a copy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PIL import Image

from rage_pg.errors import NotPossible
from rage_pg.providers.backdrop import neutral_backdrop
from rage_pg.providers.capabilities import Capabilities
from rage_pg.providers.enhance import differs, enhanced, named_operations
from rage_pg.providers.layout import LAYOUTS, Piece, Scene, composed, is_clear, piece
from rage_pg.providers.local_edit import before_another_background, prototype, within_mask
from rage_pg.providers.local_rules import MODEL, REFERENCE_LIMITS, STRENGTHS, asked_size, check_call
from rage_pg.providers.models import LOCAL
from rage_pg.providers.pictures import decoded, encoded_picture, flattened
from rage_pg.providers.ports import GenerationCall, GenerationResult, Progress
from rage_pg.providers.style import stylized
from rage_pg.types import Purpose, Role

COMPOSED_SIZE = (1024, 1024)
STYLED_SIDES = (768, 1536)
"""Least and most pixels on the longer side of a repainted picture, where no size is given."""

Sources = Sequence[tuple[Role, Image.Image]]
Made = tuple[list[Image.Image], dict[str, Any]]


class LocalGenerator:
    """Composes, repaints in a style, enhances, cuts out, changes a background or what a mask leaves open."""

    name = "local"
    default_model = MODEL
    charges = False
    conditioned_on_prompt = False
    reference_limits = REFERENCE_LIMITS

    def able(self, _: str) -> Capabilities:
        return LOCAL

    def check(self, call: GenerationCall) -> None:
        check_call(call)

    async def generate(self, call: GenerationCall, progress: Progress | None = None) -> GenerationResult:
        """Raise NotPossible also where only the pixels show that nothing would change."""
        self.check(call)
        return await asyncio.to_thread(_generated, call)


def _generated(call: GenerationCall) -> GenerationResult:
    references = _sources(call)
    making = ON_ONE.get(call.purpose, _made)
    pictures, details = making(call, references)
    for picture in pictures:
        if not all(differs(picture, source) for _, source in references):
            raise NotPossible("The result would be a copy of a reference: nothing in it would change.")
    unused = [name for name in ("quality", "input_fidelity") if getattr(call, name) not in (None, "auto")]
    details |= {"conditioned_on_prompt": False, "unused_parameters": unused}
    images = tuple(encoded_picture(picture, call.output_format or "png") for picture in pictures)
    return GenerationResult(images=images, model=MODEL, details=details)


def _sources(call: GenerationCall) -> list[tuple[Role, Image.Image]]:
    found = []
    for position, reference in enumerate(call.references, start=1):
        picture = decoded(reference.content, f"Reference {position}")
        if is_clear(picture):
            raise NotPossible(f"Reference {position} is wholly transparent: there is nothing to show.")
        found.append((reference.role, picture))
    return found


def _enhanced(call: GenerationCall, references: Sources) -> Made:
    box = asked_size(call.size)
    operations = named_operations(call.prompt, resized=box is not None)
    picture = _on_background(enhanced(references[0][1], operations, box), call.background)
    done = ["resize" if name == "enlarge" and box is not None else name for name in operations]
    return [picture], {"operations": done, "size": _written(picture)}


def _cut_out(call: GenerationCall, references: Sources) -> Made:
    picture = prototype(references[0][1], asked_size(call.size))
    return [picture], {"operations": ["cut out"], "size": _written(picture)}


def _edited(call: GenerationCall, references: Sources) -> Made:
    """The first reference with other pixels within the mask, or before another background."""
    target, others = references[0][1], references[1:]
    if call.mask is None:
        picture, done = before_another_background(target, others), "change background"
    else:
        picture, done = within_mask(target, call.mask, others), "fill mask"
    if (box := asked_size(call.size)) is not None:
        picture = _resized(picture, box)
    picture = _on_background(picture, call.background)
    return [picture], {"operations": [done], "size": _written(picture)}


ON_ONE: Mapping[Purpose, Callable[[GenerationCall, Sources], Made]] = {
    "enhance": _enhanced,
    "prototype": _cut_out,
    "edit": _edited,
}


def _made(call: GenerationCall, references: Sources) -> Made:
    """Repaint the one picture, or compose several (and repaint that, where a style is among them)."""
    styles = [picture for role, picture in references if role == "style"]
    contents = [(role, picture) for role, picture in references if role != "style"]
    if not styles:
        layouts = LAYOUTS[: call.count]
        pictures = _compose(call, contents, call.count)
        return pictures, {
            "operations": ["compose"],
            "layouts": [layout.name for layout in layouts],
            "size": _written(pictures[0]),
        }
    if len(contents) > 1:
        operations, content = ["compose", "stylize"], _compose(call, contents, 1)[0]
    else:
        operations, content = ["stylize"], _resized(contents[0][1], asked_size(call.size))
        if content.mode == "RGBA" and call.background != "transparent":
            # A network paints what is all of one white as a flat patch with a halo.
            content = Image.alpha_composite(neutral_backdrop(content.size), content)
    strengths = STRENGTHS[: call.count]
    pictures = [_repainted(content, styles[0], strength, call) for strength in strengths]
    return pictures, {"operations": operations, "strengths": list(strengths), "size": _written(content)}


def _compose(call: GenerationCall, contents: Sources, count: int) -> list[Image.Image]:
    scene = _scene(call, contents)
    pictures = [composed(scene, asked_size(call.size) or COMPOSED_SIZE, layout) for layout in LAYOUTS[:count]]
    return pictures if scene.transparent else [picture.convert("RGB") for picture in pictures]


def _scene(call: GenerationCall, contents: Sources) -> Scene:
    background = next((picture for role, picture in contents if role == "background"), None)
    subjects = _pieces(contents, "subject", "edit_target")
    products = _pieces(contents, "product")
    logos = _pieces(contents, "logo")
    if not (subjects or products):
        products, logos = (logos, []) if background is None else ([], logos)
    return Scene(
        background=background,
        transparent=call.background == "transparent",
        subjects=subjects,
        products=products,
        logos=logos,
    )


def _pieces(contents: Sources, *roles: Role) -> list[Piece]:
    return [piece(picture) for role, picture in contents if role in roles]


def _resized(picture: Image.Image, box: tuple[int, int] | None) -> Image.Image:
    longer = max(picture.size)
    least, most = STYLED_SIDES
    scale = min(max(longer, least), most) / longer
    if box is not None:
        scale = min(bound / side for bound, side in zip(box, picture.size, strict=True))
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _repainted(
    content: Image.Image, style: Image.Image, strength: float, call: GenerationCall
) -> Image.Image:
    picture = stylized(content, style, strength)
    if call.background == "transparent" and content.mode == "RGBA":
        picture.putalpha(content.getchannel("A"))
    return _on_background(picture, call.background)


def _on_background(picture: Image.Image, background: str | None) -> Image.Image:
    if background == "transparent" and picture.mode != "RGBA":
        raise NotPossible(
            "The reference has no transparency to keep: purpose prototype cuts a picture out where it can."
        )
    return flattened(picture) if background == "opaque" else picture


def _written(picture: Image.Image) -> str:
    return f"{picture.width}x{picture.height}"
