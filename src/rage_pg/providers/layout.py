"""Several pictures into one: a backdrop, pieces on a baseline with their shadows, a logo in a corner.

Pure Pillow. Lengths in `Layout` are shares of the picture's width (x) or height (y).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from PIL import Image, ImageDraw, ImageOps

from rage_pg.providers.backdrop import neutral_backdrop, with_logos
from rage_pg.providers.pictures import flattened
from rage_pg.providers.shadows import cast_shadow, contact_shadow
from rage_pg.providers.surfaces import shelf_in

ROW_LENGTH = 5
MAX_PIECES = 2 * ROW_LENGTH
BARELY_SEEN = 12
"""Opacity (of 255) up to which a pixel counts as clear."""
OWN_SHADOW = 0.01
"""How far a cut-out must be sunk to count as carrying its own shadow."""
LOWEST = 0.9
"""The lowest baseline."""
DEPTH = 0.12
"""How much higher the row behind stands."""
ON_A_SHELF = 0.4
"""The tallest that things on a shelf are: what else a picture with a shelf shows is small too."""


class Layout(Struct, frozen=True):
    """Where the group stands, how far its pieces are apart, and how tall it may be."""

    name: str
    left: float
    right: float
    gap: float
    height: float


LAYOUTS = (
    Layout("centred", left=0.08, right=0.92, gap=0.16, height=0.56),
    Layout("space on the right", left=0.05, right=0.63, gap=0.08, height=0.54),
    Layout("space on the left", left=0.37, right=0.95, gap=0.08, height=0.54),
    Layout("close", left=0.05, right=0.95, gap=0.03, height=0.68),
)


class Piece(Struct, frozen=True):
    """A picture to stand in the scene: RGBA, cut to what can be seen.

    `free`: it has an outline of its own. `sunk`: the share of its height below its solid part, where a
    cut-out carries a soft shadow of its own.
    """

    picture: Image.Image
    free: bool
    sunk: float

    @property
    def ratio(self) -> float:
        return self.picture.width / self.picture.height

    @property
    def without_shadow(self) -> bool:
        return self.sunk < OWN_SHADOW


class Scene(Struct, frozen=True, kw_only=True):
    """What goes into one picture. Subjects stand behind products."""

    background: Image.Image | None = None
    transparent: bool = False
    subjects: Sequence[Piece] = ()
    products: Sequence[Piece] = ()
    logos: Sequence[Piece] = ()

    def on_shelf(self, behind: Image.Image, layout: Layout) -> tuple[Layout, float] | None:
        """Where the row of products stands on the shelf of a background, and its height, as a share."""
        if self.background is None or self.subjects or not 0 < len(self.products) <= ROW_LENGTH:
            return None
        shelf = shelf_in(behind)
        if shelf is None:
            return None
        left, right = max(shelf.left, layout.left), min(shelf.right, layout.right)
        if right - left < (shelf.right - shelf.left) / 2:
            left, right = shelf.left, shelf.right
        tall = min(ON_A_SHELF, layout.height, shelf.top * 0.9)
        return Layout(layout.name, left, right, layout.gap, tall), shelf.top


class Placed(Struct, frozen=True):
    piece: Piece
    left: int
    base: int
    width: int
    height: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom; the solid part ends at the base, its own shadow below."""
        bottom = self.base + round(self.height * self.piece.sunk)
        return self.left, bottom - self.height, self.left + self.width, bottom


def is_clear(picture: Image.Image) -> bool:
    """Whether nothing of a picture can be seen."""
    return picture.mode == "RGBA" and _seen(picture.getchannel("A")) is None


def piece(picture: Image.Image) -> Piece:
    """Cut a picture that is not clear to its content."""
    rgba = picture.convert("RGBA")
    alpha = rgba.getchannel("A")
    seen = _seen(alpha) or (0, 0, *rgba.size)
    solid = alpha.point(lambda value: 255 if value > 128 else 0).getbbox() or seen
    sunk = (seen[3] - solid[3]) / (seen[3] - seen[1])
    return Piece(rgba.crop(seen), free=_has_outline(alpha), sunk=sunk)


def _seen(alpha: Image.Image) -> tuple[int, int, int, int] | None:
    return alpha.point(lambda value: 255 if value > BARELY_SEEN else 0).getbbox()


def _has_outline(alpha: Image.Image) -> bool:
    return alpha.histogram()[255] < alpha.width * alpha.height


def composed(scene: Scene, size: tuple[int, int], layout: Layout) -> Image.Image:
    """Lay the scene out in a picture of `size` pixels; RGBA."""
    canvas = _backdrop(scene, size)
    on_shelf = scene.on_shelf(canvas, layout)
    rows = _rows(scene, layout, size) if on_shelf is None else [_shelved(scene, *on_shelf, size)]
    for row in rows:
        for placed in row:
            _shade(canvas, placed)
        for placed in row:
            _stand(canvas, placed)
    return with_logos(canvas, [logo.picture for logo in scene.logos])


