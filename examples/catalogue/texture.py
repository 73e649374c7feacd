"""What paint, paper and print do to a picture: noise, grain, cells, strokes, screens."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from shapes import Path

Plane = NDArray[np.floating[Any]]


def noise(seed: int, side: int, cell: float, octaves: int = 3) -> Plane:
    """Smooth fractal noise in 0..1."""
    rng = np.random.default_rng(seed)
    total = np.zeros((side, side), dtype=np.float32)
    for octave in range(octaves):
        count = max(2, round(side / cell * 2**octave))
        seedling = Image.fromarray(rng.random((count, count), dtype=np.float32))
        total += np.asarray(seedling.resize((side, side), Image.Resampling.BICUBIC)) * np.float32(0.5**octave)
    low, high = float(total.min()), float(total.max())
    spread: Plane = (total - low) / (high - low)
    return spread


def grain(seed: int, side: int) -> Plane:
    """Independent noise in every pixel."""
    return np.random.default_rng(seed).random((side, side), dtype=np.float32)


def pixels(image: Image.Image) -> Plane:
    """The picture as red, green, blue in 0..1."""
    return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255)


def picture(planes: Plane) -> Image.Image:
    """The image of red, green, blue in 0..1."""
    return Image.fromarray((np.clip(planes, 0, 1) * 255).round().astype(np.uint8))


def tone(planes: Plane) -> Plane:
    """How light each pixel is."""
    result: Plane = planes @ np.array([0.3, 0.59, 0.11], dtype=np.float32)
    return result


def blurred(plane: Plane, radius: float) -> Plane:
    """A softer copy of one plane."""
    image = Image.fromarray((np.clip(plane, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / np.float32(255)


def slopes(planes: Plane) -> tuple[Plane, Plane]:
    """How fast the values rise downwards and to the right."""
    down_, right = np.gradient(planes, axis=(0, 1))
    return np.asarray(down_), np.asarray(right)


def edges(planes: Plane, cut: float) -> Plane:
    """Where neighbouring colours differ clearly (0 or 1)."""
    down_, right = slopes(planes)
    strength = np.sqrt((down_**2 + right**2).sum(axis=2))
    return np.asarray(strength > cut, dtype=np.float32)


def shape_mask(path: Path, side: int) -> Plane:
    """The shape as a plane of 0 and 1."""
    mask = Image.new("L", (side * 2, side * 2), 0)
    ImageDraw.Draw(mask).polygon([(float(x) * 2, float(y) * 2) for x, y in path], fill=255)
    return np.asarray(mask.resize((side, side), Image.Resampling.BOX), dtype=np.float32) / np.float32(255)


def displaced(plane: Plane, seed: int, cell: float, reach: float) -> Plane:
    """The plane with its pixels pushed about by noise: wobbly, bleeding edges."""
    side = plane.shape[0]
    ys, xs = np.mgrid[0:side, 0:side]
    dx = (noise(seed, side, cell) - 0.5) * 2 * reach
    dy = (noise(seed + 1, side, cell) - 0.5) * 2 * reach
    rows = np.clip((ys + dy).astype(int), 0, side - 1)
    pushed: Plane = plane[rows, np.clip((xs + dx).astype(int), 0, side - 1)]
    return pushed


def stripes(side: int, angle: float, pitch: float, wobble: Plane) -> Plane:
    """A wave of parallel lines in 0..1; the wobble (in pixels) bends them."""
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32)
    a = math.radians(angle)
    along = xs * math.cos(a) + ys * math.sin(a) + wobble
    wave: Plane = (0.5 + 0.5 * np.cos(along * (2 * math.pi / pitch))).astype(np.float32)
    return wave


def fibres(seed: int, side: int, angle: float, long: float, thin: float) -> Plane:
    """Irregular streaks along the angle, in 0..1."""
    wide = round(side * 1.5)
    seedling = np.random.default_rng(seed).random((round(wide / thin), round(wide / long)), dtype=np.float32)
    sheet = Image.fromarray(seedling).resize((wide, wide), Image.Resampling.BICUBIC)
    sheet = sheet.rotate(angle, Image.Resampling.BILINEAR)
    edge = (wide - side) // 2
    return np.clip(np.asarray(sheet, dtype=np.float32)[edge : edge + side, edge : edge + side], 0, 1)


def dots(side: int, angle: float, pitch: float) -> Plane:
    """A halftone screen in 0..1."""
    still = np.zeros((side, side), dtype=np.float32)
    screen: Plane = (stripes(side, angle, pitch, still) + stripes(side, angle + 90, pitch, still)) / 2
    return screen


def cells(seed: int, side: int, pitch: float, jitter: float) -> tuple[NDArray[np.int64], Plane, Plane]:
    """Voronoi cells on a jittered grid: index, gap to the nearest border, distance to the seed."""
    rng = np.random.default_rng(seed)
    count = math.ceil(side / pitch) + 2
    places = np.indices((count, count)) - 0.5 + rng.uniform(-jitter, jitter, (2, count, count))
    centres = places.astype(np.float32) * np.float32(pitch)
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32)
    row, col = (ys / pitch).astype(int) + 1, (xs / pitch).astype(int) + 1
    best = np.full((side, side), np.inf, dtype=np.float32)
    second, index = best.copy(), np.zeros((side, side), dtype=np.int64)
    for dr in range(-2, 3):
        for dc in range(-2, 3):
            r, k = np.clip(row + dr, 0, count - 1), np.clip(col + dc, 0, count - 1)
            far = np.hypot(ys - centres[0][r, k], xs - centres[1][r, k])
            own = r * count + k
            nearer, known = far < best, own == index
            second = np.where(nearer, best, np.where(known, second, np.minimum(second, far)))
            index, best = np.where(nearer, own, index), np.minimum(best, far)
    return index, second - best, best


def cell_colours(planes: Plane, index: NDArray[np.int64]) -> Plane:
    """Every cell in the mean colour of the picture beneath it."""
    flat, count = index.ravel(), int(index.max()) + 1
    sizes = np.maximum(np.bincount(flat, minlength=count), 1)
    means = [np.bincount(flat, planes[..., i].ravel(), count) / sizes for i in range(3)]
    result: Plane = np.stack(means, axis=1)[index].astype(np.float32)
    return result


def brush(seed: int, long: int, wide: int) -> tuple[Image.Image, Image.Image]:
    """A brush stroke lying to the right: its cover and the relief of its bristles."""
    rng = np.random.default_rng(seed)
    bristles = np.convolve(rng.random(wide + 2), [0.25, 0.5, 0.25], "valid")
    ys, xs = np.mgrid[0:wide, 0:long]
    ragged = (bristles[ys] - 0.5) * 0.5
    u, v = xs / long * 2 - 1 + ragged, ys / wide * 2 - 1
    cover = np.clip((1 - np.abs(u) ** 5 - np.abs(v) ** 3) * 3, 0, 1)
    relief = np.clip(0.25 + 0.6 * bristles[ys] + 0.15 * np.abs(v), 0, 1) * (0.75 + 0.25 * u)
    return (
        Image.fromarray((cover * 255).astype(np.uint8)),
        Image.fromarray((np.clip(relief, 0, 1) * 255).astype(np.uint8)),
    )


def relit(planes: Plane, height: Plane, strength: float) -> Plane:
    """The picture lit from the upper left, as if the height stood out of it."""
    down_, right = slopes(height)
    lit = (down_ + right) * strength
    shaded: Plane = planes - np.clip(lit, -0.45, 0.45)[..., None]
    return shaded
