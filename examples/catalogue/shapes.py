"""Outlines: every shape is an array of points, so that it can be moved, turned and scaled."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]
Point = tuple[float, float]


def outline(*points: Point) -> Path:
    """A polygon (or an open line) through the given points."""
    return np.array(points, dtype=np.float64)


def rect(x: float, y: float, w: float, h: float) -> Path:
    """A rectangle from its upper left corner."""
    return outline((x, y), (x + w, y), (x + w, y + h), (x, y + h))


def ellipse(cx: float, cy: float, rx: float, ry: float | None = None) -> Path:
    """An ellipse, or a circle when only one radius is given."""
    return arc(cx, cy, rx, rx if ry is None else ry, 0, 360)


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> Path:
    """Part of an ellipse; degrees run clockwise from the right."""
    turn = np.radians(np.linspace(start, end, 72))
    return np.stack([cx + rx * np.cos(turn), cy + ry * np.sin(turn)], axis=1)


def soften(points: Sequence[Point] | Path, radius: float | Sequence[float]) -> Path:
    """A polygon with each corner rounded by (at most) its radius."""
    pts = np.asarray(points, dtype=np.float64)
    radii = [radius] * len(pts) if isinstance(radius, int | float) else list(radius)
    t = np.linspace(0, 1, 10)[:, None]
    parts = []
    for i, corner in enumerate(pts):
        ends = []
        for other in (pts[i - 1], pts[(i + 1) % len(pts)]):
            length = float(np.hypot(*(other - corner))) or 1.0
            ends.append(corner + (other - corner) * min(radii[i] / length, 0.5))
        parts.append((1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * corner + t**2 * ends[1])
    return np.concatenate(parts)


def rounded(x: float, y: float, w: float, h: float, radius: float | Sequence[float]) -> Path:
    """A rectangle with round corners (one radius, or four from the upper left, clockwise)."""
    return soften(rect(x, y, w, h), radius)


def smooth(points: Sequence[Point] | Path, closed: bool = True, steps: int = 14) -> Path:
    """A Catmull-Rom curve through the points."""
    pts = np.asarray(points, dtype=np.float64)
    ring = np.concatenate([pts[-1:], pts, pts[:2]]) if closed else np.concatenate([pts[:1], pts, pts[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(ring, ring[1:], ring[2:], ring[3:], strict=False):
        parts.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        )
    return np.concatenate(parts if closed else [*parts, pts[-1:]])


def star(cx: float, cy: float, outer: float, inner: float, points: int) -> Path:
    """A star that stands on its centre."""
    turn = np.arange(points * 2) * math.pi / points - math.pi / 2
    radius = np.where(np.arange(points * 2) % 2 == 0, outer, inner)
    return np.stack([cx + radius * np.cos(turn), cy + radius * np.sin(turn)], axis=1)


def blob(rng: np.random.Generator, cx: float, cy: float, rx: float, ry: float, wobble: float = 0.12) -> Path:
    """A round, slightly uneven shape: leaves, stones, clouds, crowns of trees."""
    count = 11
    turn = np.arange(count) * 2 * math.pi / count
    reach = 1 + rng.uniform(-wobble, wobble, count)
    return smooth(np.stack([cx + rx * reach * np.cos(turn), cy + ry * reach * np.sin(turn)], axis=1))


def leaf(x: float, y: float, length: float, width: float, angle: float) -> Path:
    """A pointed leaf that grows from (x, y) towards the angle (degrees, 0 = right)."""
    t = np.linspace(0, 1, 20)
    half = width * np.sin(t * math.pi) ** 0.8 / 2
    flat = np.concatenate(
        [np.stack([t * length, -half], axis=1), np.stack([t[::-1] * length, half[::-1]], axis=1)]
    )
    grown: Path = turned(flat, angle) + np.array([x, y])
    return grown


def turned(points: Path, angle: float) -> Path:
    """The shape turned about the origin, clockwise on the screen."""
    a = math.radians(angle)
    moved: Path = points @ np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
    return moved


def drop(cx: float, cy: float, r: float) -> Path:
    """A drop of water or a flame: round below, pointed above."""
    return smooth(
        [(cx, cy - 2.1 * r), (cx + 0.55 * r, cy - 0.9 * r), (cx + r, cy), (cx + 0.68 * r, cy + 0.72 * r),
         (cx, cy + r), (cx - 0.68 * r, cy + 0.72 * r), (cx - r, cy), (cx - 0.55 * r, cy - 0.9 * r)]
    )  # fmt: skip


def ridge(rng: np.random.Generator, width: float, top: float, rough: float, floor: float) -> Path:
    """A jagged skyline from edge to edge, closed along the floor."""
    heights = np.zeros(2)
    size = rough
    while len(heights) < 65:
        middle = (heights[:-1] + heights[1:]) / 2 + rng.uniform(-size, size, len(heights) - 1)
        heights = np.insert(heights, np.arange(1, len(heights)), middle)
        size *= 0.55
    line = np.stack([np.linspace(-2, width + 2, len(heights)), top + heights], axis=1)
    return np.concatenate([line, outline((width + 2, floor), (-2, floor))])


def hills(points: Sequence[Point], floor: float) -> Path:
    """A gentle hill line through the points, closed along the floor."""
    line = smooth(points, closed=False)
    return np.concatenate([line, outline((points[-1][0], floor), (points[0][0], floor))])