def _backdrop(scene: Scene, size: tuple[int, int]) -> Image.Image:
    if scene.background is not None:
        fitted = ImageOps.fit(flattened(scene.background), size, Image.Resampling.LANCZOS)
        return fitted.convert("RGBA")
    return Image.new("RGBA", size, (0, 0, 0, 0)) if scene.transparent else neutral_backdrop(size)


def _rows(scene: Scene, layout: Layout, size: tuple[int, int]) -> list[list[Placed]]:
    """The rows from back to front."""
    subjects, products = list(scene.subjects), list(scene.products)
    if not (subjects and products):
        together = subjects or products
        cut = len(together) // 2 if len(together) > ROW_LENGTH else 0
        subjects, products = together[:cut], together[cut:]
    if not products:
        return []
    front_height = layout.height * (0.5 if subjects else 1.0)
    front = _row(products, layout, size, front_height, scene)
    if not subjects:
        return [front]
    back = _row(subjects, layout, size, layout.height, scene)
    depth = size[1] * DEPTH
    base = min(size[1] * LOWEST, back[0].base + depth / 2)
    return [_moved(back, base - depth), _moved(front, base)]


def _shelved(scene: Scene, room: Layout, level: float, size: tuple[int, int]) -> list[Placed]:
    return _row(scene.products, room, size, room.height, scene, level)


def _moved(row: Sequence[Placed], base: float) -> list[Placed]:
    """The row with its first piece, the one farthest back, standing on `base`."""
    down = round(base) - row[0].base
    return [Placed(each.piece, each.left, each.base + down, each.width, each.height) for each in row]


def _row(
    pieces: Sequence[Piece],
    layout: Layout,
    size: tuple[int, int],
    height: float,
    scene: Scene,
    level: float | None = None,
) -> list[Placed]:
    """Stand pieces side by side: of about one area, wide ones a little smaller, the tallest in the middle.

    All on one `level`, a share of the height, where one is given.
    """
    ordered = _tallest_in_the_middle(pieces)
    heights = [min(max(each.ratio, 0.3), 3.0) ** -0.6 for each in ordered]
    widths = [each.ratio * tall for each, tall in zip(ordered, heights, strict=True)]
    gap = layout.gap * sum(widths) / len(widths)
    total = sum(widths) + gap * (len(widths) - 1)
    room = size[0] * (layout.right - layout.left)
    scale = min(size[1] * height / max(heights), room / total)
    base = _baseline(scene, size, max(heights) * scale) if level is None else level * size[1]
    left = size[0] * layout.left + (room - total * scale) / 2
    row = []
    for index, (each, tall, wide) in enumerate(zip(ordered, heights, widths, strict=True)):
        nearer = abs(index - (len(ordered) - 1) / 2) * size[1] * 0.012 if level is None else 0
        sides = max(1, round(wide * scale)), max(1, round(tall * scale))
        row.append(Placed(each, round(left), round(base + nearer), *sides))
        left += (wide + gap) * scale
    return sorted(row, key=lambda placed: placed.base)


def _baseline(scene: Scene, size: tuple[int, int], height: float) -> float:
    """Low on a photograph, where the floor is; on a plain backdrop the group stands about the middle."""
    if scene.background is not None:
        return size[1] * LOWEST
    return min(size[1] * 0.86, size[1] * 0.53 + height / 2)


def _tallest_in_the_middle(pieces: Sequence[Piece]) -> list[Piece]:
    row: list[Piece] = []
    for index, each in enumerate(sorted(pieces, key=lambda one: one.ratio)):
        row.insert(0 if index % 2 else len(row), each)
    return row


def _shade(canvas: Image.Image, placed: Placed) -> None:
    if not placed.piece.free:
        cast_shadow(canvas, placed.box, radius=_corner(placed))
    elif placed.piece.without_shadow:
        contact_shadow(canvas, placed.piece.picture.getchannel("A"), placed.box)


def _stand(canvas: Image.Image, placed: Placed) -> None:
    picture = placed.piece.picture.resize((placed.width, placed.height), Image.Resampling.LANCZOS)
    if not placed.piece.free:
        mask = Image.new("L", (placed.width * 4, placed.height * 4), 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width, mask.height), _corner(placed) * 4, fill=255)
        picture.putalpha(mask.resize(picture.size, Image.Resampling.LANCZOS))
    layer = Image.new("RGBA", canvas.size, (0, 0, 0, 0))
    layer.paste(picture, placed.box[:2])
    canvas.alpha_composite(layer)


def _corner(placed: Placed) -> int:
    return max(2, round(min(placed.width, placed.height) * 0.03))
