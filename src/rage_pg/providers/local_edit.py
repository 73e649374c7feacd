"""The local generator at one picture: cuts it out, changes its background, fills what a mask leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageChops, ImageOps

from rage_pg.errors import NotPossible
from rage_pg.providers.backdrop import with_logos
from rage_pg.providers.cutting import cut_out
from rage_pg.providers.filling import filled
from rage_pg.providers.layout import Piece, piece
from rage_pg.providers.pictures import flattened
from rage_pg.providers.shadows import contact_shadow
from rage_pg.types import Role

MARGIN = 0.06
"""Around a picture that is cut out, as a share of its longer side."""
FILLS = 0.92
"""How much of the box around a mask's opening the pieces that stand in it may take."""
NOT_PLAIN = "its background is not of one colour, and the local generator cannot cut it out"

Sources = Sequence[tuple[Role, Image.Image]]


def prototype(picture: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    """The picture cut out of its background, in the middle of a clear one; RGBA.

    `size` in pixels; else as large as it needs. Raise NotPossible where it cannot be cut out.
    """
    found = cut_out(picture)
    if found is None:
        raise NotPossible(f"Reference 1 cannot be shown by itself: {NOT_PLAIN}.", field="references")
    # All of it, also the faintest shine, which would end in an edge.
    shown = found.crop(found.getchannel("A").getbbox())
    margin = round(max(shown.size) * MARGIN)
    box = size or (shown.width + 2 * margin, shown.height + 2 * margin)
    if size is not None:
        shown = _fitted(shown, size[0] * (1 - 2 * MARGIN), size[1] * (1 - 2 * MARGIN))
    clear = Image.new("RGBA", box, (0, 0, 0, 0))
    clear.paste(shown, ((box[0] - shown.width) // 2, (box[1] - shown.height) // 2))
    return clear


def before_another_background(target: Image.Image, others: Sources) -> Image.Image:
    """The picture where it stands, before the one reference of role background; logos in a corner. RGB.

    Raise NotPossible where it cannot be cut out.
    """
    found = cut_out(target)
    if found is None:
        why = f"Reference 1 cannot be set before another background: {NOT_PLAIN}."
        raise NotPossible(f"{why} Give a mask that says what may change.", field="references")
    behind = next(picture for role, picture in others if role == "background")
    canvas = ImageOps.fit(flattened(behind), target.size, Image.Resampling.LANCZOS).convert("RGBA")
    shown = piece(found)
    if shown.without_shadow:
        seen = found.getchannel("A").getbbox() or (0, 0, *found.size)
        contact_shadow(canvas, shown.picture.getchannel("A"), seen)
    canvas.alpha_composite(found)
    return with_logos(canvas, [piece(picture).picture for role, picture in others if role == "logo"]).convert(
        "RGB"
    )


def within_mask(target: Image.Image, mask: bytes, others: Sources) -> Image.Image:
    """The picture with other pixels where the mask is transparent, and its own everywhere else.

    There the reference of role background is seen, laid over the whole picture; else what is around the
    opening goes on in it. Products, subjects and logos stand in it, side by side.
    """
    opening = _opening(mask, target.size)
    behind = next((picture for role, picture in others if role == "background"), None)
    if behind is None:
        new = filled(target, opening).convert("RGBA")
        if target.mode == "RGBA":
            new.putalpha(target.getchannel("A"))
    else:
        fitted = ImageOps.fit(flattened(behind), target.size, Image.Resampling.LANCZOS)
        new = fitted.convert("RGBA")
    box = opening.point(lambda value: 255 if value > 127 else 0).getbbox() or opening.getbbox()
    pieces = [piece(picture) for role, picture in others if role != "background"]
    if box is not None and pieces:
        _stand_in(new, box, pieces)
    return Image.composite(new.convert(target.mode), target, opening)


def _opening(mask: bytes, size: tuple[int, int]) -> Image.Image:
    """How far each pixel may change."""
    with Image.open(BytesIO(mask)) as opened:
        alpha = opened.convert("RGBA").getchannel("A")
    opening = ImageChops.invert(alpha)
    return opening if opening.size == size else opening.resize(size, Image.Resampling.NEAREST)


def _stand_in(canvas: Image.Image, box: tuple[int, int, int, int], pieces: Sequence[Piece]) -> None:
    """Stand pieces side by side on the lower edge of a box, each in a part of it that is as wide."""
    wide, high = (box[2] - box[0]) / len(pieces), box[3] - box[1]
    base = box[3] - round(high * (1 - FILLS) / 2)
    for number, each in enumerate(pieces):
        small = _fitted(each.picture, wide * FILLS, high * FILLS)
        left = round(box[0] + wide * (number + 0.5) - small.width / 2)
        place = left, base - small.height, left + small.width, base
        if each.free and each.without_shadow:
            contact_shadow(canvas, small.getchannel("A"), place)
        canvas.alpha_composite(small, place[:2])


def _fitted(picture: Image.Image, width: float, height: float) -> Image.Image:
    """As large as the room allows, its proportions kept as far as whole pixels can; no side below 1."""
    scale = min(width / picture.width, height / picture.height)
    sides = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(sides, Image.Resampling.LANCZOS)
