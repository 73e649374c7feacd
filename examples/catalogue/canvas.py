"""A small drawing surface: supersampled, with gradients, blur, clipping and nested transforms."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from shapes import Path, ellipse

Stops = tuple[tuple[float, str], ...]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Linear:
    """A gradient over the shape's extent; angle 0 runs to the right, 90 downwards."""

    stops: Stops
    angle: float = 90.0


@dataclass(frozen=True)
class Radial:
    """A round gradient; centre and radius are relative to the shape's box."""

    stops: Stops
    centre: tuple[float, float] = (0.5, 0.5)
    radius: float = 0.5


Paint = str | Linear | Radial


def rgba(colour: str) -> tuple[int, int, int, int]:
    """The channels of #rrggbb or #rrggbbaa."""
    digits = colour.removeprefix("#").ljust(8, "f")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16), int(digits[6:8], 16)


def mix(first: str, second: str, share: float) -> str:
    """A colour between two, by the share of the second."""
    pairs = zip(rgba(first), rgba(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def light(colour: str, share: float = 0.3) -> str:
    """The colour nearer to a warm white."""
    return mix(colour, "#fffaf2", share)


def dark(colour: str, share: float = 0.3) -> str:
    """The colour nearer to a deep violet, which keeps shadows lively."""
    return mix(colour, "#1d1430", share)


def clear(colour: str, alpha: float) -> str:
    """The colour with the given opacity (0 to 1)."""
    return colour[:7] + f"{round(alpha * 255):02x}"


def cylinder(colour: str, gloss: float = 0.45) -> Linear:
    """Shading across an upright round body lit from the left."""
    return Linear(
        (
            (0.0, dark(colour, 0.26)),
            (0.10, dark(colour, 0.06)),
            (0.26, light(colour, gloss)),
            (0.42, light(colour, gloss * 0.3)),
            (0.66, colour),
            (0.90, dark(colour, 0.24)),
            (1.0, dark(colour, 0.14)),
        ),
        0.0,
    )


def down(top: str, bottom: str) -> Linear:
    """A plain gradient from the top to the bottom."""
    return Linear(((0.0, top), (1.0, bottom)))


def glow(colour: str, strength: float = 1.0) -> Radial:
    """A light that fades to nothing at the rim."""
    return Radial(
        ((0.0, clear(colour, strength)), (0.4, clear(colour, strength * 0.4)), (1.0, clear(colour, 0)))
    )


def ball(colour: str) -> Radial:
    """Shading of a sphere lit from the upper left."""
    return Radial(((0.0, light(colour, 0.55)), (0.45, colour), (1.0, dark(colour, 0.38))), (0.34, 0.3), 0.82)


@lru_cache(maxsize=256)
def _ramp(stops: Stops) -> NDArray[np.uint8]:
    places = [place for place, _ in stops]
    channels = np.array([rgba(colour) for _, colour in stops], dtype=np.float64)
    t = np.linspace(0, 1, 1024)
    return np.stack([np.interp(t, places, channels[:, i]) for i in range(4)], axis=1).round().astype(np.uint8)


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


class Canvas:
    """Draws in logical pixels on a surface that is `scale` times larger."""

    def __init__(self, width: int, height: int, scale: int = 3, background: Paint | None = None) -> None:
        self.width, self.height, self.scale = width, height, scale
        self.image = Image.new("RGBA", (width * scale, height * scale), (0, 0, 0, 0))
        self._matrix: NDArray[np.float64] = np.diag([float(scale), float(scale), 1.0])
        self._clip: Image.Image | None = None
        if background is not None:
            self.fill(
                np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64), background
            )

    @contextmanager
    def at(
        self, x: float, y: float, size: float = 1.0, angle: float = 0.0, flip: bool = False
    ) -> Iterator[Canvas]:
        """Draw with the origin at (x, y), scaled, turned clockwise, or mirrored."""
        a, kept = math.radians(angle), self._matrix
        side = -size if flip else size
        step = np.array(
            [
                [side * math.cos(a), -size * math.sin(a), x],
                [side * math.sin(a), size * math.cos(a), y],
                [0.0, 0.0, 1.0],
            ]
        )
        self._matrix = kept @ step
        try:
            yield self
        finally:
            self._matrix = kept

    @contextmanager
    def inside(self, path: Path) -> Iterator[Canvas]:
        """Draw only within the given shape."""
        kept = self._clip
        mask = Image.new("L", self.image.size, 0)
        _polygon(mask, self._device(path), (0, 0))
        self._clip = mask if kept is None else ImageChops.multiply(mask, kept)
        try:
            yield self
        finally:
            self._clip = kept

    def fill(self, path: Path, paint: Paint, blur: float = 0.0, alpha: float = 1.0) -> None:
        """Fill a closed shape."""
        points = self._device(path)
        soft = blur * self._unit()
        box = self._box(points, soft * 3 + 2)
        if box is None:
            return
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
        _polygon(mask, points, box[:2])
        self._lay(mask, box, points, paint, soft, alpha)

    def stroke(self, path: Path, width: float, paint: Paint, closed: bool = False, blur: float = 0.0) -> None:
        """Draw a line with round ends along the path."""
        points = self._device(np.concatenate([path, path[:1]]) if closed else path)
        thick, soft = width * self._unit(), blur * self._unit()
        box = self._box(points, thick + soft * 3 + 2)
        if box is None:
            return
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
        pen = ImageDraw.Draw(mask)
        dots = [(float(px) - box[0], float(py) - box[1]) for px, py in points]
        pen.line(dots, fill=255, width=max(1, round(thick)), joint="curve")
        if thick > 3:
            for px, py in dots:
                pen.ellipse((px - thick / 2, py - thick / 2, px + thick / 2, py + thick / 2), fill=255)
        self._lay(mask, box, points, paint, soft, 1.0)

    def text(self, x: float, y: float, words: str, size: float, colour: str, spacing: float = 0.0) -> None:
        """Write words centred on (x, y), following the current transform."""
        unit = self._unit()
        font = _font(max(6, round(size * unit)))
        gaps = [font.getlength(letter) + spacing * unit for letter in words]
        high = round(size * unit * 1.5)
        mask = Image.new("L", (math.ceil(sum(gaps)) + 8, high), 0)
        pen, left = ImageDraw.Draw(mask), 4 + spacing * unit / 2
        for letter, gap in zip(words, gaps, strict=True):
            pen.text((left, high / 2), letter, font=font, fill=255, anchor="lm")
            left += gap
        angle = math.degrees(math.atan2(self._matrix[1, 0], self._matrix[0, 0]))
        if abs(angle) > 0.1:
            mask = mask.rotate(-angle, Image.Resampling.BICUBIC, expand=True)
        cx, cy = self._device(np.array([[x, y]]))[0]
        layer = Image.new("RGBA", mask.size, rgba(colour)[:3])
        layer.putalpha(mask.point(lambda v: v * rgba(colour)[3] / 255))
        stamp = Image.new("RGBA", self.image.size, (0, 0, 0, 0))
        stamp.paste(layer, (round(cx - mask.width / 2), round(cy - mask.height / 2)))
        if self._clip is not None:
            stamp.putalpha(ImageChops.multiply(stamp.getchannel("A"), self._clip))
        self.image.alpha_composite(stamp)

    def shadow(self, x: float, y: float, rx: float, ry: float, strength: float = 0.34) -> None:
        """A soft contact shadow on the ground."""
        self.fill(ellipse(x, y, rx, ry), "#2a1c3c", blur=ry * 0.55, alpha=strength)

    def finish(self) -> Image.Image:
        """The picture in its final size."""
        return self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def _unit(self) -> float:
        return float(math.hypot(self._matrix[0, 1], self._matrix[1, 1]))

    def _device(self, path: Path) -> Path:
        moved: Path = path @ self._matrix[:2, :2].T + self._matrix[:2, 2]
        return moved

    def _box(self, points: Path, margin: float) -> Box | None:
        low = np.floor(points.min(axis=0) - margin).astype(int)
        high = np.ceil(points.max(axis=0) + margin).astype(int)
        left, top = max(0, int(low[0])), max(0, int(low[1]))
        right, bottom = min(self.image.width, int(high[0])), min(self.image.height, int(high[1]))
        return (left, top, right, bottom) if right > left and bottom > top else None

    def _lay(
        self, mask: Image.Image, box: Box, points: Path, paint: Paint, blur: float, alpha: float
    ) -> None:
        if blur > 0:
            mask = mask.filter(ImageFilter.GaussianBlur(blur))
        if self._clip is not None:
            mask = ImageChops.multiply(mask, self._clip.crop(box))
        layer = self._colours(box, points, paint)
        cover = np.asarray(mask, dtype=np.float32) * (np.asarray(layer)[..., 3] / np.float32(255)) * alpha
        layer.putalpha(Image.fromarray(cover.round().astype(np.uint8)))
        region = self.image.crop(box)
        region.alpha_composite(layer)
        self.image.paste(region, box[:2])

    def _colours(self, box: Box, points: Path, paint: Paint) -> Image.Image:
        size = (box[2] - box[0], box[3] - box[1])
        if isinstance(paint, str):
            return Image.new("RGBA", size, rgba(paint))
        x = np.arange(box[0], box[2], dtype=np.float32)[None, :] + 0.5
        y = np.arange(box[1], box[3], dtype=np.float32)[:, None] + 0.5
        t = self._run(x, y, points, paint) if isinstance(paint, Linear) else _reach(x, y, points, paint)
        return Image.fromarray(_ramp(paint.stops)[(np.clip(t, 0, 1) * 1023).astype(np.int16)])

    def _run(
        self, x: NDArray[np.float32], y: NDArray[np.float32], points: Path, paint: Linear
    ) -> NDArray[np.float32]:
        a = math.radians(paint.angle)
        slant = self._matrix[:2, :2] @ np.array([math.cos(a), math.sin(a)])
        way = slant / np.hypot(*slant)
        along = points @ way
        low, span = float(along.min()), max(float(np.ptp(along)), 1e-6)
        run = (x * float(way[0]) + y * float(way[1]) - low) / span
        return np.asarray(run, dtype=np.float32)


def _reach(
    x: NDArray[np.float32], y: NDArray[np.float32], points: Path, paint: Radial
) -> NDArray[np.float32]:
    low, span = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-6)
    cx, cy = low + span * np.array(paint.centre)
    rx, ry = span * paint.radius
    far: NDArray[np.float32] = np.hypot((x - float(cx)) / float(rx), (y - float(cy)) / float(ry))
    return far


def _polygon(mask: Image.Image, points: Path, origin: tuple[int, int]) -> None:
    dots = [(float(px) - origin[0], float(py) - origin[1]) for px, py in points]
    ImageDraw.Draw(mask).polygon(dots, fill=255)
