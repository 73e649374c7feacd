"""One row of the catalogue: what the manifest says and how the picture is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from canvas import Canvas
from PIL import Image

Drawing = Callable[[Canvas], None]
SIDE = 512


@dataclass(frozen=True)
class Entry:
    """A picture with its manifest columns; `campaign` holds campaign and season."""

    path: str
    title: str
    caption: str
    tags: str
    make: Callable[[], Image.Image]
    brand: str
    kind: str = "product"
    sku: str = ""
    campaign: str = ""
    colour: str = ""
    price: str = ""

    def row(self) -> dict[str, str]:
        """The manifest columns."""
        name = self.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        campaign, _, season = self.campaign.partition("/")
        return {
            "path": f"images/{self.path}",
            "external_id": f"{self.brand}-{name}",
            "title": self.title,
            "caption": self.caption,
            "tags": self.tags,
            "brand": self.brand,
            "sku": self.sku,
            "kind": self.kind,
            "campaign": campaign,
            "season": season,
            "colour": self.colour,
            "price": self.price,
        }


def cutout(drawing: Drawing, size: float = 0.94, y: float = 472) -> Callable[[], Image.Image]:
    """A picture on a transparent ground; the drawing stands on the line y."""

    def make() -> Image.Image:
        canvas = Canvas(SIDE, SIDE)
        with canvas.at(SIDE / 2, y, size):
            drawing(canvas)
        return canvas.finish()

    return make


def full(scene: Callable[[], Canvas]) -> Callable[[], Image.Image]:
    """A picture that fills its frame."""

    def make() -> Image.Image:
        return scene().finish().convert("RGB")

    return make
